"""What is promoted, what is refused, and that a refusal changes nothing."""

import json
import shutil
from collections.abc import Callable

import pytest
import yaml

from promotion.settings import Settings, read
from tests.promotion.conftest import REVISION, Workshop
from tests.registry import image

Said = pytest.CaptureFixture[str]


def images(workshop: Workshop) -> dict:
    return yaml.safe_load(workshop.prod.read_text())["config"]["dataflows:images"]


def refused(workshop: Workshop, capsys: Said, *options: str, **stacks: str) -> str:
    """What is said of a promotion that does not happen."""
    before, status = workshop.prod.read_bytes(), workshop.git("status", "--porcelain")
    assert workshop.promote(*options, **stacks) == 1
    assert workshop.prod.read_bytes() == before
    assert workshop.git("status", "--porcelain") == status
    said = capsys.readouterr()
    assert not said.out
    return said.err


def test_proved_images_are_written_with_whence_when_and_by_whom(
    workshop: Workshop, capsys: Said
) -> None:
    digests = workshop.proved("first")
    assert workshop.promote() == 0
    now = images(workshop)["now"]
    assert now.pop("at").endswith("Z")
    assert now == digests | {
        "copied_from": workshop.dev["images_repository"],
        "stack": "dev",
        "git_revision": REVISION,
        "by": "Ada Lovelace",
    }
    said = capsys.readouterr().out
    assert f"+      agent: {digests['agent']}\n" in said
    assert 'git commit -m "Promote dev to prod" -- Pulumi.prod.yaml' in said
    assert workshop.git("status", "--porcelain") == " M Pulumi.prod.yaml\n"


def test_a_dry_run_shows_the_same_and_changes_nothing(workshop: Workshop, capsys: Said) -> None:
    digests = workshop.proved("first")
    before = workshop.prod.read_bytes()
    assert workshop.promote("--dry-run") == 0
    assert workshop.prod.read_bytes() == before
    assert workshop.git("status", "--porcelain") == ""
    said = capsys.readouterr().out
    assert f"+      agent: {digests['agent']}\n" in said
    assert said.endswith("Nothing was changed, as this is a dry run.\n")


def test_what_is_there_already_is_not_written_again(workshop: Workshop, capsys: Said) -> None:
    workshop.proved("first")
    workshop.promote()
    before = workshop.prod.read_bytes()
    capsys.readouterr()
    assert workshop.promote() == 0
    assert workshop.prod.read_bytes() == before
    assert "prod has the images of dev already, since 20" in capsys.readouterr().out


def test_a_deployment_without_a_run_on_the_image_is_not_proved(
    workshop: Workshop, capsys: Said
) -> None:
    workshop.proved("first")
    workshop.deployed("second")
    workshop.runs.run(workshop.runs.hello, "COMPLETED")
    said = refused(workshop, capsys)
    [report] = [name for name in workshop.runs.deployments if name != workshop.runs.hello]
    assert f"{report}: no run on this image; start one: prefect deployment run {report}" in said
    assert workshop.runs.hello not in said
    assert said.endswith("Nothing was changed.\n")


def test_a_failed_run_is_named_with_its_state_and_link(workshop: Workshop, capsys: Said) -> None:
    workshop.proved("first")
    run = workshop.runs.run(workshop.runs.hello, "FAILED")
    said = refused(workshop, capsys)
    site = workshop.api_url.removesuffix("/api")
    assert f"{workshop.runs.hello}: Failed 20" in said
    assert f" UTC, {site}/runs/flow-run/{run}\n" in said


def test_a_reason_goes_before_a_proof_and_is_recorded_with_what_is_not_proved(
    workshop: Workshop, capsys: Said
) -> None:
    workshop.proved("first")
    workshop.runs.run(workshop.runs.hello, "CRASHED")
    assert workshop.promote("--reason", "the shop is\nclosed") == 0
    now = images(workshop)["now"]
    assert now["reason"] == "the shop is closed"
    [unproved] = now["unproved"]
    assert unproved.startswith(f"{workshop.runs.hello}: Crashed ")
    assert f"not proved: {unproved}" in capsys.readouterr().out


