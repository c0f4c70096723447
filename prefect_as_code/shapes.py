"""Whether a value has the shape of its field, and what to write where it has not."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Annotated, Any, get_args, get_origin

from .declared import unsendable

_LISTS = {str: "a list of texts"}
_SAID = {str: "text", bool: "true or false", int: "a whole number", float: "a number"}


def misshapen(args: type, values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Of the values of a dataclass's fields those that are not as it has them, by field, in words.

    They are not repeated: they may be secret.
    """
    for each in fields(args):
        if each.name in values:
            value = values[each.name]
            wrong = [*_wrong(each.type, value, each.name)] or unsendable(value, each.name)
            yield from ((each.name, said) for said in wrong)


def _wrong(hint: Any, value: Any, where: str) -> Iterator[str]:
    if get_origin(hint) is Annotated:
        hint = get_args(hint)[0]
    told = (hint,) if _is_plain(hint) else get_args(hint)  # Input[T] | Undeclared | None
    if value is not None or type(None) not in told:
        yield from against(next(filter(_is_plain, told), Any), value, where)


def _is_plain(hint: Any) -> bool:
    return hint in (*_SAID, Any, object) or get_origin(hint) in (Mapping, Sequence)


def against(hint: Any, value: Any, where: str) -> Iterator[str]:
    """What of ``value`` is not a ``hint``: where, below ``where``, and in words."""
    if hint in (Any, object):
        return
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Mapping and isinstance(value, Mapping):
        for key, each in value.items():
            yield from against(inner[1], each, f"{where}.{key}")
    elif origin is Sequence and isinstance(value, list | tuple):
        for index, each in enumerate(value):
            yield from against(inner[0], each, f"{where}[{index}]")
    elif not _is_a(hint, value):
        yield f"{where} is {_said(value)}, and has to be {_wanted(hint)}"


def _is_a(hint: Any, value: Any) -> bool:
    if hint in (int, float) and isinstance(value, int | float) and not isinstance(value, bool):
        return hint is float or isinstance(value, int) or value.is_integer()
    return hint in (str, bool) and isinstance(value, hint)


def _wanted(hint: Any) -> str:
    if get_origin(hint) is Sequence:
        return _LISTS.get(get_args(hint)[0], "a list of mappings")
    return "a mapping" if get_origin(hint) is Mapping else _SAID[hint]


def _said(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    return next((said for kind, said in _SAID.items() if isinstance(value, kind)), "no such thing")
