"""Images are built where this machine has its Docker, on a builder that is there before Pulumi."""

import json

import pytest

from tools import builder

DOCKER = """\
#!/bin/sh
# What buildx does with builders: each is a file.
echo "$DOCKER_HOST|$*" >>{home}/calls
test ! -e {home}/bare || {{ echo "unknown flag: --$3" >&2; exit 1; }}
case "$2" in
inspect) test -e {home}/builder-$4 ;;
create)
    test ! -e {home}/broken || {{ echo "Cannot connect" >&2; exit 1; }}
    touch {home}/builder-$4 ;;
esac
"""
CREATE = "buildx create --name {} --driver docker-container --bootstrap"


@pytest.fixture
def docker(tmp_path, monkeypatch):
    """The calls of a docker that keeps builders; each with the host that it was for."""
    program = tmp_path / "docker"
    program.write_text(DOCKER.format(home=tmp_path))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT"):
        monkeypatch.delenv(name, raising=False)

    def calls():
        return [line.split("|") for line in (tmp_path / "calls").read_text().splitlines()]

    return calls


def test_a_builder_is_made_once(docker):
    builder.ensure(builder.name())
    builder.ensure(builder.name())
    assert [what for _, what in docker()] == [
        "buildx inspect --bootstrap dataflows",
        "buildx version",
        CREATE.format("dataflows"),
        "buildx inspect --bootstrap dataflows",
    ]


def test_each_place_of_docker_has_its_own(docker, monkeypatch, tmp_path):
    names = [builder.name()]
    (tmp_path / "config.json").write_text(json.dumps({"currentContext": "colima"}))
    names.append(builder.name())
    monkeypatch.setenv("DOCKER_CONTEXT", "rootless")
    names.append(builder.name())
    monkeypatch.setenv("DOCKER_HOST", "tcp://docker:2375")
    names.append(builder.name())
    assert len({*names}) == 4
    builder.ensure(names[-1])
    assert docker()[-1] == ["tcp://docker:2375", CREATE.format(names[-1])]


def test_a_docker_that_does_not_answer_is_said_in_its_words_and_stops_nothing(
    docker, tmp_path, capsys
):
    (tmp_path / "broken").touch()
    builder.ensure("dataflows")
    assert "docker: there is no builder: Cannot connect" in capsys.readouterr().err


def test_without_docker_nothing_is_said(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("PATH", str(tmp_path))
    builder.ensure("dataflows")
    assert capsys.readouterr() == ("", "")


def test_only_a_stack_that_builds_has_use_for_one():
    assert [s for s in ("local", "dev", "prod", "none") if builder.builds(s)] == ["dev"]


@pytest.mark.parametrize(
    "images", ["{source: build}", '\n    source: "build"', "\n    source:  build # so"]
)
def test_a_stack_that_builds_may_say_so_as_yaml_can(images, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "Pulumi.dev.yaml").write_text(f"config:\n  dataflows:images: {images}\n")
    assert builder.builds("dev")


def test_a_docker_without_buildx_is_told_where_it_is_to_be_had(docker, tmp_path, capsys):
    (tmp_path / "bare").touch()
    builder.ensure(builder.name())
    said = capsys.readouterr().err
    assert said == (
        "docker: it has no buildx, which builds images: https://docs.docker.com/go/buildx/\n"
    )
