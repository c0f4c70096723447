"""Prefect's REST API over HTTP: the only place that sends requests."""

import re
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import Any, Literal

import httpx
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_before_delay,
    wait_random_exponential,
)

from .capabilities import fields_taken
from .connection import Connection
from .errors import PrefectApiError, PrefectError, PrefectUnreachable
from .flows import Flows
from .pace import Pace
from .paths import Path, at

Json = Any
Method = Literal["GET", "POST", "PATCH", "PUT", "DELETE"]

# What a moment's patience mends: a rate limit, a busy SQLite (503), a proxy between deploys.
_TRANSIENT = frozenset({429, 502, 503, 504})
_TOO_MUCH = frozenset({429, 503})  # of these, what fewer writes at once would mend
_MAJOR = "3"  # the Prefect whose API this package speaks
_TOO_NEW = "Extra inputs are not permitted"  # of a field that the server does not know
_NOT_NESTED = re.compile(rf"\bbody\.(\d+\.)?\w+: {_TOO_NEW}")  # of the body, or of one of a list's
_PAGE = 200  # the most that a filter endpoint returns at once


class _Transient(Exception):
    """An answer, or a lost one, after which the same call may succeed."""

    def __init__(self, cause: httpx.Response | httpx.TransportError) -> None:
        self.cause = cause


@dataclass(frozen=True, kw_only=True)
class Patience:
    """In seconds: one answer, one call with all its retries, and the first pause between them.

    The greeting has less: a wrong URL should not cost a minute and a half.
    """

    answer: float = 30.0
    call: float = 90.0
    greeting: float = 15.0
    pause: float = 0.25


class PrefectApi:
    """Calls of one Prefect API, retried; one kept-alive client for the process.

    Safe to use from several threads: Pulumi's dynamic provider process has four.
    """

    def __init__(
        self,
        connection: Connection,
        transport: httpx.BaseTransport | None = None,
        patience: Patience = Patience(),
    ) -> None:
        self.url = connection.api_url
        self.is_cloud = connection.is_cloud
        self._account_url = connection.account_url
        self._patience = patience
        self._http = httpx.Client(
            headers={"User-Agent": "dataflows", **connection.headers},
            timeout=httpx.Timeout(patience.answer, connect=5.0),
            transport=transport,
            verify=_trusted(connection.api_url),
        )
        self._pace = Pace()
        self.flows = Flows(self)
        self._greeted = False
        self._server = "Prefect Cloud"
        self._greeting = threading.Lock()

    def call(self, method: Method, path: Path, body: Json = None) -> Json:
        """The answer's JSON; ``None`` for an empty answer and where the object does not exist.

        Raises:
            PrefectApiError: the server refused, in its own words.
            PrefectUnreachable: no answer within 90 seconds of retries.
            PrefectError: the server is not a Prefect 3, or the workspace is not ours.
        """
        return _json(self._ask(method, path, body))

    def create(self, path: Path, body: Json, find: Callable[[], Json]) -> Json:
        """POST a new object once, even when the server's reply is lost.

        ``find`` looks the object up by its natural key. The caller has made sure that it did not
        exist before, so what is found after a lost reply is what our own POST has made.
        """
        self._greet()
        lost = False
        for attempt in self._attempts():
            with attempt:
                if lost and (found := find()) is not None:
                    return found
                try:
                    return _json(self._once("POST", path, body))
                except _Transient:
                    lost = True
                    raise
        raise AssertionError("unreachable: the last attempt returns or raises")

    def pages(self, path: Path, body: Mapping[str, Json]) -> Iterator[Json]:
        """Every object that a ``…/filter`` endpoint finds, page by page."""
        offset = 0
        while True:
            page = self.call("POST", path, {**body, "limit": _PAGE, "offset": offset}) or []
            yield from page
            if len(page) < _PAGE:
                return
            offset += _PAGE

    def made_or_found(self, path: Path, body: Json) -> tuple[Json, bool]:
        """The answer of a POST that leaves an object alone which is there, and whether it was not.

        Raises: as ``call``.
        """
        told = self._ask("POST", path, body)
        return told.json(), told.status_code == httpx.codes.CREATED

    def _greet(self) -> None:
        """Ask, once a process and before anything else, whether this is a server we can talk to."""
        with self._greeting:
            if self._greeted:
                return
            for attempt in self._attempts(self._patience.greeting):
                with attempt:
                    (self._greet_cloud if self.is_cloud else self._greet_server)()
            self._greeted = True

    def _greet_server(self) -> None:
        version = _json(self._once("GET", at("/admin/version"), None))
        if not str(version).startswith(f"{_MAJOR}."):
            found = "no Prefect API" if version is None else f"Prefect {version}"
            raise PrefectError(
                f"There is {found} at {self.url}; this program speaks Prefect {_MAJOR}. "
                "Check prefect.api_url or PREFECT_API_URL: it ends in /api on a server of your "
                "own, in /workspaces/<id> on Prefect Cloud."
            )
        self._server = f"Prefect {version}"

    def _greet_cloud(self) -> None:
        # Cloud has no version to ask for. Without this question, a key for another workspace would
        # find nothing there, and a refresh would take everything for deleted.
        try:
            self._once("POST", at("/work_pools/filter"), {"limit": 1})
        except PrefectApiError as error:
            if error.status not in (403, 404):
                raise
            raise PrefectApiError(
                error.status,
                f"The key is valid, but not for the workspace at {self.url} ({error.status}): "
                "it is another one, or the key's owner has no role there. Check prefect.api_url or "
                "PREFECT_API_URL, and the workspace's members.",
            ) from None

    def _attempts(self, patience: float | None = None) -> Retrying:
        return Retrying(
            retry=retry_if_exception_type(_Transient),
            stop=stop_before_delay(self._patience.call if patience is None else patience),
            wait=self._pause,
            retry_error_callback=self._give_up,
        )

    def _pause(self, state: RetryCallState) -> float:
        """Jittered, doubling; what the server asks for, when it asks."""
        failure = state.outcome.exception() if state.outcome else None
        if isinstance(failure, _Transient) and isinstance(failure.cause, httpx.Response):
            asked = _seconds(failure.cause.headers.get("Retry-After", ""))
            if asked is not None:
                return asked
        pause = self._patience.pause
        return float(wait_random_exponential(multiplier=pause, max=32 * pause)(state))

    def _ask(self, method: Method, path: Path, body: Json) -> httpx.Response:
        self._greet()
        for attempt in self._attempts():
            with attempt:
                return self._once(method, path, body)
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _once(self, method: Method, path: Path, body: Json) -> httpx.Response:
        """An answer that is no error; 404 is none to whoever reads or deletes."""
        url = (self._account_url if path.of_account else self.url) + path.text
        try:
            if method == "GET" or path.asks:
                response = self._http.request(method, url, json=body)
            else:
                with self._pace.turn() as turn:
                    response = self._http.request(method, url, json=body)
                    turn.refused = response.status_code in _TOO_MUCH
        except httpx.TransportError as error:
            raise _Transient(error) from error
        if response.status_code in _TRANSIENT:
            raise _Transient(response)
        if response.status_code == 404 and method in ("GET", "DELETE"):
            return response
        if response.is_error or response.is_redirect:
            told = _explain(method, path.text, response)
            if _TOO_NEW in told:
                takes = self._takes(method, path) if _NOT_NESTED.search(told) else ""
                told += (
                    f". This is {self._server}{takes}: leave the field out, or use a newer server"
                )
            raise PrefectApiError(response.status_code, told)
        return response

    def _takes(self, method: Method, path: Path) -> str:
        taken = fields_taken(self._description, method, path.text)
        return f", which takes {', '.join(taken)}" if taken else ""

    @cached_property
    def _description(self) -> Json:
        """Asked for after a refusal only: it is half a megabyte, and seconds of the server's."""
        try:
            return self._http.get(self.url + at("/openapi.json").text).raise_for_status().json()
        except (httpx.HTTPError, ValueError):
            return {}  # the refusal is what the user has to see

    def _give_up(self, state: RetryCallState) -> Json:
        assert state.outcome is not None  # noqa: S101 - tenacity sets it before it calls us
        failure = state.outcome.exception()
        assert isinstance(failure, _Transient)  # noqa: S101 - the only thing that is retried
        tried = f"after {state.attempt_number} attempts in {state.seconds_since_start or 0:.0f} s"
        if isinstance(failure.cause, httpx.Response):
            status = failure.cause.status_code
            text = (
                f"Prefect at {self.url} keeps answering {status}, {tried}: {_words(failure.cause)}"
            )
            raise PrefectApiError(status, text)
        what = "is too slow" if isinstance(failure.cause, httpx.TimeoutException) else "is down"
        why = str(failure.cause) or type(failure.cause).__name__
        raise PrefectUnreachable(
            f"Prefect at {self.url} {what}: {why}, {tried}. "
            "Check the URL (prefect.api_url or PREFECT_API_URL) and that the server runs."
        ) from failure.cause