def test_a_reason_that_was_not_needed_is_not_recorded(workshop: Workshop) -> None:
    workshop.proved("first")
    assert workshop.promote("--reason", "to be sure") == 0
    assert "reason" not in images(workshop)["now"]


def test_files_that_are_not_committed_are_named(workshop: Workshop, capsys: Said) -> None:
    workshop.proved("first")
    for name in ("dev", "local"):
        with (workshop.folder / f"Pulumi.{name}.yaml").open("a") as file:
            file.write("# changed\n")
    said = refused(workshop, capsys, "--reason", "in a hurry")
    assert "Pulumi.dev.yaml, Pulumi.local.yaml are not committed, and a promotion is a" in said


def test_an_image_that_is_not_in_the_registry_is_named(workshop: Workshop, capsys: Said) -> None:
    digest = workshop.proved("first")["agent"]
    host, _, repository = workshop.dev["images_repository"].partition("/")
    workshop.registry.remove(f"{repository}/agent", digest)
    said = refused(workshop, capsys, "--reason", "in a hurry")
    assert f"{host}/{repository}/agent@{digest} is not in the registry" in said


def test_all_that_speaks_against_it_is_said_at_once(workshop: Workshop, capsys: Said) -> None:
    digest = workshop.deployed("first")["agent"]
    _, _, repository = workshop.dev["images_repository"].partition("/")
    workshop.registry.remove(f"{repository}/agent", digest)
    (workshop.folder / "Pulumi.local.yaml").write_text("config: {}\n")
    said = refused(workshop, capsys)
    for text in ("Pulumi.local.yaml is not committed", "not in the registry", "no run on this"):
        assert text in said
    assert said.count("no run on this image") == 2


def test_what_no_commit_has_is_not_proved(workshop: Workshop, capsys: Said) -> None:
    workshop.proved("first")
    workshop.dev["images_revision"] = f"{REVISION}-dirty"
    workshop.answers()
    assert f"dev was deployed from what no commit has ({REVISION}-dirty)" in refused(
        workshop, capsys
    )


@pytest.mark.parametrize(
    ("origin", "to", "text"),
    [
        ("staging", "prod", "There is no stack staging: no file Pulumi.staging.yaml in"),
        ("dev", "production", "Take one of dev, local, prod."),
        ("prod", "prod", "prod cannot be promoted to itself"),
        ("local", "prod", "Pulumi.local.yaml has no dataflows:images, so local has no images"),
        ("prod", "dev", "dev does not run promoted images: in Pulumi.dev.yaml images.source is b"),
        ("dev", "local", "local does not run promoted images: in Pulumi.local.yaml it has no ima"),
    ],
)
def test_stacks_that_cannot_be_promoted_so_are_refused(
    workshop: Workshop, capsys: Said, origin: str, to: str, text: str
) -> None:
    workshop.proved("first")
    assert text in refused(workshop, capsys, origin=origin, to=to)


def test_a_stack_that_was_never_deployed_is_refused(workshop: Workshop, capsys: Said) -> None:
    said = refused(workshop, capsys)
    assert "`pulumi stack output --json --show-secrets --stack dev` failed: error: no stack" in said
    (workshop.bin / "stack-dev.json").write_text(json.dumps({"git_revision": REVISION}))
    assert "The stack dev has no output images, images_repository" in refused(workshop, capsys)


def test_a_prefect_that_cannot_be_reached_is_named(workshop: Workshop, capsys: Said) -> None:
    workshop.proved("first")
    workshop.answers(api_url="http://127.0.0.1:1/api")
    assert "Prefect at http://127.0.0.1:1/api is down" in refused(workshop, capsys)


def test_a_key_that_is_refused_is_said_and_never_shown(
    workshop: Workshop, capsys: Said, refusing: str
) -> None:
    workshop.proved("first")
    workshop.answers(api_url=refusing, key="pnu_secret")
    said = refused(workshop, capsys)
    assert "Prefect refuses who we are (401)" in said
    assert "pnu_secret" not in said


def test_a_registry_that_cannot_be_reached_is_named(workshop: Workshop, capsys: Said) -> None:
    workshop.proved("first")
    workshop.dev["images_repository"] = "127.0.0.1:1/acme/dev"
    workshop.answers()
    assert "no answer from 127.0.0.1:1" in refused(workshop, capsys)


