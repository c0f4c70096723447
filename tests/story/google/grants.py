"""Who may do what on what: the IAM of the stand-in Google, made from plain data."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tests.story.google.roles import ONLY_ON, PREDEFINED, RUN, permits

_MEMBER = re.compile(r"(serviceAccount|user|group):[^:@\s]+@[^:@\s]+|principal(Set)?://\S+")
_PERMISSION = re.compile(r"[a-z]+\.[a-zA-Z]+\.[a-zA-Z]+")
_CUSTOM = re.compile(r"projects/[^/]+/roles/[A-Za-z0-9_.]{3,64}")

Role = str | tuple[str, ...]  # its name, or the permissions of one that has none


@dataclass(frozen=True)
class Grant:
    """``resource`` is a path from its project, as in ``projects/P/buckets/B``."""

    resource: str
    role: Role
    member: str


class Grants:
    """``custom``: by name (``projects/P/roles/ID``), the permissions of the roles of a project.

    ``used`` are the grants without which something that was asked for would have been refused, as
    far as no other grant permits it too.
    """

    def __init__(
        self,
        told: Iterable[tuple[str, Role, str]] = (),
        custom: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self.used: set[Grant] = set()
        self.replace(told, custom or {})

    def replace(
        self, told: Iterable[tuple[str, Role, str]], custom: Mapping[str, Sequence[str]]
    ) -> None:
        """By others, all of them."""
        self.custom = {name: _role(name, each) for name, each in custom.items()}
        self.all: list[Grant] = []
        for resource, role, member in told:
            self.give(resource, role, member)

    def give(self, resource: str, role: Role, member: str) -> Grant:
        if not re.fullmatch(r"projects/[^/]+(/[^/]+/[^/]+)*", resource):
            raise ValueError(f"{resource!r} is no path of a resource in a project")
        if not _MEMBER.fullmatch(member):
            raise ValueError(f"{member!r} is no member, such as serviceAccount:runs@p.example")
        self._permissions(role)
        kind = resource.split("/")[-2]
        if isinstance(role, str) and ONLY_ON.get(role, kind) != kind:
            raise ValueError(f"Role {role} is not supported for this resource: {resource}")
        grant = Grant(resource, role, member)
        if grant not in self.all:
            self.all.append(grant)
        return grant

    def take(self, resource: str, role: Role, member: str) -> None:
        self.all.remove(Grant(resource, role, member))

    def may(self, member: str, permission: str, resource: str) -> bool:
        """What is granted on a resource holds for all that is in it."""
        fitting = [
            each
            for each in self.all
            if each.member == member
            and f"{resource}/".startswith(f"{each.resource}/")
            and permits(self._permissions(each.role), permission)
        ]
        self.used.update(fitting if len(fitting) == 1 else ())
        return bool(fitting)

    def _permissions(self, role: Role) -> Sequence[str]:
        if not isinstance(role, str):
            return _role("a role without a name", role)
        known = PREDEFINED.get(role) or self.custom.get(role)
        if known is None:
            where = "custom" if role.startswith("projects/") else "tests/story/google/roles.py"
            raise ValueError(f"Role {role} is not known: say in {where} what it permits")
        return known


def _role(name: str, permissions: Sequence[str]) -> tuple[str, ...]:
    if "/" in name and not _CUSTOM.fullmatch(name):
        raise ValueError(f"{name!r} is no name of a custom role")
    for each in permissions:
        if not _PERMISSION.fullmatch(each) or (each.startswith("run.") and each not in RUN):
            raise ValueError(f"Permission {each} is not valid, in {name}")
    return tuple(permissions)
