"""What building leaves behind on a real engine."""

import pytest

pytestmark = pytest.mark.e2e

NAME = "dataflows-superseded:e2e"


def test_an_image_that_a_build_supersedes_goes(docker, tmp_path):
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY told /\n")
    ids = []
    for told in ("one", "two", "two"):
        (tmp_path / "told").write_text(told)
        docker.build(NAME, str(tmp_path))
        ids.append(docker.run("image", "inspect", "--format", "{{.Id}}", NAME))
    assert not docker.has(ids[0])
    assert ids[1] == ids[2]
    assert docker.has(ids[2])
    docker.run("rmi", NAME)
