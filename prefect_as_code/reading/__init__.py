"""A flow's name, description and parameters, read from its source; the same on every machine.

Of the flow's module, and of those beside it, as much is run as its signature needs, and Prefect
says of the function that comes of it what it would say of the imported one. See the README.
"""

import inspect
import json
import os
from functools import cache
from pathlib import Path
from typing import Any

from .refusals import Unread, definition, explained, place, unknown_function
from .repository import Repository
from .rules import Unresolvable
from .sources import Source
from .watching import Watch, is_not_lasting, watching


def read(entrypoint: str, parameters: bool = True) -> dict[str, Any]:
    """What is said of ``path/to/file.py:function``.

    It is ``name``, ``description``, ``docstring`` and, unless ``parameters`` are of no matter,
    ``parameter_openapi_schema``.

    Raises:
        Unread: part of that depends on something that other machines need not have.
    """
    told = _read(entrypoint, parameters)
    again = _read(entrypoint, parameters)
    if json.dumps(told) != json.dumps(again):
        differ = [name for name in told if told[name] != again[name]]
        raise Unread(f"{entrypoint}: {', '.join(differ)} comes out otherwise at each reading")
    return told


def imported(entrypoint: str) -> dict[str, Any]:
    """The same of the module as it is imported, whatever it needs and does.

    Raises:
        Unread: it cannot be imported here.
    """
    from prefect.flows import load_flow_from_entrypoint

    is_not_lasting()
    try:
        return _told(load_flow_from_entrypoint(entrypoint, use_placeholder_flow=False), True)
    except Exception as error:
        cause = getattr(error, "user_exc", None) or error
        raise Unread(
            f"{entrypoint.rpartition(':')[0]} is declared `importable`, and cannot be imported: "
            f"{type(cause).__name__}: {cause}. Install what it needs wherever previews run; or "
            "declare `parameter_schema=…` instead."
        ) from error


def _told(flow: Any, parameters: bool) -> dict[str, Any]:
    from prefect.utilities.callables import parameter_schema

    schema = parameter_schema(flow).model_dump_for_openapi() if parameters else None
    told = {
        "name": flow.name,
        "description": flow.description,
        "docstring": inspect.getdoc(flow.fn),
        "parameter_openapi_schema": schema,
    }
    json.dumps(told)
    return told


def _read(entrypoint: str, parameters: bool) -> dict[str, Any]:
    import_prefect()
    path, _, function = entrypoint.rpartition(":")
    if not function or not path.endswith(".py"):
        raise Unread("an entrypoint is written path/to/file.py:function")
    if not Path(path).is_file():
        raise Unread(f"there is no file {path} in {os.getcwd()}")
    watch = Watch(lambda frame: type(frame.f_builtins).__name__ == "_Names")
    repository = Repository(path, watch, None if parameters else function.rpartition(".")[2])
    with watching(watch):
        try:
            with repository.entered() as entry:
                told = _of(entry, function, parameters)
        except Unresolvable as error:
            raise Unread(str(error)) from error
    _refuse_paths(told, entrypoint, repository)
    return told


@cache
def import_prefect() -> None:
    """Import all of Prefect that a flow brings in, before anything is watched."""
    import prefect
    import pydantic.v1  # noqa: F401

    def nothing(a: int = 1) -> None:
        """Has a parameter.

        Args:
            a: A number.
        """

    prefect.flow(nothing)


def _of(entry: Source, function: str, parameters: bool) -> dict[str, Any]:
    try:
        told = _told(_flow(entry, function), parameters)
        if entry.repository.watch.troubles:
            raise entry.repository.watch.troubles[0]
    except Unread:
        raise
    except Exception as error:
        raise Unread(explained(error, entry, function, parameters)) from error
    return told


def _flow(entry: Source, function: str) -> Any:
    from prefect import Flow

    found: Any = entry.module
    for name in function.split("."):
        try:
            found = getattr(found, name)
        except AttributeError:
            raise Unread(unknown_function(entry, function)) from None
    if not isinstance(found, Flow):
        line = place(entry, definition(entry, function))
        raise Unread(f"{line}: {function} is no flow; add @flow")
    return found


def _refuse_paths(told: dict[str, Any], entrypoint: str, repository: Repository) -> None:
    here = os.getcwd()
    if here in json.dumps(told) and not any(here in text for text in repository.texts):
        wrong = [name for name, value in told.items() if here in json.dumps(value)]
        raise Unread(
            f"{entrypoint}: {', '.join(wrong)} holds the path {here}, which another machine has not"
        )
