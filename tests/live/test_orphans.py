"""What a stack has made and no longer knows is found, and removed when that is asked for."""

import sys

import pytest

from tests.live.project import Project

pytestmark = pytest.mark.live

PROGRAM = """
from prefect_as_code import Deployment, DeploymentArgs

for name in {names}:
    Deployment(name, DeploymentArgs(flow_name="orphans", name=name, entrypoint="a.py:f"))
"""


def left(prefect):
    body = {"flows": {"name": {"any_": ["orphans"]}}}
    return sorted(d["name"] for d in prefect.post("/deployments/filter", json=body).json())


def test_what_no_state_knows_is_told_of_and_pruned_when_asked(
    tmp_path, api_url, pulumi_bin, prefect, python_first
):
    program = PROGRAM.format(names=["kept", "lost"])
    project = Project(tmp_path / "project", api_url, pulumi_bin, program, name="orphans")
    up = ("pulumi", "up", "--yes", "--skip-preview")
    recover = (sys.executable, "-m", "prefect_as_code.recover", "--yes")
    project.run(*up)
    project.run("pulumi", "state", "delete", "--yes", urn("lost"))
    (project.home / "__main__.py").write_text(PROGRAM.format(names=["kept"]))
    flow = prefect.post("/flows/", json={"name": "orphans"}).json()["id"]
    for labels in ({}, {"pulumi-resource": "orphans/another/theirs"}):
        body = {"flow_id": flow, "name": f"theirs-{len(labels)}", "labels": labels}
        prefect.post("/deployments/", json=body).raise_for_status()
    everything = ["kept", "lost", "theirs-0", "theirs-1"]

    said = project.run(*recover)
    assert said.rstrip().endswith("and no longer knows: orphans/lost")
    assert left(prefect) == everything
    said = project.run(*recover, "--prune")
    assert "Removed: deployments" in said
    assert left(prefect) == [name for name in everything if name != "lost"]
    assert "no longer knows" not in project.run(*recover)


def urn(name):
    return f"urn:pulumi:test::orphans::pulumi-python:dynamic/prefect:Deployment::{name}"