def _seconds(retry_after: str) -> float | None:
    """The seconds that a server asks for, by their number or by the moment at which they end."""
    if re.fullmatch(r"\d+(\.\d+)?", retry_after):
        return float(retry_after)
    try:
        moment = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    return max(0.0, moment.timestamp() - time.time())


def _trusted(api_url: str) -> ssl.SSLContext | bool:
    """Whose certificates to believe: nobody's where none is asked for, as reading them takes time.

    So plain HTTP gets a context that trusts no authority, rather than one that checks nothing.
    """
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if api_url.startswith("http://") else True


def _json(response: httpx.Response) -> Json:
    if response.status_code == httpx.codes.NOT_FOUND or not response.content:
        return None
    return response.json()


def _explain(method: Method, path: str, response: httpx.Response) -> str:
    told = _words(response)
    match response.status_code:
        case 401:
            return (
                f"Prefect refuses who we are (401): {told}. Check the key: "
                "`pulumi config set --secret prefect_api_key`, PREFECT_API_KEY, or, on a "
                "self-hosted server, prefect_auth_string."
            )
        case 403:
            return (
                f"Prefect does not permit {method} {path} (403): {told}. The key is valid; its "
                "owner lacks the permission."
            )
        case 404:
            if told != httpx.codes.get_reason_phrase(404):  # so it is the API that answers
                return f"Prefect refuses {method} {path} (404): {told}"
            return f"Prefect knows no {path} (404): {told}. Check the API URL and its workspace."
        case status:
            return f"Prefect refuses {method} {path} ({status}): {told}"


def _words(response: httpx.Response) -> str:
    """The server's own explanation, without the values sent to it: those may be secret."""
    try:
        told = response.json()
    except ValueError:
        return response.text[:300] or response.reason_phrase
    if isinstance(told, dict):
        if isinstance(problems := told.get("exception_detail"), list):
            return "; ".join(
                f"{'.'.join(str(part) for part in p.get('loc', ()))}: {p.get('msg')}"
                for p in problems
            )
        for key in ("detail", "exception_message"):
            if isinstance(text := told.get(key), str):
                return text
    return response.reason_phrase
