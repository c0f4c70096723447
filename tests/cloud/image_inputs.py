"""The inputs of docker-build's Image: how they are completed, validated and compared.

Where one of them was unknown, and so is Go's zero, validation is weak: what is empty is dropped
before; but what is empty inside an export stays.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cloud import sdk
from tests.cloud.context import context_hash
from tests.cloud.dockerfile import complaint
from tests.cloud.exports import Export
from tests.cloud.values import Props, has_unknown, is_secret, is_unknown, plain, secret
from tests.cloud.vendor import Failure

_COMPRESSION = {"compression": "gzip", "compressionLevel": 0, "forceCompression": False}
_EXPORT = {"ociMediaTypes": False, "store": True, **_COMPRESSION}
_CACHE = {"mode": "min", "ignoreError": False, "ociMediaTypes": True, "imageManifest": False}
_DEFAULTS: Mapping[str, Mapping[str, Props]] = {  # by input and kind of its entries
    "exports": {"registry": {**_EXPORT, "push": True}, "image": _EXPORT},
    "cacheTo": {"registry": {**_CACHE, **_COMPRESSION}},
}
_NO_NAME = "at least one tag or export name is needed when pushing to a registry"
_SEVERAL = "multiple exports require a v0.13 buildkit daemon or newer"
_URL = re.compile(r"(https?|git|ssh)://|git@|github\.com/")
_NAME = re.compile(r"(?P<name>[a-z0-9]+([.:/_-]+[a-z0-9]+)*?)(:(?P<tag>\w[\w.-]{0,127}))?")
_PLATFORM = re.compile(r"[A-Za-z0-9_.-]+")
_LEFT_ASIDE = "ignoreSecretsInDiffCalculation"
_COMPARED_OTHERWISE = {"context", "exec", "exports", _LEFT_ASIDE, "registries", "secrets"}


@dataclass(frozen=True)
class Image:
    """What was told of an image, without marks and unknowns."""

    told: Props

    @property
    def tags(self) -> list[str]:
        return self.told.get("tags") or []

    @property
    def context(self) -> str:
        return str(self.told["context"]["location"])

    @property
    def dockerfile(self) -> str:
        return str(self.told.get("dockerfile", {}).get("location", ""))

    @property
    def exports(self) -> list[Export]:
        """Those that count, the shorthands' too."""
        told = [each for each in self.told.get("exports", []) if not each.get("disabled")]
        short = {"push": "type=registry", "load": "type=docker"}
        told += [{"raw": raw} for name, raw in short.items() if self.told.get(name)]
        return list(map(Export.of, told))

    @property
    def pushed(self) -> list[str]:
        """The names under which it goes to registries."""
        exports = [each for each in self.exports if each.is_pushed]
        return list(self.tags) if exports and self.tags else [each.name for each in exports]

    @property
    def is_loaded(self) -> bool:
        """Whether the engine has it afterwards."""
        return any("docker" in each.kinds for each in self.exports)

    @property
    def is_buildable(self) -> bool:
        """Whether a preview can build it: nothing is empty, and nothing told by a shorthand."""
        short = any(self.told.get(name) for name in ("push", "load", "exec"))
        return not short and _filtered(self.told) == self.told

    def context_hash(self) -> str:
        return context_hash(self.context, self.dockerfile)


def undecodable(type_: str, told: Props) -> list[Failure]:
    """What Go's types cannot take; if there is any, nothing else is looked at."""

    def words(problem: sdk.Problem) -> str:
        where = f"field '{problem.path}' on 'internal.ImageArgs'"
        if problem.shape is None:
            return f"Unrecognized {where}"
        if problem.kind == "missing":
            return f"Missing required {where}"
        kind, found = problem.shape.kind, type(problem.found).__name__
        return f"F{where[1:]} must be a '{kind}'; got '{found}' instead"

    return [Failure(words(each), each.path) for each in sdk.problems(sdk.inputs(type_), told)]


def completed(told: Props) -> Props:
    """With the defaults, and with marks where the schema has secrets. Unknown ones stay so."""
    made = {"buildOnPreview": True, "network": "default", "context": {"location": "."}, **told}
    for name, kinds in _DEFAULTS.items():
        made |= _changed(told, name, lambda entry, kinds=kinds: _filled(entry, kinds))
    context = plain(made["context"])
    if "dockerfile" not in told and not has_unknown(context) and context["location"]:
        made["dockerfile"] = {"location": str(Path(context["location"], "Dockerfile"))}
    made |= _changed(told, "registries", lambda each: {**each, **_secret(each, "password")})
    return made | _secret(told, "secrets")


def _within(value: Any, change: Callable[[Any], Any]) -> Any:
    """The change of what is known, inside the mark of a secret."""
    if is_unknown(value):
        return value
    return secret(_within(value["value"], change)) if is_secret(value) else change(value)


def _changed(told: Props, name: str, change: Callable[[Any], Any]) -> Props:
    """A list among what was told, with each of its entries changed."""
    if name not in told:
        return {}
    return {name: _within(told[name], lambda known: [_within(each, change) for each in known])}


def _filled(entry: Props, kinds: Mapping[str, Props]) -> Props:
    for kind in kinds.keys() & entry.keys():
        entry = {**entry, kind: _within(entry[kind], lambda known, kind=kind: kinds[kind] | known)}
    return entry


def _secret(told: Props, name: str) -> Props:
    is_safe = name not in told or is_secret(told[name])
    return {} if is_safe else {name: secret(told[name])}


