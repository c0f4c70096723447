"""``Pulumi.<stack>.yaml``: what it says of images, and how that is changed and nothing else."""

import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML, MappingNode, Node, SequenceNode
from ruamel.yaml.error import YAMLError

from stacks.config.complaints import explain
from stacks.config.images import Promote, Promotion
from stacks.config.section import Section
from stacks.oci import google_repository

from .errors import RefusedError

SECTION = "dataflows:images"
KEPT = 10  # promotions before the present one


class History(Section):
    """What a promoted stack runs and what it ran, the newest first."""

    now: Promotion | None = None
    before: tuple[Promotion, ...] = ()

    def after(self, promotion: Promotion) -> "History":
        before = (self.now, *self.before) if self.now else self.before
        return History(now=promotion, before=before[:KEPT])

    def back(self) -> "History":
        return History(now=self.before[0], before=self.before[1:])


@dataclass(frozen=True)
class Settings:
    """A stack's file, as it was read."""

    stack: str
    file: Path
    text: str
    images: Mapping[str, Any]  # the section, as it stands there
    google: Mapping[str, Any]  # that one too

    @property
    def source(self) -> str | None:
        return self.images.get("source")

    @property
    def repository(self) -> str | None:
        """The URL of the stack's own repository, where its file says enough."""
        google, images = self.google, self.images
        told = (google.get("region"), google.get("project"), images.get("repository"))
        return google_repository(*map(str, told)) if all(told) else None

    @property
    def history(self) -> History:
        told = {name: self.images[name] for name in ("now", "before") if name in self.images}
        try:
            return History.model_validate(told)
        except ValidationError as error:
            wrong = [explain(Promote, each)[1] for each in error.errors()]
            lines = [f"{self.file.name}: dataflows:images.{each}" for each in wrong]
            raise RefusedError("\n".join(lines)) from error

    def with_history(self, history: History) -> str:
        """The file's text with another history; not a byte of the rest is different."""
        lines = self.text.splitlines(keepends=True)
        section = _section(self._root())
        if section is None or section.flow_style or not section.value:
            raise RefusedError(
                f"{self.file.name}: {SECTION} is not written as a block, a key on each line; "
                "write it so."
            )
        keys = {key.value: (key, value) for key, value in section.value}
        indent = " " * section.value[0][0].start_mark.column
        spans = [_span(*keys[name]) for name in ("now", "before") if name in keys]
        place = spans[0][0] if spans else _span(*section.value[-1])[1]
        gone = {line for start, end in spans for line in range(start, end)}
        if not spans and not lines[place - 1].endswith("\n"):
            lines[place - 1] += "\n"
        kept = [(n, line) for n, line in enumerate(lines) if n not in gone]
        text = "".join(
            [
                *(line for n, line in kept if n < place),
                *(f"{indent}{line}\n" for line in _written(history)),
                *(line for n, line in kept if n >= place),
            ]
        )
        self._check(text, history)
        return text

    def write(self, text: str) -> None:
        """All of it or nothing."""
        new = self.file.with_name(f".{self.file.name}.new")
        new.write_text(text)
        shutil.copymode(self.file, new)
        os.replace(new, self.file)

    def _root(self) -> Node:
        root: Node = YAML(typ="safe", pure=True).compose(self.text)
        return root

    def _check(self, text: str, history: History) -> None:
        before, after = _loaded(self.text), _loaded(text)
        told = after["config"].pop(SECTION)
        del before["config"][SECTION]
        rest = {name: value for name, value in self.images.items() if name in told}
        mine = {name: told.pop(name) for name in ("now", "before") if name in told}
        same = before == after and {n: v for n, v in rest.items() if n not in mine} == told
        if not same or History.model_validate(mine) != history:
            raise RefusedError(f"{self.file.name} cannot be edited without harm; it is as it was.")


def read(stack: str, folder: Path) -> Settings:
    """The settings of a stack of the repository.

    Raises:
        RefusedError: there is no such stack, or its file is no YAML.
    """
    file = folder / f"Pulumi.{stack}.yaml"
    if not file.is_file():
        there = sorted(p.name.split(".")[1] for p in folder.glob("Pulumi.*.yaml"))
        raise RefusedError(
            f"There is no stack {stack}: no file {file.name} in {folder}. Take one of "
            f"{', '.join(there) or 'those of another folder, as here is none'}."
        )
    text = file.read_text()
    try:
        config = _loaded(text).get("config") or {}
        images, google = (config.get(name) or {} for name in (SECTION, "dataflows:google"))
    except (YAMLError, AttributeError) as error:
        raise RefusedError(f"{file.name} cannot be read: {error}") from error
    told = (each if isinstance(each, dict) else {} for each in (images, google))
    return Settings(stack, file, text, *told)


def one_line(text: str) -> str:
    """What a person has written, as it can stand in the file."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _loaded(text: str) -> dict[str, Any]:
    told: dict[str, Any] = YAML(typ="safe", pure=True).load(text)
    return told


def _section(root: Node) -> MappingNode | None:
    node: Node | None = root
    for name in ("config", SECTION):
        if not isinstance(node, MappingNode):
            return None
        node = {key.value: value for key, value in node.value}.get(name)
    return node if isinstance(node, MappingNode) else None


def _span(key: Node, value: Node) -> tuple[int, int]:
    """The lines of a key with its value, the last one exclusive."""
    last = value
    while isinstance(last, MappingNode | SequenceNode) and last.value and not last.flow_style:
        last = last.value[-1][1] if isinstance(last, MappingNode) else last.value[-1]
    return key.start_mark.line, max(key.start_mark.line, last.end_mark.line) + 1


def _written(history: History) -> Iterator[str]:
    if history.now:
        yield "now:"
        yield from (f"  {line}" for line in _entry(history.now))
    if history.before:
        yield "before:"
    for promotion in history.before:
        first, *rest = _entry(promotion)
        yield f"  - {first}"
        yield from (f"    {line}" for line in rest)


def _entry(promotion: Promotion) -> Sequence[str]:
    """Its keys, a line each, in JSON's spelling where YAML could take a text for something else."""
    plain = ("agent", "runner", "copied_from")
    lines = []
    for name, value in promotion.model_dump(exclude_defaults=True).items():
        if isinstance(value, tuple):
            lines += [f"{name}:", *(f"  - {_spelt(each)}" for each in value)]
        else:
            lines.append(f"{name}: {value if name in plain else _spelt(value)}")
    return lines


def _spelt(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
