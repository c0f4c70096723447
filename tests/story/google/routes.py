"""The methods of a Google API, by their paths, from its own discovery document."""

import functools
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email import message_from_bytes
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.live.proxy import Asked
from tests.places.google.discovery import DOCUMENTS, problems
from tests.story.google.answers import Refused


@dataclass(frozen=True)
class Method:
    """``id`` is such as ``run.projects.locations.jobs.create``."""

    api: str
    id: str
    verb: str
    path: re.Pattern[str]
    request: str  # the schema of its body; empty where it has none
    parameters: frozenset[str]


@dataclass(frozen=True)
class Call:
    """A request that Google would understand; ``names`` are those in its path, in order."""

    method: Method
    names: tuple[str, ...]
    query: Mapping[str, str]
    body: dict[str, Any]


@functools.cache
def methods(api: str) -> tuple[Method, ...]:
    return tuple(_methods(api, json.loads((DOCUMENTS / f"{api}.json").read_text())))


def _methods(api: str, document: Mapping[str, Any]) -> Iterator[Method]:
    common = document["parameters"]

    def of(resource: Mapping[str, Any]) -> Iterator[Method]:
        for told in resource.get("methods", {}).values():
            own = {n for n, p in told.get("parameters", {}).items() if p["location"] == "query"}
            path = document["servicePath"] + (told.get("flatPath") or told["path"])
            text = re.sub(r"\\\{\w+\\\}", "([^/:]+)", re.escape(path))
            yield Method(
                api,
                told["id"],
                told["httpMethod"],
                re.compile(f"/{text}"),
                told.get("request", {}).get("$ref", ""),
                frozenset(own | common.keys()),
            )
        for each in resource.get("resources", {}).values():
            yield from of(each)

    yield from of(document)


def called(api: str, verb: str, path: str) -> tuple[Method, tuple[str, ...]]:
    """The method, with the names in its path. Raises what Google says where there is none."""
    for method in methods(api):
        found = method.path.fullmatch(path)
        if found and method.verb == verb:
            return method, tuple(unquote(each) for each in found.groups())
    raise Refused(404, f"The requested URL {path} was not found on this server.")


def understood(api: str, asked: Asked) -> Call:
    """Raises what Google says to what it does not understand."""
    url = urlsplit(asked.path)
    method, names = called(api, asked.method, url.path)
    query = dict(parse_qsl(url.query, keep_blank_values=True))
    return Call(method, names, query, _body(method, query, asked.body))


def _body(method: Method, query: Mapping[str, str], sent: bytes) -> dict[str, Any]:
    for name in query:
        if name not in method.parameters:
            raise Refused(
                400,
                f'Invalid JSON payload received. Unknown name "{name}": Cannot bind query'
                f" parameter. Field '{name}' could not be found in request message.",
                field=name,
            )
    try:
        told = json.loads(sent or b"{}")
    except ValueError:
        raise Refused(400, "Invalid JSON payload received. Unexpected token.") from None
    if not method.request:
        if told:
            raise Refused(400, "Invalid JSON payload received. There is no body here.")
        return {}
    if wrong := problems(method.api, method.request, told):
        raise Refused(400, f"Invalid JSON payload received. {wrong[0]}", field=wrong[0])
    return dict(told)


def sent(asked: Asked) -> dict[str, Any]:
    """The JSON of a body, or of the first part of one that brings more than that."""
    named = {name.lower(): value for name, value in asked.headers.items()}
    kind = named.get("content-type", "")
    if not kind.startswith("multipart/"):
        return dict(json.loads(asked.body or b"{}"))
    parts: Any = message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + asked.body)
    return dict(json.loads(parts.get_payload()[0].get_payload(decode=True)))
