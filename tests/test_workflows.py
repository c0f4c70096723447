"""The workflows do what a person can do with make, as somebody who may do just that."""

import json
import re
from pathlib import Path

import pytest
import yaml

from tools import builder

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / ".github" / "workflows"
FILES = sorted(FOLDER.glob("*.yml"))
SETUP = ROOT / "docs" / "INITIAL_SETUP.md"

READS, IS_SOMEBODY, COMMENTS = (
    {"contents": "read"},
    {"id-token": "write"},
    {"pull-requests": "write"},
)
PLANS, DEPLOYS = READS | IS_SOMEBODY | COMMENTS, READS | IS_SOMEBODY
RELEASES = {"contents": "write"}

# What each job may, of all that GitHub could let it.
MAY = {
    "checks.yml": {"checks": READS, "images": READS},
    "pull-request.yml": {"checks": READS, "dev": PLANS, "prod": PLANS, "fork": {}},
    "plan.yml": {"plan": PLANS},
    "deploy.yml": {"checks": READS, "dev": DEPLOYS, "prod": DEPLOYS},
    "up.yml": {"up": DEPLOYS},
    "release.yml": {"checks": READS, "release": RELEASES},
}
# What .ci/run installs too, and GitHub's machines lack.
INSTALL = "sudo apt-get update -qq && sudo apt-get install -y -qq docker-registry"
ACTIONS = {
    "actions/checkout",
    "actions/setup-python",
    "docker/setup-buildx-action",
    "google-github-actions/auth",
}


def read(name):
    told = yaml.safe_load((FOLDER / name).read_text())
    told["on"] = told.pop(True)  # YAML takes the word for a yes
    return told


def jobs():
    return [(file.name, key, job) for file in FILES for key, job in read(file.name)["jobs"].items()]


def steps(what):
    return [step[what] for _, _, job in jobs() for step in job.get("steps", ()) if what in step]


def calls(name, callee):
    """By stack, the jobs of a workflow that call another one."""
    found = read(name)["jobs"].values()
    uses = f"./.github/workflows/{callee}"
    return {job["with"]["stack"]: job for job in found if job.get("uses") == uses}


def test_each_job_may_just_what_it_needs():
    told = {file.name: read(file.name) for file in FILES}
    assert all(workflow["permissions"] == {} for workflow in told.values())
    granted = {
        name: {key: job.get("permissions", {}) for key, job in workflow["jobs"].items()}
        for name, workflow in told.items()
    }
    assert granted == MAY


