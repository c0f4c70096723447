"""What a change of a flow costs: a layer of some kilobytes, and no other."""

import json
import shutil
from pathlib import Path

import pytest

from stacks.images import CONTENT
from tests.e2e.containers import ROOT, Built, Images
from tests.registry import RealRegistry

pytestmark = pytest.mark.e2e


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What goes into the runner, of other times and rights than here."""
    for here in (path for pattern in CONTENT["runner"] for path in ROOT.glob(pattern)):
        there = tmp_path / here.relative_to(ROOT)
        there.parent.mkdir(parents=True, exist_ok=True)
        if here.is_dir():
            shutil.copytree(here, there, copy_function=shutil.copyfile)
        else:
            shutil.copyfile(here, there)
    for file in tmp_path.rglob("*.py"):
        file.chmod(0o660)
    return tmp_path


def pushed(image: Built, registry: RealRegistry) -> list[dict]:
    """The layers as the registry has them: by digest, with what each weighs on the wire."""
    name = f"{registry.host}/{image.name}"
    image.docker.run("tag", image.name, name)
    try:
        image.docker.run("push", "--quiet", name)
    finally:
        image.docker.run("rmi", name)
    repository, _, tag = image.name.partition(":")
    return json.loads(registry.content(repository, tag))["layers"]


def test_a_line_of_a_flow_is_pushed_as_some_kilobytes(
    images: Images, runner: Built, clone: Path, registry: RealRegistry
):
    with (clone / "flows/hello.py").open("a") as flow:
        flow.write("\nANOTHER = 1\n")
    changed = images.build("runner", clone, "changed")
    before, after = pushed(runner, registry), pushed(changed, registry)
    assert before[:-1] == after[:-1]
    assert before[-1] != after[-1]
    assert after[-1]["size"] < 150_000  # all of the flows, with their bytecode
    assert after[-1]["size"] < sum(each["size"] for each in after) / 1000


def test_the_same_files_are_the_same_layers_wherever_and_whenever_they_are_built(
    images: Images, runner: Built, clone: Path
):
    again = images.build("runner", clone, "again", "--no-cache")
    assert again.layers == runner.layers
