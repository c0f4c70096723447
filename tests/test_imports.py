"""Who may import whom: the arrows between the rooms go one way."""

import ast
from pathlib import Path

import pytest

from stacks.places import PLACES

ROOT = Path(__file__).parents[1]

OF_ALL_PLACES = (
    "prefect_as_code",
    "stacks.config",
    "stacks.images",
    "stacks.oci",
    "stacks.places.place",
    "stacks.places.template",
)

# For each room, in the order of the first that fits: what of this repository it may import.
MAY_IMPORT = {
    "__main__": ("stacks.config", "stacks.platform"),
    "prefect_as_code.reading": ("prefect_as_code.reading",),  # loaded by the process of its own
    "prefect_as_code": ("prefect_as_code",),
    "stacks.oci": ("stacks.oci",),
    "stacks.config": ("stacks.config",),
    "stacks.images": ("stacks.images", "stacks.oci"),
    # A place knows the config, the images, and what all places share; no other place.
    "stacks.places.place": (),
    "stacks.places.template": (),
    "stacks.places.machine": (*OF_ALL_PLACES,),
    "stacks.places.docker": (*OF_ALL_PLACES, "stacks.places.docker"),
    "stacks.places.google": (*OF_ALL_PLACES, "stacks.places.google"),
    "stacks.places": ("stacks.config", "stacks.places.place"),
    "stacks.declared": ("stacks.config.complaints", "flows.declarations"),
    "stacks.deployments": (
        "stacks.config",
        "stacks.declared",
        "prefect_as_code",
        "flows.declarations",
    ),
    "stacks.platform": (
        "stacks.config",
        "stacks.declared",
        "stacks.deployments",
        "stacks.places",
        "prefect_as_code",
    ),
    "stacks.prefect": ("prefect_as_code",),  # where states of the time before look for it
    "stacks": (),
    "flows": ("flows",),
    "tools": ("tools",),
    "local": ("local", "tools"),
    "promotion": ("promotion", "stacks.config", "stacks.oci", "prefect_as_code"),
}
# The provider process must start fast, and the package must be usable by itself.
MAY_NOT_IMPORT = {
    "prefect_as_code.reading": ("pulumi",),
    "prefect_as_code.introspect": ("pulumi", "stacks"),  # runs as a process of its own
    "prefect_as_code.automation_question": ("pulumi", "stacks"),  # in that process
    "prefect_as_code.schedule_question": ("pulumi", "stacks"),  # in that process
    "prefect_as_code": ("prefect", "pulumi_gcp"),
    "stacks.oci": ("prefect", "pulumi_gcp"),
    "flows.declarations": ("pulumi", "prefect"),
    "flows.deployments": ("pulumi", "prefect", "pyarrow"),
    "flows": ("pulumi",),
}
OURS = {"prefect_as_code", "stacks", "flows", "local", "promotion", "tools", "tests"}


def modules():
    for room in ("prefect_as_code", "stacks", "flows", "local", "promotion", "tools"):
        yield from sorted((ROOT / room).rglob("*.py"))
    yield ROOT / "__main__.py"


def name_of(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def imports_of(path):
    """The full names of all that a module imports, at its top or inside a function."""
    package = name_of(path).split(".")
    if path.name != "__init__.py":
        package = package[:-1]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *(node.module or "").split(".")]).strip(".")
            # `from stacks import config` imports the module stacks.config
            yield from (f"{module}.{a.name}" if module in OURS else module for a in node.names)


def inside(name, room):
    return name == room or name.startswith(f"{room}.")


def rule(table, name):
    return next((allowed for room, allowed in table.items() if inside(name, room)), None)


@pytest.mark.parametrize("place", sorted({*PLACES.values()}))
def test_a_place_has_arrows_of_its_own(place):
    told = f"add a row 'stacks.places.{place}' to MAY_IMPORT, before the row 'stacks.places'"
    assert f"stacks.places.{place}" in MAY_IMPORT, told


@pytest.mark.parametrize("path", list(modules()), ids=name_of)
def test_a_module_imports_only_what_its_room_may(path):
    name = name_of(path)
    allowed = rule(MAY_IMPORT, name)
    ours = [i for i in imports_of(path) if i.split(".")[0] in OURS]
    wrong = [i for i in ours if not any(inside(i, room) for room in allowed)]
    assert not wrong, f"{name} may import {allowed or 'nothing of ours'}, not {wrong}"


@pytest.mark.parametrize("path", list(modules()), ids=name_of)
def test_a_module_imports_nothing_that_is_closed_to_its_room(path):
    name = name_of(path)
    closed = rule(MAY_NOT_IMPORT, name) or ()
    wrong = [i for i in imports_of(path) if any(inside(i, room) for room in closed)]
    assert not wrong, f"{name} may not import {wrong}"