def test_every_step_is_a_make_target_that_exists():
    targets = set(re.findall(r"^([a-z0-9-]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for command in steps("run"):
        if command == INSTALL:
            continue
        if command.startswith("echo "):  # why nothing is done
            assert re.fullmatch(r'echo "::notice title=[^"$]*"', command)
            continue
        program, *words = command.split()
        assert program == "make", f"{command}: a person could not run it"
        asked = {word for word in words if "=" not in word}
        assert asked
        assert asked <= targets


def test_no_step_pastes_what_others_write_into_a_shell():
    assert not [command for command in steps("run") if "${{" in command]


def test_other_peoples_code_is_of_few_and_of_a_named_version():
    for used in steps("uses"):
        name, _, version = used.partition("@")
        assert name in ACTIONS
        assert re.fullmatch(r"v\d+", version)


def test_no_secret_of_github_is_needed():
    assert not [file for file in FILES if re.search(r"\bsecrets\b", file.read_text())]


def test_the_code_of_a_pull_request_runs_with_no_more_than_its_own_rights():
    assert not [file for file in FILES if "pull_request_target" in file.read_text()]
    assert not [file for file in FILES if "workflow_run" in file.read_text()]


def test_no_credential_of_git_stays_on_the_runner():
    checkouts = [
        step
        for _, _, job in jobs()
        for step in job.get("steps", ())
        if step.get("uses", "").startswith("actions/checkout@")
    ]
    assert checkouts
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


@pytest.mark.parametrize("name", ["plan.yml", "up.yml"])
def test_a_called_workflow_gets_all_that_it_asks_for(name):
    inputs = set(read(name)["on"]["workflow_call"]["inputs"])
    caller = {"plan.yml": "pull-request.yml", "up.yml": "deploy.yml"}[name]
    found = calls(caller, name)
    assert found.keys() == {"dev", "prod"}
    for stack, job in found.items():
        assert job["with"].keys() == inputs
        of_google = [value for key, value in job["with"].items() if key != "stack"]
        assert all(f"vars.{stack.upper()}_GOOGLE_" in value for value in of_google)


def test_a_plan_is_made_in_no_environment():
    """Google knows the previewer by the subject pull_request, which an environment would hide."""
    assert "environment" not in read("plan.yml")["jobs"]["plan"]


def test_a_stack_is_deployed_in_the_environment_that_google_trusts():
    assert read("up.yml")["jobs"]["up"]["environment"] == "${{ inputs.stack }}"
    for stack in ("dev", "prod"):
        config = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())["config"]
        assert config["dataflows:github"]["environment"] == stack


def test_two_deployments_of_one_stack_never_overlap_and_none_is_cut_off():
    concurrency = read("up.yml")["jobs"]["up"]["concurrency"]
    assert concurrency == {"group": "up-${{ inputs.stack }}", "cancel-in-progress": False}


def test_what_is_merged_goes_to_dev_before_prod_and_is_checked_before_both():
    deploy = read("deploy.yml")
    assert deploy["on"] == {"push": {"branches": ["main"]}}
    assert {key: job.get("needs") for key, job in deploy["jobs"].items()} == {
        "checks": None,
        "dev": "checks",
        "prod": "dev",
    }


def test_a_tag_is_checked_as_every_change_is_before_it_is_released():
    told = read("release.yml")
    assert told["on"] == {"push": {"tags": ["v[0-9]+.[0-9]+.[0-9]+"]}}
    assert told["jobs"]["checks"]["uses"] == "./.github/workflows/checks.yml"
    release = told["jobs"]["release"]
    assert release["needs"] == "checks"
    assert release["env"] == {"TAG": "${{ github.ref_name }}"}
    assert [step["run"] for step in release["steps"] if "run" in step] == [
        'make release TAG="$TAG"'
    ]


def test_a_fork_gets_no_plan_and_is_told_why():
    ours = "github.event.pull_request.head.repo.full_name == github.repository"
    asked = read("pull-request.yml")["jobs"]
    assert asked["fork"]["if"] == ours.replace("==", "!=")
    assert all(asked[stack]["if"].startswith(ours) for stack in ("dev", "prod"))


def test_the_checks_are_those_of_a_fresh_clone():
    """The workflow has two jobs for what .ci/run does in one go, and looks for vulnerabilities."""
    told = read("checks.yml")["jobs"]
    commands = {name: [s["run"] for s in job["steps"] if "run" in s] for name, job in told.items()}
    assert commands == {
        "checks": [INSTALL, "make lint types test"],
        "images": [INSTALL, "make e2e", "make audit"],
    }
    here = re.findall(r"^make .*?(?= *>|\s*\|\||$)", (ROOT / ".ci/run").read_text(), re.MULTILINE)
    halves = ["make test ARGS=tests/live"]
    halves.append("make test ARGS=\"-m 'e2e or not e2e' --ignore=tests/live tests\"")
    assert here == ["make lint types", *halves]


def test_who_tells_an_image_its_commit_has_the_whole_history():
    told = {
        (name, key): step["with"].get("fetch-depth")
        for name, key, job in jobs()
        for step in job.get("steps", ())
        if step.get("uses", "").startswith("actions/checkout@")
    }
    assert {where for where, depth in told.items() if depth == 0} == {
        ("checks.yml", "images"),
        ("plan.yml", "plan"),
        ("up.yml", "up"),
    }


def test_each_variable_of_the_workflows_is_set_in_the_initial_setup():
    used = {name for file in FILES for name in re.findall(r"\bvars\.(\w+)", file.read_text())}
    told = set(re.findall(r"gh variable set (\w+)", SETUP.read_text()))
    assert used == told


def test_renovate_moves_what_only_the_makefile_pins():
    told = json.loads((ROOT / "renovate.json").read_text())
    [pattern] = [each for manager in told["customManagers"] for each in manager["matchStrings"]]
    found = re.search(pattern.replace("(?<", "(?P<"), (ROOT / "Makefile").read_text())
    assert found
    assert found["depName"] == "pip-audit"
    assert re.fullmatch(r"\d+\.\d+\.\d+", found["currentValue"])


def test_the_builder_that_make_deploy_looks_for_is_set_up_before_it(monkeypatch):
    monkeypatch.setattr(builder, "_current_context", str)
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT"):
        monkeypatch.delenv(name, raising=False)
    told = read("up.yml")["jobs"]["up"]["steps"]
    [buildx] = [step for step in told if "setup-buildx-action" in step.get("uses", "")]
    [deploy] = [step for step in told if "make deploy" in step.get("run", "")]
    assert buildx["with"] == {"name": builder.name()}
    assert told.index(buildx) < told.index(deploy)
