"""Values as they go between the engine and a plugin: marks of secrets, and of what is unknown."""

from collections.abc import Iterator, Mapping
from typing import Any

Props = dict[str, Any]

_SECRET = ("4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270")
_MARKS = {  # of an unknown, by what it will be
    "bool": "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
    "number": "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
    "string": "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
    "array": "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
    "asset": "030794c1-ac77-496b-92df-f27374a8bd58",
    "archive": "e48ece36-62e2-4504-bad9-02848725956a",
    "object": "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
}
UNKNOWNS = frozenset(_MARKS.values())
UNKNOWN = _MARKS["string"]


def secret(value: Any) -> Props:
    """The value with the mark of a secret."""
    return {_SECRET[0]: _SECRET[1], "value": value}


def is_secret(value: Any) -> bool:
    return isinstance(value, Mapping) and value.get(_SECRET[0]) == _SECRET[1]


def plain(value: Any) -> Any:
    """The value without the marks of its secrets."""
    if is_secret(value):
        return plain(value["value"])
    if isinstance(value, Mapping):
        return {key: plain(each) for key, each in value.items()}
    return [plain(each) for each in value] if isinstance(value, list) else value


def is_unknown(value: Any) -> bool:
    return isinstance(value, str) and value in UNKNOWNS


def has_unknown(value: Any) -> bool:
    """Whether anything in it, at any depth, is unknown."""
    if isinstance(value, Mapping):
        return any(map(has_unknown, value.values()))
    return any(map(has_unknown, value)) if isinstance(value, list) else is_unknown(value)


def in_clear(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every text in it that is no secret, with where it stands."""
    if isinstance(value, Mapping):
        if not is_secret(value):
            for key, each in value.items():
                yield from in_clear(each, f"{path}.{key}".lstrip("."))
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from in_clear(each, f"{path}[{index}]")
    elif isinstance(value, str):
        yield path, value


def texts(value: Any) -> Iterator[str]:
    for _, text in in_clear(plain(value)):
        yield text
