"""Declarations that know where they stand, and what is wrong with them.

None raises when it is made: so that all that is wrong in all of them can be told at once.
"""

import dataclasses
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from .complaints import Fault, explain, is_declaration

T = TypeVar("T")

_AT, _TOLD, _FAULTS = "_at", "_told", "_faults"


class UnreadableError(ValueError):
    """A declaration is used that is wrong; the text says where it is, and what is wrong."""


def declaration(class_: type[T]) -> type[T]:
    """Let a pydantic dataclass be made of whatever it is told.

    Reading a field of one that is wrong raises UnreadableError.
    """
    validate: Callable[..., None] = class_.__init__
    fields = _fields(class_)

    def init(self: Any, *unnamed: Any, **named: Any) -> None:
        at = _caller()
        try:
            validate(self, *unnamed, **named)
        except ValidationError as error:
            vars(self).clear()
            vars(self).update({_TOLD: named, _FAULTS: explain(error, class_, list(fields))})
        vars(self)[_AT] = at

    def unread(self: Any, name: str) -> Any:
        if name in fields and faults(self):
            raise UnreadableError("\n".join(told(place(self), faults(self))))
        raise AttributeError(f"{class_.__name__} has no attribute {name}")

    for name in fields:
        if hasattr(class_, name):  # a default, which could be read of one that is wrong
            delattr(class_, name)
    for name, method in (("__init__", init), ("__getattr__", unread), ("__repr__", _named)):
        setattr(class_, name, method)
    return class_


def place(declared: object) -> str:
    """Where it is declared: ``path/to/file.py:line``."""
    return str(vars(declared)[_AT])


def faults(declared: object) -> list[Fault]:
    """What is wrong with it by itself; nothing, if it can be read."""
    found: list[Fault] = vars(declared).get(_FAULTS, [])
    return found


def told(who: str, wrong: list[Fault]) -> list[str]:
    """Faults as lines of a message."""
    return [f"{who}: {f'{field}: ' if field else ''}{text}" for field, text in wrong]


def sound(declared: T) -> T:
    """It as if what is wrong had been left out, so that the rest can be checked."""
    if not (wrong := {path for path, _ in faults(declared)}):
        return declared
    left = object.__new__(type(declared))
    named = vars(declared)[_TOLD]
    for name, field in _fields(type(declared)).items():
        value = named.get(name)
        if isinstance(value, list | tuple) and name not in wrong:
            value = [each for i, each in enumerate(value) if f"{name}.{i}" not in wrong]
        elif name == "schedules" and is_declaration(value):
            value = [value]
        elif name not in named or name in {path.partition(".")[0] for path in wrong}:
            value = None if field.is_required() else field.get_default(call_default_factory=True)
        vars(left)[name] = value
    vars(left)[_AT] = place(declared)
    return left


def relative(file: str) -> str:
    """A file by its path from here, if it is below."""
    path = os.path.relpath(file)
    return file if path.startswith("..") else path


def _named(declared: object) -> str:
    return f"{type(declared).__name__} at {place(declared)}"


def _fields(class_: Any) -> Mapping[str, Any]:
    fields: Mapping[str, Any] = class_.__pydantic_fields__
    return fields


def _caller() -> str:
    """The line that makes a declaration, if need be by ``dataclasses.replace``."""
    frame = sys._getframe(2)
    while frame.f_back and frame.f_code.co_filename == dataclasses.__file__:
        frame = frame.f_back
    return f"{relative(frame.f_code.co_filename)}:{frame.f_lineno}"
