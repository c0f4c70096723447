"""What the program has declared so far: one resource for each object, and what names what.

A name that is known while the program runs is as good as an output: two of one name are refused
before anything is made, and what names another object by its text waits for it, and goes before it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol
from weakref import WeakKeyDictionary

import pulumi
from pulumi.runtime.settings import get_monitor

from .errors import PrefectError

Object = tuple[str, tuple[str, ...]]  # a kind, and the natural key in its parts


class Provider(Protocol):
    """What a kind says of itself."""

    kind: ClassVar[str]
    natural: ClassVar[tuple[str, ...]]
    refers: ClassVar[Mapping[str, tuple[str, ...]]]


@dataclass
class Program:
    """One run of the program; an engine may have several in one process."""

    _declared: dict[Object, pulumi.Resource] = field(default_factory=dict)
    _named: dict[Object, str] = field(default_factory=dict)  # not declared yet: by which resource
    _plain: dict[int, tuple[object, str]] = field(default_factory=dict)  # outputs that are known

    def admit(
        self, name: str, provider: type[Provider], fields: Mapping[str, Any]
    ) -> Object | None:
        """The object of a resource that is about to be declared, if it is known yet.

        Raises:
            PrefectError: another resource has it; or one names it that has been declared before.
        """
        if (key := self._key(fields, provider.natural)) is None:
            return None
        what = (provider.kind, key)
        called = f'The {provider.kind} "{"/".join(key)}"'
        if other := self._declared.get(what):
            raise PrefectError(
                f"{called} is declared twice in this program: by the resources "
                f'"{other._name}" and "{name}". Take one of them out, or give it another name.'
            )
        if before := self._named.get(what):
            raise PrefectError(
                f'{called} is declared by the resource "{name}", after the resource "{before}" '
                "that names it, and would be made after it too. Declare it before."
            )
        return what

    def needs(
        self, name: str, provider: type[Provider], fields: Mapping[str, Any]
    ) -> pulumi.ResourceOptions:
        """What has the resource ``name`` wait for the resources of the objects that it names."""
        found = []
        for kind, names in provider.refers.items():
            if (key := self._key(fields, names)) is not None:
                if (resource := self._declared.get((kind, key))) is not None:
                    found.append(resource)
                else:
                    self._named.setdefault((kind, key), name)
        return pulumi.ResourceOptions(depends_on=found)

    def has(self, what: Object | None, resource: pulumi.Resource) -> None:
        """From here on, by ``resource``, whose output ``name`` is as good as the text."""
        if what is not None:
            self._declared[what] = resource
            if (output := getattr(resource, "name", None)) is not None:
                self._plain[id(output)] = (output, what[1][-1])

    def _key(self, fields: Mapping[str, Any], names: Sequence[str]) -> tuple[str, ...] | None:
        """The texts of these fields; none where one of them is not known yet."""
        told = []
        for name in names:
            value = fields.get(name)
            _, value = self._plain.get(id(value), (None, value))
            if not isinstance(value, str):
                return None
            told.append(value)
        return tuple(told)


_programs: "WeakKeyDictionary[Any, Program]" = WeakKeyDictionary()


def program() -> Program:
    """That of the engine which is asked at present."""
    return _programs.setdefault(get_monitor(), Program())
