"""The names that Prefect takes; it answers some of the others with a 403, a 422 or a 500."""

import re

from .paths import unaddressable

_FORBIDDEN = re.compile(r"[/%&<>]")


def object_name(name: str) -> str | None:
    """What is wrong with the name of a flow, deployment, work pool, queue or limit, if anything."""
    if wrong := unaddressable(name):
        return wrong
    if found := _FORBIDDEN.findall(name):
        marks = " ".join(sorted(set(found)))
        return f"{name!r} holds {marks}, which Prefect refuses; use letters, digits, - and _"
    return None


def work_pool_name(name: str) -> str | None:
    """What is wrong with the name of a work pool, if anything."""
    if name and not name.strip("' \""):
        return f"{name!r} is blank, which Prefect refuses; use letters, digits, - and _"
    if name.lower().startswith("prefect"):
        return f'{name!r} starts with "prefect", which Prefect keeps for itself; use another name'
    return object_name(name)


def variable_name(name: str) -> str | None:
    """What is wrong with the name of a variable, if anything."""
    if not re.fullmatch(r"[a-z0-9_-]{1,255}", name):
        return f"{name!r} is no variable name; use lowercase letters, digits, - and _"
    return None


def block_name(name: str) -> str | None:
    """What is wrong with the name of a block document or the slug of its type, if anything."""
    if not re.fullmatch(r"[a-z0-9-]+", name):
        return f"{name!r} is no block name; use lowercase letters, digits and -"
    return None
