"""What a resource takes and gives, as its SDK says, which is made of the plugin's own schema.

The SDK's text is read, and of it only the classes that are asked for: to import the one for Google
takes a plugin's process seconds.
"""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from tests.cloud.values import Props, is_unknown

_KINDS: Mapping[str, Any] = {"str": "string", "bool": "bool", "int": "number", "float": "number"}
_ZEROS: Mapping[str, Any] = {"string": "", "bool": False, "number": 0}


@dataclass(frozen=True)
class Shape:
    """``inner``: of a list's or a map's entries; ``fields``: an object's, by their wire names."""

    kind: Literal["string", "bool", "number", "array", "map", "object", "any"]
    required: bool = True
    inner: "Shape | None" = None
    module: str = ""
    class_: str = ""

    @property
    def fields(self) -> "Mapping[str, Shape]":
        return _fields(self.module, "_inputs", self.class_)

    @property
    def zero(self) -> Any:
        """What Go has where nothing is; of an object, all that it cannot be without."""
        if self.kind == "object":
            return {name: each.zero for name, each in self.fields.items() if each.required}
        if self.kind in ("array", "map"):
            return [] if self.kind == "array" else {}
        return _ZEROS.get(self.kind)

    def fits(self, value: Any) -> bool:
        """Whether the value itself is of the kind, whatever is in it."""
        wanted = {"string": str, "bool": bool, "number": (int, float), "array": list}
        number = isinstance(value, bool) and self.kind == "number"
        return self.kind == "any" or (isinstance(value, wanted.get(self.kind, dict)) and not number)


def settings(package: str) -> Mapping[str, Shape]:
    """By name, what the provider of a package takes."""
    return _fields(f"pulumi_{package.replace('-', '_')}", "provider", "ProviderArgs")


def inputs(type_: str) -> Mapping[str, Shape]:
    """By name, what resources of the type take: ``gcp:compute/firewall:Firewall`` for one."""
    module, file, name = _place(type_)
    return _fields(module, file, f"{name}Args")


def outputs(type_: str) -> Mapping[str, Shape]:
    """By name, what resources of the type give; their inputs among it."""
    return _fields(*_place(type_))


def _place(type_: str) -> tuple[str, str, str]:
    package, module, name = type_.split(":")
    module, _, _ = module.partition("/")
    file = re.sub("(?<=[a-z0-9])([A-Z])", r"_\1", re.sub("^IAM", "Iam", name)).lower()
    where = f"pulumi_{package.replace('-', '_')}" + ("" if module == "index" else f".{module}")
    return where, file.replace("_iammember", "_iam_member"), name


@cache
def _fields(module: str, file: str, class_: str) -> Mapping[str, Shape]:
    [tree] = ast.parse(_text_of(module, file, class_)).body
    assert isinstance(tree, ast.ClassDef)
    functions = [each for each in tree.body if isinstance(each, ast.FunctionDef)]
    needed = {
        argument.arg
        for each in functions
        if each.name == "__init__"
        for argument, default in zip(each.args.kwonlyargs, each.args.kw_defaults, strict=True)
        if default is None
    }
    return {
        wire: _shape(module, each.returns, required=each.name in needed)
        for each in functions
        for wire in _wire_name(each)
    }


def _text_of(module: str, file: str, class_: str) -> str:
    """The class alone: some files have megabytes."""
    spec = find_spec(module.partition(".")[0])
    assert spec
    assert spec.origin
    folder = Path(spec.origin).parent.joinpath(*module.split(".")[1:])
    text = _read(folder / f"{file}.py")
    found = re.search(rf"^class {class_}(\(.*\))?:\n(?:(?: .*)?\n)+", text, re.MULTILINE)
    assert found, f"{folder / file}.py has no {class_}"
    return found[0]


@cache
def _read(path: Path) -> str:
    return path.read_text()


def _wire_name(function: ast.FunctionDef) -> Iterator[str]:
    """Of a property; nothing of any other function."""
    for each in function.decorator_list:
        told = ast.unparse(each)
        if told == "pulumi.getter":
            yield function.name
        elif found := re.fullmatch(r"pulumi\.getter\(name='(.*)'\)", told):
            yield found[1]


def _shape(module: str, told: ast.expr | None, required: bool) -> Shape:
    match told:
        case ast.Subscript(value=ast.Attribute(attr="Input" | "Output"), slice=inner):
            return _shape(module, inner, required)
        case ast.Subscript(value=ast.Name(id="Optional"), slice=inner):
            return _shape(module, inner, required)
        case ast.Subscript(value=ast.Name(id="Sequence"), slice=inner):
            return Shape("array", required, _shape(module, inner, True))
        case ast.Subscript(value=ast.Name(id="Mapping"), slice=ast.Tuple(elts=[_, inner])):
            return Shape("map", required, _shape(module, inner, True))
        case ast.Attribute(attr=name) if name in _KINDS:
            return Shape(_KINDS[name], required)
        case ast.Constant(value=str(name)) if name.endswith("Args"):
            return Shape("object", required, module=module, class_=name)
        case ast.Constant(value=str()):  # an enumeration, or what outputs are made of
            return Shape("string", required)
    return Shape("any", required)


@dataclass(frozen=True)
class Problem:
    """What is wrong at ``path`` of what was told; ``shape``: what it should be."""

    kind: Literal["undeclared", "missing", "other kind"]
    path: str
    shape: Shape | None = None
    found: Any = None


def problems(fields: Mapping[str, Shape], told: Mapping[str, Any], at: str = "") -> list[Problem]:
    """All of them, at any depth. What is unknown may be anything, and secrets have no marks."""
    found = [Problem("undeclared", f"{at}{name}") for name in told if name not in fields]
    for name, shape in fields.items():
        if name in told:
            found += _inside(shape, told[name], f"{at}{name}")
        elif shape.required:
            found.append(Problem("missing", f"{at}{name}", shape))
    return found


def _inside(shape: Shape, value: Any, path: str) -> list[Problem]:
    if is_unknown(value):
        return []
    if not shape.fits(value):
        return [Problem("other kind", path, shape, value)]
    if shape.kind == "object":
        return problems(shape.fields, value, f"{path}.")
    each = {"array": enumerate, "map": dict.items}.get(shape.kind)
    if each is None or shape.inner is None:
        return []
    form = f"{path}[{{}}]" if shape.kind == "array" else f"{path}.{{}}"
    return [p for key, inner in each(value) for p in _inside(shape.inner, inner, form.format(key))]


def zeroed(fields: Mapping[str, Shape], told: Mapping[str, Any]) -> Props:
    """The same with Go's zero in place of each unknown, at any depth."""
    return {name: _zeroed(fields.get(name), value) for name, value in told.items()}


def _zeroed(shape: Shape | None, value: Any) -> Any:
    if is_unknown(value):
        return shape and shape.zero
    if isinstance(value, list):
        return [_zeroed(shape and shape.inner, each) for each in value]
    if isinstance(value, Mapping):
        if shape and shape.kind == "object":
            return zeroed(shape.fields, value)
        return {name: _zeroed(shape and shape.inner, each) for name, each in value.items()}
    return value
