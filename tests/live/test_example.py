"""examples/standalone, as its README says to run it."""

import json
from pathlib import Path

import httpx
import pytest

from tests.live.project import Project
from tests.live.stack import ROOT

pytestmark = pytest.mark.live

PROGRAM = (ROOT / "examples" / "standalone" / "__main__.py").read_text()


def test_ten_lines_keep_a_deployment_as_code(
    tmp_path: Path, api_url: str, pulumi_bin: Path, prefect: httpx.Client, python_first: None
) -> None:
    assert len([line for line in PROGRAM.splitlines() if line]) <= 10
    project = Project(tmp_path / "project", api_url, pulumi_bin, PROGRAM)
    up = ("pulumi", "up", "--yes", "--skip-preview")
    project.run(*up)
    live = prefect.get("/deployments/name/hello/alone").raise_for_status().json()
    assert (live["work_pool_name"], live["tags"]) == ("standalone", ["standalone"])
    project.run(*up, "--refresh", "--expect-no-changes")
    state = json.loads(project.run("pulumi", "stack", "export"))["deployment"]["resources"]
    told = {r["type"].rpartition(":")[2]: r.get("sourcePosition") for r in state}
    line = PROGRAM[: PROGRAM.index("prefect.Deployment(")].count("\n") + 1
    assert told["Deployment"] == f"project:///__main__.py#{line}", "the line that declares it"
    project.run("pulumi", "destroy", "--yes", "--skip-preview")
    assert prefect.get("/deployments/name/hello/alone").status_code == 404
