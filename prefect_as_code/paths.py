"""Where in Prefect's API an object is: the only place where a name becomes a part of a URL."""

from dataclasses import dataclass
from urllib.parse import quote

from .errors import PrefectError


@dataclass(frozen=True)
class Path:
    """Below the API's URL, percent-encoded; made by ``at`` and ``in_account`` alone.

    ``asks``: it is a question, though it is asked by POST. ``of_account``: it is below the URL of
    the workspace's account.
    """

    text: str
    asks: bool = False
    of_account: bool = False


def at(template: str, *names: str) -> Path:
    """The path ``template``, a literal such as ``"/work_pools/{}/queues/{}"``, of these names.

    Whatever the names hold, each stays one segment: a ``?``, a ``#`` or a ``..`` as it stands would
    mean another object, and Prefect would change or delete that.

    Raises:
        PrefectError: a name that no URL can hold as a segment.
    """
    text = template.format(*map(_segment, names))
    return Path(text, asks=template.endswith(("/filter", "/count")))


def in_account(template: str, *names: str) -> Path:
    """As ``at``, of what is not a workspace's but its account's, on Prefect Cloud."""
    inside = at(template, *names)
    return Path(inside.text, inside.asks, of_account=True)


def unaddressable(name: str) -> str | None:
    """Why no URL can name an object so, if that is so."""
    if "\n" in name:
        return f"{name!r} holds a line break, which Prefect finds in no URL; use another name"
    if name in (".", ".."):
        return f"{name!r} means another place in every URL; use another name"
    try:
        name.encode()
    except UnicodeEncodeError:
        return f"{name!r} is no text: it holds half a character; use another name"
    return "a name is needed" if not name else None


def _segment(name: str) -> str:
    if wrong := unaddressable(name):
        raise PrefectError(f"Prefect cannot be asked for an object of this name: {wrong}.")
    return quote(name, safe="")
