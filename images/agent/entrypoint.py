"""Gets the Prefect API key from Secret Manager as the VM's identity, then becomes its arguments.

DATAFLOWS_API_KEY_SECRET names the version: projects/P/secrets/S/versions/N. Without it,
PREFECT_API_KEY is taken as it is. Standard library only; neither key nor token is ever printed.
"""

import base64
import binascii
import http.client
import json
import os
import re
import signal
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import OpenerDirector, ProxyHandler, Request, build_opener

METADATA = "metadata.google.internal"
TOKEN = "/computeMetadata/v1/instance/service-accounts/default/token"  # noqa: S105 - a path
SECRET_MANAGER = "https://secretmanager.googleapis.com"  # noqa: S105 - a host
PAUSES = (1, 2, 4, 8)  # seconds; then whoever started the container starts it again
TIMEOUT = 10

# What Secret Manager's answers mean, and what to do about each.
REMEDIES = {
    400: "the version is disabled or destroyed: enable it, or set the secret prefect_api_key"
    " and run `pulumi up`",
    401: "Google does not take the VM's token: is the VM's access scope cloud-platform?",
    403: "grant the VM's service account roles/secretmanager.secretAccessor on the secret",
    404: "there is no such version: `pulumi up` makes it, and names it here",
}


class Refused(Exception):
    """There is no key, and asking again will not help; the message says where and what to do."""


class Unreachable(Exception):
    """No answer, or one that may be another the next time."""


def key_of(version: str, env: Mapping[str, str], pauses: tuple[float, ...] = PAUSES) -> str:
    """The payload of a version of a secret."""
    if not re.fullmatch(r"projects/[^/\s]+/secrets/[^/\s]+/versions/(\d+|latest)", version):
        raise Refused(
            f"DATAFLOWS_API_KEY_SECRET is {version!r}: put projects/P/secrets/S/versions/N"
        )
    host = env.get("GCE_METADATA_HOST") or METADATA
    endpoint = env.get("DATAFLOWS_SECRET_MANAGER") or SECRET_MANAGER
    token = _patiently(lambda: _token(host), pauses)
    return _patiently(lambda: _payload(endpoint, version, token), pauses)


def _token(host: str) -> str:
    where = f"the metadata server {host}"
    asked = Request(f"http://{host}{TOKEN}", headers={"Metadata-Flavor": "Google"})
    try:
        # No proxy: it would be another machine's metadata.
        told = _answer(build_opener(ProxyHandler({})), asked, where)
    except HTTPError as error:
        raise Refused(
            f"{where} answers {error.code} instead of a token: attach a service account to the VM"
        ) from None
    except Unreachable as error:
        raise Unreachable(
            f"{error}; outside Google Cloud leave out DATAFLOWS_API_KEY_SECRET, and give"
            " PREFECT_API_KEY"
        ) from None
    if not isinstance(told.get("access_token"), str):
        raise Unreachable(f"{where} answers without a token")
    return str(told["access_token"])


def _payload(endpoint: str, version: str, token: str) -> str:
    where = f"Secret Manager, {version}"
    headers = {"Authorization": f"Bearer {token}"}
    asked = Request(f"{endpoint}/v1/{version}:access", headers=headers)  # noqa: S310
    try:
        told = _answer(build_opener(), asked, where)
    except HTTPError as error:
        remedy = REMEDIES.get(error.code, "see the VM's log")
        raise Refused(f"{where} answers {error.code}: {remedy}") from None
    try:
        key = base64.b64decode(told["payload"]["data"], validate=True).decode().strip()
    except (KeyError, TypeError, binascii.Error, UnicodeDecodeError):
        raise Refused(f"{where} answers without a text: is it Secret Manager?") from None
    if not key or not key.isprintable():
        raise Refused(f"{where} holds no key: set the secret prefect_api_key, then `pulumi up`")
    return key


def _answer(opener: OpenerDirector, asked: Request, where: str) -> dict[str, Any]:
    """The answer's JSON; an HTTPError is one that stays as it is."""
    try:
        with opener.open(asked, timeout=TIMEOUT) as answer:
            told = json.load(answer)
    except HTTPError as error:
        if error.code == 429 or error.code >= 500:
            raise Unreachable(f"{where} answers {error.code}") from None
        raise
    except (URLError, OSError, http.client.HTTPException, ValueError) as error:
        raise Unreachable(f"{where} does not answer: {getattr(error, 'reason', error)}") from None
    return told if isinstance(told, dict) else {}


def _patiently(ask: Callable[[], str], pauses: tuple[float, ...]) -> str:
    for pause in pauses:
        try:
            return ask()
        except Unreachable as error:
            _say(f"{error}; asking again in {pause} s")
            time.sleep(pause)
    return ask()


def _say(text: str) -> None:
    print(f"agent: {text}", file=sys.stderr, flush=True)


def main(command: list[str]) -> int:
    # As a container's first process it would not hear it by itself, and `docker stop` would wait.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    if not command:
        _say("nothing to become: give a command, as in `prefect worker start --pool dataflows-dev`")
        return 2
    version = os.environ.get("DATAFLOWS_API_KEY_SECRET")
    if version:
        try:
            os.environ["PREFECT_API_KEY"] = key_of(version, os.environ)
        except (Refused, Unreachable) as error:
            _say(str(error))
            return 1
    try:
        os.execvp(command[0], command)  # noqa: S606 - the container's own command
    except OSError as error:
        _say(f"{command[0]}: {error.strerror}")
        return 127


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
