"""Which commit an image says it is of, and that its content is what its context lets in."""

import subprocess
from pathlib import Path

import pytest

from stacks.images import ASIDE, CONTENT, CONTEXTS, labels
from stacks.images.revision import last_change

ROOT = Path(__file__).parents[3]


@pytest.fixture
def git(tmp_path, monkeypatch):
    """A repository of its own, on another day for each commit."""
    monkeypatch.chdir(tmp_path)
    for name in ("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME", "EMAIL"):
        monkeypatch.setenv(name, "somebody@example.com")
    days = iter(range(1, 10))

    def run(*words):
        done = subprocess.run(["git", *words], check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def commit(path):
        monkeypatch.setenv("GIT_COMMITTER_DATE", f"2026-11-0{next(days)}T12:00:00Z")
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(file.read_text() + "more\n" if file.exists() else "new\n")
        run("add", path)
        run("commit", "-m", path)
        return run("rev-parse", "HEAD")

    run("init", "-q")
    run.commit = commit
    return run


def revision(image):
    told = labels(image, None)
    return told.get("org.opencontainers.image.revision")


def test_an_image_is_of_the_last_commit_that_touched_what_is_in_it(git):
    agent = git.commit("images/agent/entrypoint.py")
    runner = git.commit("flows/hello.py")
    git.commit("docs/page.md")
    assert (revision("agent"), revision("runner")) == (agent, runner)
    both = git.commit("images/trim.py")
    assert (revision("agent"), revision("runner")) == (both, both)
    git.commit("images/agent/health.py")
    assert revision("runner") == both


def test_another_schedule_makes_no_other_image(git, tmp_path):
    commit = git.commit("flows/hello.py")
    git.commit("flows/deployments.py")
    git.commit("flows/declarations/checking.py")
    (tmp_path / "flows/deployments.py").write_text("changed\n")
    assert revision("runner") == commit


def test_its_version_sorts_by_date_and_names_the_commit(git):
    commit = git.commit("flows/hello.py")
    git.commit("docs/page.md")
    version = labels("runner", None)["org.opencontainers.image.version"]
    assert version == f"2026-11-01-{commit[:7]}"


def test_what_is_not_committed_is_marked(git, tmp_path):
    commit = git.commit("flows/hello.py")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/page.md").write_text("new\n")
    assert revision("runner") == commit
    (tmp_path / "flows/orders.py").write_text("new\n")
    assert revision("runner") == f"{commit}-dirty"


def test_where_nobody_can_tell_the_commit_nothing_is_said(git, tmp_path, monkeypatch):
    git.commit("docs/page.md")
    assert revision("runner") is None
    git.commit("flows/hello.py")
    git.commit("docs/page.md")
    git("clone", "-q", "--depth=1", f"file://{tmp_path}", "shallow")
    monkeypatch.chdir(tmp_path / "shallow")
    assert last_change(CONTENT["runner"]) is None
    monkeypatch.chdir("/")
    assert labels("agent", "https://github.com/acme/flows") == {
        "org.opencontainers.image.title": "dataflows agent",
        "org.opencontainers.image.source": "https://github.com/acme/flows",
    }


@pytest.mark.parametrize("image", CONTEXTS)
def test_the_context_lets_in_what_the_image_is_said_to_be_of_and_nothing_else(image):
    context, dockerfile = CONTEXTS[image]
    lines = (ROOT / f"{dockerfile}.dockerignore").read_text().splitlines()
    everything, *others = [line for line in lines if not line.startswith("#")]
    assert everything == "*"
    let_in = {Path(context, line[1:]).as_posix() for line in others if line.startswith("!")}
    assert let_in == {*CONTENT[image]}
    aside = [*ASIDE] if image == "runner" else []
    left_out = [line for line in others if not line.startswith("!")]
    assert left_out == [*aside, "**/__pycache__", "**/.*"]
    assert all((ROOT / each).exists() for each in aside)


@pytest.mark.parametrize("image", CONTEXTS)
def test_the_base_is_told_by_the_stack_or_pinned_by_its_digest(image):
    lines = (ROOT / CONTEXTS[image][1]).read_text().splitlines()
    [default] = [line for line in lines if line.startswith("ARG BASE_IMAGE=")]
    assert default == (ROOT / CONTEXTS["agent"][1]).read_text().splitlines()[1], "two bases"
    _, _, digest = default.partition("@sha256:")
    assert len(digest) == 64
    bases = {line.split()[1] for line in lines if line.startswith("FROM ")}
    assert bases == {"${BASE_IMAGE}"}