def test_without_pulumi_it_says_how_it_is_called(
    workshop: Workshop, capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    (workshop.bin / "pulumi").unlink()
    (workshop.bin / "git").symlink_to(shutil.which("git") or "")
    monkeypatch.setenv("PATH", str(workshop.bin))
    assert "There is no `pulumi` on PATH: call this by `make promote`" in refused(workshop, capsys)


# -- back --------------------------------------------------------------------------------------


@pytest.fixture
def twice(workshop: Workshop) -> tuple[Workshop, list[bytes]]:
    """Promoted three times; the file as it was after each."""
    texts = []
    for content in ("first", "second", "third"):
        workshop.proved(content)
        assert workshop.promote() == 0
        workshop.commit()
        texts.append(workshop.prod.read_bytes())
    return workshop, texts


def test_a_rollback_goes_back_byte_for_byte_and_the_next_one_further(
    twice: tuple[Workshop, list[bytes]], capsys: Said
) -> None:
    workshop, [first, second, _] = twice
    assert workshop.rollback() == 0
    assert workshop.prod.read_bytes() == second
    assert 'git commit -m "Roll prod back" -- Pulumi.prod.yaml' in capsys.readouterr().out
    assert workshop.rollback() == 0
    assert workshop.prod.read_bytes() == first
    assert workshop.rollback() == 1
    assert workshop.prod.read_bytes() == first
    assert "names no images from before" in capsys.readouterr().err


def test_a_rollback_on_trial_changes_nothing(
    twice: tuple[Workshop, list[bytes]], capsys: Said
) -> None:
    workshop, [*_, third] = twice
    digests = images(workshop)["now"]
    assert workshop.rollback("--dry-run") == 0
    assert workshop.prod.read_bytes() == third
    assert f"-      agent: {digests['agent']}\n" in capsys.readouterr().out


def test_images_that_no_registry_has_any_more_are_not_gone_back_to(
    twice: tuple[Workshop, list[bytes]], capsys: Said
) -> None:
    workshop, [*_, third] = twice
    [back, _] = images(workshop)["before"]
    repository = back["copied_from"].partition("/")[2]
    workshop.registry.remove(f"{repository}/agent", back["agent"])
    for options in ((), ("--dry-run",)):
        assert workshop.rollback(*options) == 1
        said = capsys.readouterr().err
        assert "prod is not rolled back:\n" in said
        assert f"agent@{back['agent']} is not in {back['copied_from']}: it was removed" in said
        assert "runner@" not in said
    assert workshop.prod.read_bytes() == third


def test_the_stacks_own_copy_is_enough_to_go_back(
    twice: tuple[Workshop, list[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    workshop, [_, second, _] = twice
    [back, _] = images(workshop)["before"]
    repository = back["copied_from"].partition("/")[2]
    workshop.registry.remove(f"{repository}/agent", back["agent"])
    own = f"{workshop.registry.host}/acme-data-prod/dataflows-prod"
    monkeypatch.setattr(Settings, "repository", own)
    for name in ("agent", "runner"):
        workshop.registry.push(own.partition("/")[2] + f"/{name}", image(f"{name} second"))
    assert workshop.rollback() == 0
    assert workshop.prod.read_bytes() == second


def test_a_stacks_own_repository_is_the_one_that_its_settings_name(workshop: Workshop) -> None:
    assert read("prod", workshop.folder).repository is None
    text = workshop.prod.read_text().replace("{project: ", "{region: europe-west1, project: ")
    workshop.prod.write_text(text)
    url = "europe-west1-docker.pkg.dev/acme-data-prod/dataflows-prod"
    assert read("prod", workshop.folder).repository == url


def test_only_a_stack_of_promoted_images_is_rolled_back(workshop: Workshop, capsys: Said) -> None:
    assert workshop.rollback(stack="dev") == 1
    assert "dev does not run promoted images" in capsys.readouterr().err
    assert workshop.rollback(stack="staging") == 1
    assert "There is no stack staging" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["promote", "rollback"])
def test_each_command_explains_itself(
    command: str, capsys: Said, workshop: Workshop, call: Callable[..., int]
) -> None:
    assert call(command, "--help") == 0
    assert "--dry-run" in capsys.readouterr().out
    assert call(command) == 2
