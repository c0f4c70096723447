"""What is wrong with a configuration, in words: which key, what stands there, what to write."""

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args

from pydantic.fields import FieldInfo

from .section import Section

_PLACEHOLDER = re.compile(r"\byour-[a-z-]+")


def closest(key: str, known: list[str]) -> str:
    """A question after the known key that may have been meant, if any is near."""
    found = difflib.get_close_matches(key, known, n=1)
    return f" (did you mean {found[0]}?)" if found else ""


def placeholders(
    root: type[Section], told: Any, path: tuple[str, ...] = ()
) -> Iterator[tuple[str, str]]:
    """Values that are still as the repository has them: the key, and what to put there."""
    if isinstance(told, Mapping):
        for key, value in told.items():
            yield from placeholders(root, value, (*path, str(key)))
    elif isinstance(told, Sequence) and not isinstance(told, str):
        for index, value in enumerate(told):
            yield from placeholders(root, value, (*path, str(index)))
    elif isinstance(told, str) and _PLACEHOLDER.search(told):
        place = Place(root, path)
        wanted = (place.field and place.field.description) or "a value of your own."
        yield place.key, f"{place.key}: {told!r} is a placeholder. Put: {wanted}"


class Place:
    """Where in the YAML a list of keys leads, and what is wanted there.

    Pydantic names the chosen kind of a section among the keys; the YAML has no such key.
    """

    def __init__(self, root: type[Section], path: Sequence[str | int]) -> None:
        keys: list[str] = []
        models = [root]
        self.field: FieldInfo | None = None
        self.known: list[str] = []
        for part in map(str, path):
            if chosen := [m for m in models if len(models) > 1 and part in _kinds(m)]:
                models = chosen
                continue
            self.known = [name for model in models for name in model.model_fields]
            fields = [m.model_fields[part] for m in models if part in m.model_fields]
            if fields:
                self.field = fields[0]
                models = _sections(self.field.annotation)
            keys.append(part)
        self.key = ".".join(keys)

    @property
    def example(self) -> str:
        told = _examples(self.field.annotation, self.field) if self.field else []
        return f"; write one such as {told[0]}" if told else ""


def _sections(annotation: Any) -> list[type[Section]]:
    """The models of sections that a field's type holds."""
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return [annotation]
    return [model for inner in get_args(annotation) for model in _sections(inner)]


def _examples(annotation: Any, field: Any) -> list[Any]:
    told = list(getattr(field, "examples", None) or ())
    for inner in get_args(annotation):
        told = told or _examples(inner, inner)
    return told


def _kinds(model: type[Section]) -> set[str]:
    return {
        str(value)
        for name in ("kind", "source")
        if name in model.model_fields
        for value in get_args(model.model_fields[name].annotation)
    }


def explain(root: type[Section], wrong: Any) -> tuple[str, str]:
    """One of pydantic's errors: the key, and what to do about it."""
    place = Place(root, wrong["loc"])
    return place.key, _in_words(place, wrong)


def _in_words(place: Place, wrong: Any) -> str:
    where, told = place.key, wrong.get("input")
    match wrong["type"]:
        case "extra_forbidden":
            last = place.key.rpartition(".")[2]
            return (
                f"{where} is unknown{closest(last, place.known)}. Remove it, or write one of "
                f"{', '.join(place.known)}."
            )
        case "missing":
            what = place.field.description if place.field else None
            return f"{where} is missing{f' ({what})' if what else ''}. Add it."
        case "union_tag_not_found":
            return f"{where}.{wrong['ctx']['discriminator'].strip(chr(39))} is missing. Add it."
        case "union_tag_invalid":
            key, choices = wrong["ctx"]["discriminator"].strip("'"), wrong["ctx"]["expected_tags"]
            choices = choices.replace(", ", " or ")
            return f"{where}.{key}: {wrong['ctx']['tag']!r} is not {choices}. Write one."
        case "value_error":
            return f"{where}: {told!r} {wrong['ctx']['error']}."
        case "literal_error":
            return f"{where}: {told!r} is not {wrong['ctx']['expected']}. Write one."
        case "string_pattern_mismatch":
            form = wrong["ctx"]["pattern"]
            return f"{where}: {told!r} is not of the form {form}{place.example}."
        case _:
            return f"{where}: {told!r}: {wrong['msg']}."
