"""What Prefect itself says of a flow, a worker or a block class.

``remembered.py`` runs this file as a process of its own, as Prefect takes a second to import and
prefect-gcp three: questions come in and answers go out as lines of JSON.
"""

import gc
import hashlib
import importlib.util
import json
import os
import site
import sys
import sysconfig
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, get_args


def flow(entrypoint: str) -> dict[str, Any]:
    """``name``, ``description``, ``docstring`` and ``parameter_openapi_schema`` of
    ``path/to/file.py:function``, read from its source as ``reading/`` has it.
    """
    return dict(_beside("reading").read(entrypoint))


def bare_flow(entrypoint: str) -> dict[str, Any]:
    """The same without the schema, whatever types and defaults the parameters have."""
    return dict(_beside("reading").read(entrypoint, parameters=False))


def imported_flow(entrypoint: str) -> dict[str, Any]:
    """The same of the module as it is imported, with all that it imports."""
    return dict(_beside("reading").imported(entrypoint))


def worker(path: str) -> dict[str, Any]:
    """``type`` and ``base_job_template`` of the worker class at ``module:Class``."""
    class_ = _class(path)
    return {"type": class_.type, "base_job_template": class_.get_default_base_job_template()}


def block(path: str) -> dict[str, Any]:
    """As ``block_class``, of the class at ``module:Class``."""
    return block_class(_class(path))


def block_class(class_: Any) -> dict[str, Any]:
    """``schema``, ``nested`` (the schemas of the classes that its fields hold) and
    ``secret_fields``; the class is not instantiated, so no credentials are looked for.
    """
    secret = class_.model_json_schema().get("secret_fields", ())
    return {
        "schema": _schema(class_),
        "nested": [_schema(inner) for inner in _nested(class_)],
        "secret_fields": sorted({str(each).split(".")[0] for each in secret}),
    }


def _class(path: str) -> Any:
    module, _, name = path.partition(":")
    return getattr(importlib.import_module(module), name)


def _schema(class_: Any) -> dict[str, Any]:
    type_ = class_._to_block_type().model_dump(mode="json", exclude_unset=True)
    texts = ("name", "slug", "logo_url", "documentation_url", "description", "code_example")
    return {
        "type": {name: type_[name] for name in texts if type_.get(name) is not None},
        "fields": class_.model_json_schema(),
        "capabilities": sorted(class_.get_block_capabilities()),
        "version": class_.get_block_schema_version(),
        "checksum": class_._calculate_schema_checksum(),
    }


def _nested(class_: Any) -> list[Any]:
    """The block classes that a class's fields hold, the innermost first, each once."""
    found: list[Any] = []
    for field in class_.model_fields.values():
        for inner in _classes_in(field.annotation):
            found += [c for c in [*_nested(inner), inner] if c not in found]
    return found


def _classes_in(annotation: Any) -> Iterator[Any]:
    if isinstance(annotation, type) and hasattr(annotation, "get_block_type_slug"):
        yield annotation
    for inner in get_args(annotation):
        yield from _classes_in(inner)


def schedule(subject: str) -> dict[str, Any]:
    """As ``schedule_question.py`` has it."""
    return dict(_beside("schedule_question").schedule(subject))


def automation(subject: str) -> dict[str, Any]:
    """As ``automation_question.py`` has it."""
    return dict(_beside("automation_question").automation(subject))


@cache
def _beside(name: str) -> Any:
    """A module of this folder, which is not on the path of a process of its own."""
    path, folders = Path(__file__).with_name(f"{name}.py"), None
    if not path.is_file():
        path, folders = Path(__file__).parent / name / "__init__.py", [str(path.with_suffix(""))]
    own = f"_introspect_{name}"  # the modules of whoever asks may have this name, too
    spec = importlib.util.spec_from_file_location(own, path, submodule_search_locations=folders)
    if spec is None or spec.loader is None:
        raise ImportError(name)
    sys.modules[own] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


QUESTIONS: dict[str, Callable[[str], dict[str, Any]]] = {
    each.__name__: each
    for each in (flow, bare_flow, imported_flow, worker, block, schedule, automation)
}


def environment() -> str:
    """Another text after each installation, update or removal of a package."""
    folders = [Path(p) for p in sys.path if p.endswith(("site-packages", "dist-packages"))]
    told = [(str(f.resolve()), f.stat().st_mtime_ns) for f in folders if f.is_dir()]
    return json.dumps([sys.version, told])


def fingerprint(path: str) -> str | None:
    """Of a file's content; none where there is no file."""
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except OSError:
        return None


def fingerprint_of_variable(name: str) -> str | None:
    """Of an environment variable, which may be a secret; none where it is not set."""
    value = os.environ.get(name)
    return None if value is None else hashlib.sha256(os.fsencode(value)).hexdigest()


@cache
def _installed() -> tuple[str, ...]:
    folders = {*site.getsitepackages(), *sysconfig.get_paths().values()}
    return ("<frozen", *(f"{folder}{os.sep}" for folder in folders))


def _is_installed(path: str) -> bool:
    return path.startswith(_installed())


def _sources() -> set[str]:
    """The files of all that was imported, but for installed packages."""
    found = {getattr(module, "__file__", None) for module in [*sys.modules.values()]}
    return {os.path.abspath(path) for path in found if path and not _is_installed(path)}


@cache
def _is_foreign(path: str) -> bool:
    """Whether a file is neither installed nor one of these: whoever asks has written it."""
    return not _is_installed(path) and not Path(path).is_relative_to(Path(__file__).parent)


def _answer(question: str, subject: str) -> dict[str, Any]:
    reading = _beside("reading")
    watch = reading.Watch(lambda frame: _is_foreign(frame.f_code.co_filename), strict=False)
    try:
        with suppress(ImportError):  # to be told by whoever needs it
            reading.import_prefect()  # under a watch, it takes half as long again
        with reading.watching(watch):
            told = QUESTIONS[question](subject)
    except Exception as error:
        return {"error": f"{error}" or type(error).__name__}
    return {
        "told": told,
        "lasting": watch.lasting,
        "files": {path: fingerprint(path) for path in sorted(watch.files | _sources())},
        "variables": {name: fingerprint_of_variable(name) for name in sorted(watch.variables)},
    }


def _main() -> None:
    gc.disable()  # a fifth of the time that it takes to import Prefect; this process ends soon
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what an imported module prints is no answer
    for line in sys.stdin:
        question, subject, variables = json.loads(line)
        if variables != dict(os.environ):
            os.environ.clear()
            os.environ.update(variables)
        print(json.dumps(_answer(question, subject)), file=answers, flush=True)


if __name__ == "__main__":
    _main()
