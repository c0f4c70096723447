"""A flow registers as `prefect deploy` would register it, or not at all; the same everywhere."""

import json
import os
import re
import subprocess
import sys
import sysconfig
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from pathlib import Path

import pytest

from prefect_as_code import introspect

from .signatures import cases, imported

CASES = list(cases.cases())
VARIABLES = {**os.environ, "REGION": "north"}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return tmp_path_factory.mktemp("project")


@pytest.fixture(scope="module")
def written(project):
    return cases.write(project)


def run(command, told, project, path):
    done = subprocess.run(
        [sys.executable, *command],
        input=told,
        cwd=project,
        env={**VARIABLES, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


def ask_prefect(project, written):
    entrypoints = [entrypoint for _, entrypoint, why in written if why is None]
    [line] = run(["-P", imported.__file__], json.dumps(entrypoints), project, str(project))
    return dict(zip(entrypoints, json.loads(line), strict=True))


def read(project, written, options, path):
    asked = [json.dumps(["flow", entrypoint, VARIABLES]) for _, entrypoint, _ in written]
    lines = run([*options, introspect.__file__], "\n".join(asked), project, path)
    return {e: json.loads(line) for (_, e, _), line in zip(written, lines, strict=True)}


@pytest.fixture(scope="module")
def lean(tmp_path_factory):
    """The packages where Prefect is installed, and nothing of the flows."""
    folder = tmp_path_factory.mktemp("lean")
    for package in required("prefect"):
        for file in {f.parts[0] for f in package.files or () if f.parts[0] not in ("..", ".")}:
            if not (folder / file).exists():
                (folder / file).symlink_to(Path(sysconfig.get_path("purelib"), file))
    assert not (folder / "numpy").exists()
    return folder


@pytest.fixture(scope="module")
def answers(project, written, lean):
    """As Prefect has it, as it is read with the flows' packages at hand, and without them."""
    paths = str(project), os.pathsep.join([str(project), str(lean)])
    with ThreadPoolExecutor() as at_once:
        told = (
            at_once.submit(ask_prefect, project, written),
            at_once.submit(read, project, written, ["-P"], paths[0]),
            at_once.submit(read, project, written, ["-P", "-S"], paths[1]),
        )
        return [each.result() for each in told]


def required(name):
    from packaging.requirements import Requirement

    found, todo = {}, [name]
    while todo:
        each = todo.pop()
        try:
            found[each] = metadata.distribution(each)
        except metadata.PackageNotFoundError:
            continue
        for line in found[each].requires or ():
            wanted = Requirement(line)
            if wanted.marker is None or wanted.marker.evaluate({"extra": ""}):
                todo += {wanted.name.lower()} - found.keys()
    return found.values()


@pytest.mark.parametrize("number", range(len(CASES)), ids=[case[0] for case in CASES])
def test_a_flow_is_read_as_prefect_imports_it_or_refused(number, written, answers):
    _, entrypoint, why = written[number]
    as_imported, rich, lean = (each.get(entrypoint) for each in answers)
    if why is None:
        assert rich.get("told", rich) == as_imported
    else:
        assert re.search(why, rich.get("error", "")), rich
        path = re.escape(entrypoint.partition(":")[0])
        assert re.search(rf"{path}:", rich["error"]) or "has no function" in rich["error"]
    assert (lean.get("told"), lean.get("error")) == (rich.get("told"), rich.get("error"))


def test_the_flows_of_this_repository_are_kept():
    answers = [introspect_here(each) for each in ("hello.py:hello", "ingest/flow.py:ingest")]
    assert [answer["lasting"] for answer in answers] == [True, True]
    assert not [answer["variables"] for answer in answers if answer["variables"]]


def introspect_here(entrypoint):
    root = Path(__file__).parents[2]
    told = json.dumps(["flow", f"flows/{entrypoint}", VARIABLES])
    [line] = run(["-P", introspect.__file__], told, root, str(root))
    return json.loads(line)
