"""What building leaves behind on a real engine."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tools.containers.engine import Docker

pytestmark = pytest.mark.e2e

NAME, OTHER = "dataflows-superseded:e2e", "dataflows-superseded:other"


@pytest.fixture
def build(docker: Docker, tmp_path: Path) -> Iterator[Callable[[str, str], str]]:
    """The id of the image of that name, which holds one file that tells this."""
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY told /\n")

    def built(name: str, told: str) -> str:
        (tmp_path / "told").write_text(told)
        docker.build(name, str(tmp_path))
        return docker.run("image", "inspect", "--format", "{{.Id}}", name)

    yield built
    docker.call("rmi", NAME, OTHER)


def test_an_image_that_a_build_supersedes_goes(docker, build):
    one, two, again = build(NAME, "one"), build(NAME, "two"), build(NAME, "two")
    assert not docker.has(one)
    assert two == again
    assert docker.has(two)


def test_an_image_that_has_another_name_too_keeps_it(docker, build):
    assert build(NAME, "one") == build(OTHER, "one")
    build(OTHER, "two")
    assert docker.has(NAME)
