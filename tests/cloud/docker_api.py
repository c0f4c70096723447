"""The real Docker engine at its socket, in the few words that a plugin has for it."""

import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import httpx

from tests.cloud.cloud import CloudError

DEFAULT = "unix:///var/run/docker.sock"
_LOCAL = "unix://"
REMOVE_SECONDS = 30.0  # so long the plugin waits for whoever still uses it


class DockerApi:
    """An engine that answers, on this machine.

    Raises:
        CloudError: none does.
    """

    def __init__(self, host: str) -> None:
        if not host.startswith(_LOCAL):
            raise CloudError(f"the stand-in reaches sockets of this machine only, not {host}")
        transport = httpx.HTTPTransport(uds=host.removeprefix(_LOCAL))
        self._http = httpx.Client(transport=transport, base_url="http://docker", timeout=120)
        try:
            self._http.get("/_ping").raise_for_status()
        except httpx.HTTPError as error:
            raise CloudError(f"failed to connect to any docker daemon: {error}") from error

    def find(self, path: str) -> Any:
        """What is there, or nothing."""
        answer = self._http.get(path)
        return None if answer.status_code == 404 else self._told(answer)

    def post(self, path: str, body: Mapping[str, Any] | None = None, **params: Any) -> Any:
        return self._told(self._http.post(path, json=body, params=params))

    def remove(self, path: str, **params: Any) -> None:
        """What is gone already is as well removed."""
        answer = self._http.delete(path, params=params)
        if answer.status_code != 404:
            self._told(answer)

    def remove_unused(self, path: str, in_use: int) -> None:
        """Once nobody uses it, which the engine says by the status ``in_use``."""
        deadline = time.monotonic() + REMOVE_SECONDS
        while True:
            answer = self._http.delete(path)
            if answer.status_code == 404 or answer.is_success:
                return
            if answer.status_code != in_use or time.monotonic() > deadline:
                self._told(answer)
            time.sleep(0.5)

    def _told(self, answer: httpx.Response) -> Any:
        if not answer.is_error:  # 304: it was stopped, or started, already
            return answer.json() if answer.content else None
        try:
            said = answer.json()["message"]
        except (ValueError, KeyError):
            said = answer.text
        raise CloudError(f"Error response from daemon: {said}")


def named(kind: str, name: str) -> str:
    return f"/{kind}/{quote(name, safe='')}"
