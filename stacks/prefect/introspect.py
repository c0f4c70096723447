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
from functools import cache
from pathlib import Path
from typing import Any, get_args


def flow(entrypoint: str) -> dict[str, Any]:
    """``name``, ``description`` and ``parameter_openapi_schema`` of ``path/to/file.py:function``.

    They are read from the source: what it imports need not be installed.
    """
    from prefect.flows import load_flow_arguments_from_entrypoint
    from prefect.utilities.callables import parameter_schema_from_entrypoint

    told = load_flow_arguments_from_entrypoint(entrypoint)
    schema = parameter_schema_from_entrypoint(entrypoint).model_dump_for_openapi()
    return {
        "name": told["name"],
        "description": told.get("description"),
        "parameter_openapi_schema": schema,
    }


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


@cache
def _beside(name: str) -> Any:
    """A module of this folder, which is not on the path of a process of its own."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    if spec is None or spec.loader is None:
        raise ImportError(name)
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


QUESTIONS: dict[str, Callable[[str], dict[str, Any]]] = {
    each.__name__: each for each in (flow, worker, block, schedule)
}


def environment() -> str:
    """Another text after each installation, update or removal of a package."""
    folders = [Path(p) for p in sys.path if p.endswith(("site-packages", "dist-packages"))]
    told = [(str(f), f.stat().st_mtime_ns) for f in folders if f.is_dir()]
    return json.dumps([sys.version, told])


def fingerprint(path: str) -> str | None:
    """Of a file's content; none where there is no file."""
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except OSError:
        return None


def _sources() -> list[str]:
    """The files of all that was imported, but for installed packages."""
    installed = {*site.getsitepackages(), *sysconfig.get_paths().values()}
    found = {getattr(module, "__file__", None) for module in [*sys.modules.values()]}
    return sorted(
        os.path.abspath(path)
        for path in found
        if path and not any(Path(path).is_relative_to(folder) for folder in installed)
    )


def _answer(question: str, subject: str) -> dict[str, Any]:
    try:
        told = QUESTIONS[question](subject)
    except Exception as error:
        return {"error": f"{error}" or type(error).__name__}
    files = [*_sources(), *([os.path.abspath(subject.partition(":")[0])] * (question == "flow"))]
    return {"told": told, "files": {path: fingerprint(path) for path in files}}


def _main() -> None:
    gc.disable()  # a fifth of the time that it takes to import Prefect; this process ends soon
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what an imported module prints is no answer
    for line in sys.stdin:
        print(json.dumps(_answer(*json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    _main()
