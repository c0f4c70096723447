"""The programs in examples/, of which the library's README has the text."""

import json
from pathlib import Path

import httpx
import pytest

from tests.live.gateway import KEY, gateway
from tests.live.project import Project
from tests.live.stack import ROOT

pytestmark = pytest.mark.live

EXAMPLES = ROOT / "examples"
PROGRAM = (EXAMPLES / "standalone" / "__main__.py").read_text()


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


def test_every_kind_of_the_readme_comes_up_stays_and_goes(
    tmp_path: Path, api_url: str, pulumi_bin: Path, python_first: None
) -> None:
    program = (EXAMPLES / "kinds" / "__main__.py").read_text()
    project = Project(tmp_path / "project", api_url, pulumi_bin, program)
    lives(project)


def test_what_only_prefect_cloud_has_comes_up_stays_and_goes(
    tmp_path: Path, api_url: str, pulumi_bin: Path, prefect: httpx.Client, python_first: None
) -> None:
    program = (EXAMPLES / "cloud" / "__main__.py").read_text()
    prefect.post("/work_pools/", json={"name": "etl", "type": "process"}).raise_for_status()
    with gateway(api_url) as cloud:
        project = Project(tmp_path / "project", cloud.url(), pulumi_bin, program)
        project.run("pulumi", "config", "set", "role", "role-1")
        project.run("pulumi", "config", "set", "--secret", "prefect_api_key", KEY)
        lives(project)
        assert not cloud.bots
        assert not cloud.webhooks
    prefect.delete("/work_pools/etl").raise_for_status()


def lives(project: Project) -> None:
    up = ("pulumi", "up", "--yes", "--skip-preview")
    project.run(*up)
    project.run(*up, "--refresh", "--expect-no-changes")
    project.run("pulumi", "destroy", "--yes", "--skip-preview")
