"""The inputs of Google's resources: how the bridge to Terraform checks, names and compares them."""

import hashlib
import ipaddress
import re
from collections.abc import Iterator, Mapping
from typing import Any

from tests.cloud import sdk
from tests.cloud.kinds import ALL, KINDS, Autoname, Kind
from tests.cloud.values import Props, has_unknown, is_unknown
from tests.cloud.vendor import Failure

DEFAULTS = "__defaults"  # the names of what nobody has told


def named(type_: str, name: str, olds: Props, news: Props, seed: bytes) -> Props:
    """With a name where one is needed: the old one, as long as it was made here."""
    auto = KINDS[type_].autoname
    if auto is None or auto.field in news:
        return {**news, DEFAULTS: []}
    carried = olds.get(auto.field) if auto.field in olds.get(DEFAULTS, []) else None
    return {**news, auto.field: carried or _made_up(auto, name, seed), DEFAULTS: [auto.field]}


def has_own_name(type_: str, news: Props) -> bool:
    """Whether somebody has told the name that would have been made up."""
    auto = KINDS[type_].autoname
    return auto is not None and auto.field not in news.get(DEFAULTS, [auto.field])


def _made_up(auto: Autoname, name: str, seed: bytes) -> str:
    suffix = f"-{hashlib.sha256(seed).hexdigest()[:7]}"
    made = f"{name[: auto.most - len(suffix)]}{suffix}"
    return made.lower() if auto.lower else made


def invalid(type_: str, told: Props) -> list[Failure]:
    """What is wrong with it, all at once. A field with anything unknown in it is let through."""
    kind, fields = KINDS[type_], sdk.inputs(type_)
    told = {name: value for name, value in told.items() if name != DEFAULTS}
    known = {name: value for name, value in told.items() if not has_unknown(value)}
    wrong: list[str] = []
    for each in sdk.problems(fields, known):
        if each.kind == "undeclared":
            wrong.append(f"invalid or unknown key: {each.path}")
        elif each.kind == "missing" and each.path not in told:
            wrong.append(f"Missing required property '{each.path}': it has to be told")
        elif each.kind == "other kind" and not _converts(each.shape, each.found):
            wrong.append(f"expected type '{each.shape.kind}' at {each.path}, got {each.found!r}")
    for name, pattern in kind.patterns.items():
        if isinstance(value := known.get(name), str) and not re.search(pattern, value):
            wrong.append(f'"{name}" ("{value}") doesn\'t match regexp "{pattern}"')
    wrong += _together(kind, told)
    if "ipCidrRange" in known and not _is_range(known["ipCidrRange"]):
        wrong.append(f'"ipCidrRange" ("{known["ipCidrRange"]}") is not a valid IP CIDR range')
    return [Failure(each) for each in wrong]


def _converts(shape: sdk.Shape | None, value: Any) -> bool:
    """Terraform takes a number or a flag for a text, and a text for them that says one."""
    kind = shape and shape.kind
    if kind == "string":
        return isinstance(value, bool | int | float)
    if kind == "number":
        return isinstance(value, str) and re.fullmatch(r"-?\d+(\.\d+)?", value) is not None
    return kind == "bool" and value in ("true", "false")


def _together(kind: Kind, told: Props) -> Iterator[str]:
    for names in kind.one_of:
        found = {name: at(told, name) for name in names}
        given = [name for name, value in found.items() if value not in (None, [])]
        listed = ",".join(names)
        if not given and not any(map(is_unknown, found.values())):
            yield f'"{names[0]}": one of `{listed}` must be specified'
        elif len(given) > 1 and not any(is_unknown(found[name]) for name in given):
            yield (
                f'"{given[0]}": only one of `{listed}` can be specified, but '
                f"`{','.join(given)}` were specified."
            )
    for one, other in kind.apart:
        if all(value and not is_unknown(value) for value in (at(told, one), at(told, other))):
            yield f'"{one}": conflicts with {other}'


def at(told: Any, path: str) -> Any:
    """What is at ``outer.inner``; unknown, if something on the way is."""
    for name in path.split("."):
        if is_unknown(told):
            return told
        told = told.get(name) if isinstance(told, Mapping) else None
    return told


def _is_range(text: str) -> bool:
    try:
        return bool(ipaddress.ip_network(text))
    except ValueError:
        return False


def different(type_: str, before: Props, after: Props) -> dict[str, bool]:
    """By path of what is different, whether that takes another object."""
    kind = KINDS[type_]
    names = sorted({*before, *after} - {DEFAULTS})
    olds = {name: _folded(kind, name, before.get(name)) for name in names}
    news = {name: _folded(kind, name, after.get(name)) for name in names}
    paths = [path for name in names for path in _paths(olds[name], news[name], name)]
    return {path: _replaces(kind, path, before, after) for path in paths}


def _folded(kind: Kind, name: str, value: Any) -> Any:
    """What Google takes in any case, in one; ``principal://`` is no such."""
    if name in kind.any_case and isinstance(value, str) and not value.startswith("principal"):
        return value.lower()
    return value


def _paths(old: Any, new: Any, path: str) -> Iterator[str]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for name in sorted({*old, *new}):
            yield from _paths(old.get(name), new.get(name), f"{path}.{name}")
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from _paths(one, other, f"{path}[{index}]")
    elif old != new:
        yield path


def _replaces(kind: Kind, path: str, before: Props, after: Props) -> bool:
    name = re.split(r"[.\[]", path)[0]
    if path == "ipCidrRange":
        return not _is_wider(before[path], after[path])
    if name in kind.updates:
        return False
    told = {*kind.replaces, "project"}
    return ALL in told or name in told or any(_covers(path, each) for each in told)


def _covers(path: str, told: str) -> bool:
    """Whether the one is in the other, or has it."""
    return f"{path}.".startswith(f"{told}.") or f"{told}.".startswith(f"{path}.")


def _is_wider(old: str, new: str) -> bool:
    """A subnetwork grows where it is; it never shrinks."""
    if is_unknown(new):
        return False
    there = ipaddress.ip_network(old)
    return there.subnet_of(ipaddress.ip_network(new))  # type: ignore[arg-type]
