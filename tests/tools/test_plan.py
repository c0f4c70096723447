"""The plan of a stack as a comment: what it says, and that each stack has one of it."""

import json
import os
from pathlib import Path

import pytest

from tools import plan

PREVIEW = """\
Previewing update (dev):
  pulumi:pulumi:Stack: (same)
    + gcp:compute/network:Network: (create)
Resources:
    + 8 to create
    ~ 1 to update
    +-2 to replace
    11 changes. 29 unchanged
"""


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """Programs on PATH that print what they are told to, and keep what they were asked."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")

    def put(name, prints="", status=0):
        program = tmp_path / name
        asked = f"import json, sys; open('{name}.log', 'a').write(json.dumps(sys.argv[1:]) + '\\n')"
        said = f"sys.stdout.write({prints!r}); sys.exit({status})"
        program.write_text(f"#!/usr/bin/env python3\n{asked}\n{said}\n")
        program.chmod(0o755)

    return put


def asked(name):
    return [json.loads(line) for line in Path(f"{name}.log").read_text().splitlines()]


def test_the_heading_counts_the_changes():
    heading = plan.comment("dev", PREVIEW, failed=False).splitlines()[1]
    assert heading == "### `dev`: 8 to create, 1 to update, 2 to replace"


def test_no_change_is_said_in_words():
    text = plan.comment("dev", "Resources:\n    29 unchanged\n", failed=False)
    assert "### `dev`: nothing to change" in text


def test_a_preview_that_failed_shows_what_pulumi_said():
    text = plan.comment("dev", "error: prefect_api_key is missing", failed=True)
    assert "### `dev`: the preview failed" in text
    assert "<details open>" in text
    assert "error: prefect_api_key is missing" in text


def test_backticks_in_a_plan_do_not_end_its_block():
    text = plan.comment("dev", "a\n````\nb", failed=False)
    assert "`````\na\n````\nb\n`````" in text


def test_a_plan_that_github_would_refuse_is_shortened_in_the_middle():
    text = plan.comment("dev", f"first{'x' * 200_000}last", failed=False)
    assert len(text) < 65_536
    assert "first" in text
    assert "last" in text
    assert "140009 characters left out" in text


def test_the_status_of_make_plan_is_pulumis_and_the_comment_is_written_all_the_same(programs):
    programs("pulumi", "error: no such stack\n", status=255)
    assert plan.main(["write", "--stack", "dev"]) == 255
    assert "the preview failed" in Path(".local/plan-dev.md").read_text()
    assert asked("pulumi")[0][:3] == ["preview", "--stack", "dev"]


def test_the_first_plan_is_a_new_comment(programs):
    programs("pulumi", PREVIEW)
    programs("gh")
    plan.main(["write", "--stack", "dev"])
    assert plan.main(["post", "--stack", "dev", "--pull-request", "12"]) == 0
    assert asked("gh")[-1] == ["pr", "comment", "12", "--body-file", ".local/plan-dev.md"]


def test_the_next_plan_takes_the_place_of_the_first(programs):
    programs("pulumi", PREVIEW)
    programs("gh", "https://github.com/acme/flows/pull/12#issuecomment-345\n")
    plan.main(["write", "--stack", "dev"])
    assert plan.main(["post", "--stack", "dev", "--pull-request", "12"]) == 0
    looked, sent = asked("gh")
    assert plan.marker("dev") in looked[-1]
    assert "viewerDidAuthor" in looked[-1]  # not a comment that somebody else began so
    assert sent[:4] == ["api", "--method", "PATCH", "repos/{owner}/{repo}/issues/comments/345"]
    assert "body=@.local/plan-dev.md" in sent


def test_without_a_plan_there_is_nothing_to_post(programs, capsys):
    programs("gh")
    assert plan.main(["post", "--stack", "dev", "--pull-request", "12"]) == 1
    assert "make plan STACK=dev" in capsys.readouterr().err


def test_what_github_refuses_fails_the_step(programs):
    programs("pulumi", PREVIEW)
    programs("gh", status=4)
    plan.main(["write", "--stack", "dev"])
    assert plan.main(["post", "--stack", "dev", "--pull-request", "12"]) == 4