def invalid(told: Props, *, weak: bool, several_exports: bool) -> list[Failure]:
    """All that is wrong, at once."""
    seen = _filtered(told) if weak else told
    return [
        *([] if several_exports else _too_many(told)),
        *_of_context(Image(told), weak=weak),
        *_of_dockerfile(told.get("dockerfile", {})),
        *_of_exports(seen, tags=told.get("tags", [])),
        *_of_caches(seen),
        *_of_platforms(seen),
        *(
            Failure("invalid reference format", f"tags[{index}]")
            for index, tag in enumerate(seen.get("tags", []))
            if not _NAME.fullmatch(tag)
        ),
    ]


def _filtered(told: Props) -> Props:
    """Without what is empty."""
    made = dict(told)
    for name in ("addHosts", "platforms", "tags"):
        if name in told:
            made[name] = [each for each in told[name] if each]
    for name in ("buildArgs", "labels", "secrets"):
        if name in told:
            made[name] = {key: each for key, each in told[name].items() if key and each}
    for name in ("exports", "cacheFrom", "cacheTo"):
        if name in told:
            made[name] = [each for each in told[name] if _says_something(each)]
    if "registries" in told:
        made["registries"] = [
            each for each in told["registries"] if each["address"] and each.get("password")
        ]
    return made


def _says_something(entry: Props) -> bool:
    told = {kind for kind, value in entry.items() if kind != "raw" or value}
    return not entry.get("disabled") and bool(told - {"disabled"})


def _too_many(told: Props) -> Iterator[Failure]:
    exports, push, load = told.get("exports", []), told.get("push"), told.get("load")
    if len(exports) > 1:
        yield Failure(_SEVERAL, "exports")
    if push and load:
        yield Failure(
            "simultaneous push and load requires a v0.13 buildkit daemon or newer", "push"
        )
    if exports and (push or load):
        yield Failure(_SEVERAL, "exports")


def _of_context(image: Image, *, weak: bool) -> Iterator[Failure]:
    where = image.context
    empty = weak and not where
    if not empty and where != "-" and not _URL.match(where) and not Path(where).is_dir():
        yield Failure(f'"{where}": not a valid directory or URL', "context.location")


def _of_dockerfile(told: Props) -> Iterator[Failure]:
    location, inline = told.get("location"), told.get("inline")
    if location and inline:
        yield Failure('only specify "file" or "inline", not both', "dockerfile")
    elif location and not _URL.match(location):
        path = Path(location).absolute()  # from where the plugin runs, not from the context
        if not path.is_file():
            yield Failure(f"open {path}: no such file or directory", "dockerfile.location")
        elif wrong := complaint(path.read_text()):
            yield Failure(wrong, "dockerfile.location")
    elif inline and (wrong := complaint(inline)):
        yield Failure(wrong, "dockerfile.inline")


def _of_exports(told: Props, tags: list[str]) -> Iterator[Failure]:
    for index, each in enumerate(Image(told).exports):
        where = f"exports[{index}]"
        if len(each.kinds) > 1:
            yield Failure("exports should only specify one export type", where)
        elif not each.kinds:
            yield Failure("type is required for output", where)
        elif each.is_pushed and not tags and not each.name:
            yield Failure(_NO_NAME, where)


def _of_caches(told: Props) -> Iterator[Failure]:
    for name in ("cacheFrom", "cacheTo"):
        for index, each in enumerate(told.get(name, [])):
            if len({*each} - {"disabled"}) > 1:
                yield Failure(f"{name} should only specify one cache type", f"{name}[{index}]")


def _of_platforms(told: Props) -> Iterator[Failure]:
    for index, platform in enumerate(told.get("platforms", [])):
        wrong = [part for part in platform.split("/") if not _PLATFORM.fullmatch(part)]
        if wrong or platform.count("/") > 2:
            yield Failure(
                f'"{"".join(wrong[:1]) or platform}" is an invalid component of "{platform}": '
                'platform specifier component must match "^[A-Za-z0-9_.-]+$": invalid argument',
                f"platforms[{index}]",
            )


def different(before: Props, after: Props) -> list[str]:
    """The paths of what counts: no password does, and no secret that is to be left aside."""
    found = [
        name
        for name in sdk.inputs("docker-build:index:Image")
        if name not in _COMPARED_OTHERWISE
        and (before.get(name) or None) != (after.get(name) or None)
    ]
    for name in ("location", "named"):
        old, new = ((each.get("context", {}).get(name) or None) for each in (before, after))
        found += [f"context.{name}"] if old != new else []
    if Image(before).exports != Image(after).exports:
        found.append("exports")
    olds, news = before.get("secrets", {}), after.get("secrets", {})
    aside = {*after.get(_LEFT_ASIDE, [])} & olds.keys() & news.keys()
    if any(olds.get(name) != news.get(name) for name in {*olds, *news} - aside):
        found.append("secrets")
    olds, news = before.get("registries", []), after.get("registries", [])
    if len(olds) != len(news):
        return [*found, "registries"]
    for index, (old, new) in enumerate(zip(olds, news, strict=True)):
        if any(old.get(name) != new.get(name) for name in ("address", "username")):
            return [*found, f"registries[{index}]"]
    return found


def qualified(tag: str) -> str:
    """``host/name:tag`` of a tag that has a host, or nothing."""
    found = _NAME.fullmatch(tag)
    host, _, name = tag.partition("/")
    if not found or not name or not re.search("[.:]|^localhost$", host):
        return ""
    return tag if found["tag"] else f"{tag}:latest"
