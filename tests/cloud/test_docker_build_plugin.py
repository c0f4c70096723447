"""The stand-in for docker-build refuses, foresees and keeps what the real one does."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cloud.docker_build import IMAGE
from tests.cloud.protocol import Refused, Spoken, speaking
from tests.cloud.values import UNKNOWN, UNKNOWNS, Props, is_secret, plain, secret
from tests.registry import RealRegistry, registry

__all__ = ["registry"]

NAME = "registry.example/acme/runner"
NO_NAME = "at least one tag or export name is needed when pushing to a registry"
SEVERAL = "multiple exports require a v0.13 buildkit daemon or newer"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A build context, in which the plugin runs."""
    for name in ("DOCKER_HOST", "DOCKER_BUILDKIT", "BUILDKIT_SYNTAX", "STAND_IN_REGISTRY"):
        monkeypatch.delenv(name, raising=False)
    home = tmp_path / "repository"
    home.mkdir()
    monkeypatch.chdir(home)
    (home / "Dockerfile").write_text("FROM scratch\nCOPY app.py /\n")
    (home / "app.py").write_text("print()\n")
    (home / "app.py").chmod(0o644)
    return home


@pytest.fixture
def plugin(tmp_path: Path) -> Iterator[Spoken]:
    with speaking("docker-build", tmp_path / "cloud.json") as spoken:
        spoken.configure()
        yield spoken


def told(*names: str, **others: Any) -> Props:
    return {
        "push": False,
        "buildOnPreview": False,
        "exports": [{"registry": {"names": list(names)}}],
        **others,
    }


def checked(plugin: Spoken, inputs: Props) -> Props:
    made, wrong = plugin.check(IMAGE, inputs)
    assert not wrong
    return made


def wrong(plugin: Spoken, inputs: Props) -> dict[str, str]:
    return plugin.check(IMAGE, inputs)[1]


@pytest.mark.parametrize("unknown", sorted(UNKNOWNS))
def test_an_unknown_name_is_an_empty_one(plugin: Spoken, unknown: str) -> None:
    assert wrong(plugin, told(unknown)) == {NO_NAME: "exports[0]"}
    assert wrong(plugin, told(unknown, target=UNKNOWN)) == {NO_NAME: "exports[0]"}


@pytest.mark.parametrize(
    ("inputs", "passes"),
    [
        (told(NAME), True),
        (told(), False),
        (told(tags=[UNKNOWN]), True),  # tags are counted, whatever they say
        (told(tags=UNKNOWN), False),
        (told(NAME, UNKNOWN), False),  # a later name takes an earlier one's place
        (told(UNKNOWN, NAME), True),
        (told(exports=UNKNOWN), True),
        (told(exports=[UNKNOWN]), True),
        (told(exports=[{"raw": UNKNOWN}]), True),
        (told(exports=[{"registry": UNKNOWN}]), False),
        (told(exports=[{"registry": {"names": UNKNOWN}}]), False),
        (told(exports=[{"registry": {"push": UNKNOWN}}]), True),
        (told(exports=[{"image": {}}]), True),
        (told(exports=[{"raw": "type=registry"}]), False),
        (told(exports=[{"registry": {}, "disabled": True}]), True),
    ],
)
def test_what_is_pushed_has_a_name(plugin: Spoken, inputs: Props, passes: bool) -> None:
    assert wrong(plugin, inputs) == ({} if passes else {NO_NAME: "exports[0]"})


@pytest.mark.parametrize(
    ("inputs", "reason", "property_"),
    [
        (
            {"exports": [{"registry": {"names": [NAME]}, "image": {}}]},
            "exports should only specify one export type",
            "exports[0]",
        ),
        (
            {"cacheFrom": [{"registry": {"ref": "a"}, "local": {"src": "b"}}]},
            "cacheFrom should only specify one cache type",
            "cacheFrom[0]",
        ),
        (
            {"cacheTo": [{"registry": {"ref": "a"}, "inline": {}}]},
            "cacheTo should only specify one cache type",
            "cacheTo[0]",
        ),
        (
            {"context": {"location": "nowhere"}},
            '"nowhere": not a valid directory or URL',
            "context.location",
        ),
        (
            {"dockerfile": {"location": "Dockerfile", "inline": "FROM scratch"}},
            'only specify "file" or "inline", not both',
            "dockerfile",
        ),
        (
            {"dockerfile": {"inline": "FROM scratch\nFETCH a"}},
            "dockerfile parse error on line 2: unknown instruction: FETCH",
            "dockerfile.inline",
        ),
        ({"tags": ["Not A Tag"]}, "invalid reference format", "tags[0]"),
        (
            {"push": True, "load": True, "exports": []},
            "simultaneous push and load requires a v0.13 buildkit daemon or newer",
            "push",
        ),
        (
            {"exports": [{"registry": {"names": [NAME]}}, {"local": {"dest": "x"}}]},
            SEVERAL,
            "exports",
        ),
        ({"pushh": True}, "Unrecognized field 'pushh' on 'internal.ImageArgs'", "pushh"),
        (
            {"exports": [{"registry": {"name": NAME}}]},
            "Unrecognized field 'exports[0].registry.name' on 'internal.ImageArgs'",
            "exports[0].registry.name",
        ),
        (
            {"target": 3},
            "Field 'target' on 'internal.ImageArgs' must be a 'string'; got 'float' instead",
            "target",
        ),
    ],
)
def test_what_is_wrong_is_said_of_its_property(
    plugin: Spoken, inputs: Props, reason: str, property_: str
) -> None:
    assert wrong(plugin, told(NAME) | inputs).get(reason) == property_


def test_a_flag_that_has_to_be_there_is_missed(plugin: Spoken) -> None:
    inputs = told(NAME)
    del inputs["push"]
    reason = "Missing required field 'push' on 'internal.ImageArgs'"
    assert wrong(plugin, inputs) == {reason: "push"}


def test_all_that_is_wrong_is_said_at_once_with_the_dockerfile_by_its_whole_path(
    plugin: Spoken, folder: Path
) -> None:
    inputs = told(UNKNOWN, dockerfile={"location": "images/Dockerfile"}, platforms=["linux/a b"])
    found = wrong(plugin, inputs)
    missing = f"open {folder}/images/Dockerfile: no such file or directory"
    assert {*found.values()} == {"dockerfile.location", "exports[0]", "platforms[0]"}
    assert found[missing] == "dockerfile.location"


def test_what_cannot_be_decoded_is_said_alone(plugin: Spoken) -> None:
    assert {*wrong(plugin, told(UNKNOWN, targett="x")).values()} == {"targett"}


@pytest.mark.parametrize(
    "inputs",
    [
        {"network": "any"},
        {"platforms": ["plan/nine"]},
        {"cacheTo": [{"registry": {"ref": UNKNOWN, "mode": "any"}}]},
        {"context": {"location": UNKNOWN}},
        {"dockerfile": {"location": UNKNOWN}},
        {"platforms": [UNKNOWN]},
        {
            "context": {"location": "https://example.com/a.git"},
            "dockerfile": {"location": "Dockerfile"},
        },
    ],
)
def test_what_the_plugin_does_not_look_at_passes(plugin: Spoken, inputs: Props) -> None:
    assert not wrong(plugin, told(NAME) | inputs)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("FROM scratch\nCOPI a b\n", "dockerfile parse error on line 2: unknown instruction: COPI"),
        ("# syntax=docker/dockerfile:1\nFROM scratch\nCOPI a b\n", "line 3: unknown instruction"),
        ("# syntax=docker/dockerfile:1.7\nFROM scratch\nCOPI a b\n", ""),
        ("# a remark\n# syntax=docker/dockerfile:1.7\nFROM scratch\nCOPI a b\n", "unknown"),
        ("COPY a b\n", "dockerfile parse error on line 1: no build stage in current context"),
        ("# nothing\n", "file with no instructions"),
        ("ARG A\nFROM scratch\nRUN a \\\n  # said between\n  COPI\n", ""),
        ("FROM scratch\nRUN <<END\nCOPI\nEND\nCOPY a b\n", ""),
        ("FROM scratch\nRUN <<-'END' cat\nCOPI\n\tEND\nCOPI a\n", "line 5: unknown instruction"),
        ("# escape=`\nFROM scratch\nRUN a `\n  COPI\n", ""),
        ("FROM scratch\ncopy a b\nRUN\n", "line 3: RUN requires at least one argument"),
    ],
)
def test_a_dockerfile_is_read_in_a_preview_that_builds_nothing(
    plugin: Spoken, folder: Path, text: str, reason: str
) -> None:
    (folder / "Dockerfile").write_text(text)
    found = wrong(plugin, told(NAME))
    if reason:
        assert [*found.values()] == ["dockerfile.location"]
        assert reason in next(iter(found))
    else:
        assert not found


def test_the_images_of_the_repository_can_be_read(
    plugin: Spoken, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(Path(__file__).parents[2])
    for name in ("agent", "runner"):
        assert not wrong(plugin, told(NAME, dockerfile={"location": f"images/{name}/Dockerfile"}))


def test_what_is_left_out_is_filled_in(plugin: Spoken) -> None:
    inputs = told(NAME, cacheTo=[{"registry": {"ref": UNKNOWN}}])
    del inputs["buildOnPreview"]
    made = checked(plugin, inputs)
    assert made["buildOnPreview"] is True
    assert made["network"] == "default"
    assert made["context"] == {"location": "."}
    assert made["dockerfile"] == {"location": "Dockerfile"}
    assert (
        made["exports"][0]["registry"] | {"push": True, "store": True, "names": [NAME]}
        == (made["exports"][0]["registry"])
    )
    assert made["cacheTo"][0]["registry"]["mode"] == "min"
    assert made["cacheTo"][0]["registry"]["ref"] == UNKNOWN, "what is unknown goes back so"


def test_secrets_come_wrapped_and_go_back_so(plugin: Spoken) -> None:
    assert plugin.configure().acceptSecrets
    safe = {"address": "registry.example", "username": "u", "password": secret("p")}
    made = checked(
        plugin,
        told(
            NAME,
            registries=[safe, safe | {"password": "q"}],
            secrets={"a": "b"},
            buildArgs={"c": "d"},
        ),
    )
    assert [is_secret(each["password"]) for each in made["registries"]] == [True, True]
    assert is_secret(made["secrets"])
    assert not is_secret(made["buildArgs"])
    _, state = plugin.create(IMAGE, made)
    assert is_secret(state["registries"][0]["password"])
    assert not is_secret(state["digest"])
    assert not is_secret(state["ref"])


def test_the_context_has_modes_and_contents_but_no_times_and_nothing_that_is_ignored(
    plugin: Spoken, folder: Path
) -> None:
    (folder / ".dockerignore").write_text("*\n!app.py\n!package\n**/__pycache__\n")
    (folder / "package/__pycache__").mkdir(parents=True)
    (folder / "package/a.py").write_text("a")
    inputs = checked(plugin, told(NAME))
    id_, state = plugin.create(IMAGE, inputs)

    def changes() -> list[str]:
        return plugin.diff(IMAGE, state, inputs).paths

    assert changes() == []
    os.utime(folder / "app.py", (1, 1))
    (folder / "README").write_text("ignored")
    (folder / "package/__pycache__/a.pyc").write_text("ignored")
    (folder / "empty").mkdir()
    assert changes() == []
    (folder / "app.py").chmod(0o664)
    assert changes() == ["contextHash"]
    (folder / "app.py").chmod(0o644)
    assert changes() == []
    (folder / "package/b.py").write_text("")
    assert changes() == ["contextHash"]
    (folder / "package/b.py").unlink()
    (folder / "Dockerfile.dockerignore").write_text("*\n")
    assert changes() == ["contextHash"], "that of the Dockerfile comes first"
    assert id_ == state["digest"]


@pytest.mark.parametrize(
    ("pattern", "path", "is_ignored"),
    [
        ("*", "a/b", True),
        ("*.py", "a/b.py", False),  # a star stays within a folder
        ("a.py", "b/a.py", False),  # everything starts at the root
        ("**/a.py", "b/c/a.py", True),
        ("**/a.py", "a.py", True),
        ("a/", "a/b/c", True),
        ("/a", "a/b", True),
        ("a/../b", "b/c", True),
        ("a?c", "abc", True),
        ("a[bc]d", "acd", True),
        ("# a", "# a", False),
        (".", "a", False),
        ("*\n!a/b", "a/b/c", False),
        ("*\n!a\na/b", "a/b/c", True),
    ],
)
def test_an_ignore_file_is_read_as_docker_reads_it(
    plugin: Spoken, folder: Path, pattern: str, path: str, is_ignored: bool
) -> None:
    context = folder / "context"
    file = context / path
    file.parent.mkdir(parents=True)
    (context / ".dockerignore").write_text(f"{pattern}\n")
    inputs = checked(
        plugin, told(NAME, context={"location": "context"}, dockerfile={"location": "Dockerfile"})
    )
    _, state = plugin.create(IMAGE, inputs)
    file.write_text("x")
    assert plugin.diff(IMAGE, state, inputs).paths == ([] if is_ignored else ["contextHash"])


def test_a_new_image_is_unknown_in_a_preview_that_does_nothing(plugin: Spoken) -> None:
    for others in ({}, {"buildOnPreview": True}):
        foreseen = plugin.foresee(IMAGE, checked(plugin, told(NAME, **others)))
        assert {foreseen[name] for name in ("digest", "contextHash", "ref")} == {UNKNOWN}
    assert plugin.world.manifests == []


@pytest.mark.parametrize(
    ("change", "digest"),
    [
        ({}, ""),  # files alone
        ({"registries": [{"address": "registry.example", "password": secret("same")}]}, ""),
        ({"registries": [{"address": "registry.example", "password": secret("new")}]}, UNKNOWN),
        ({"labels": {"a": "b"}}, UNKNOWN),
        ({"target": UNKNOWN}, UNKNOWN),
    ],
)
def test_after_a_change_of_files_alone_the_digest_is_the_empty_text(
    plugin: Spoken, folder: Path, change: Props, digest: str
) -> None:
    known = [{"address": "registry.example", "password": secret("same")}]
    _, state = plugin.create(IMAGE, checked(plugin, told(NAME, registries=known)))
    (folder / "app.py").write_text("changed")
    news = checked(plugin, told(NAME, **{"registries": known, **change}))
    foreseen = plugin.foresee(IMAGE, news, state)
    assert foreseen["digest"] == digest
    assert foreseen["ref"] == digest


def test_an_update_keeps_the_id_of_the_first_digest_and_all_that_was_pushed(
    plugin: Spoken, folder: Path
) -> None:
    inputs = checked(plugin, told(NAME))
    id_, state = plugin.create(IMAGE, inputs)
    (folder / "app.py").write_text("changed")
    changes = plugin.diff(IMAGE, state, inputs)
    assert (changes.paths, changes.replaces) == (["contextHash"], [])
    after = plugin.update(IMAGE, id_, state, inputs)
    assert after["digest"] != id_ == state["digest"]
    assert plugin.world.manifests == [f"{NAME}@{id_}", f"{NAME}@{after['digest']}"]
    assert plugin.read(IMAGE, id_, inputs, after)[0] == id_


def test_no_new_password_is_a_change_but_a_new_user_is(plugin: Spoken) -> None:
    def inputs(**change: str) -> Props:
        known = {"address": "registry.example", "username": "u", "password": "p"}
        return checked(plugin, told(NAME, registries=[known | change]))

    _, state = plugin.create(IMAGE, inputs())
    assert plugin.diff(IMAGE, state, inputs(password="new")).paths == []
    assert plugin.diff(IMAGE, state, inputs(username="new")).paths == ["registries[0]"]
    assert plugin.diff(IMAGE, state, inputs() | {"exec": True}).paths == []


@pytest.mark.parametrize(
    ("change", "paths"),
    [
        ({"secrets": {"a": "2", "b": "1"}}, []),
        ({"secrets": {"a": "1", "b": "2"}}, ["secrets"]),
        ({"secrets": {"b": "1"}}, ["secrets"]),
        ({"exports": [{"registry": {"names": ["first", NAME]}}]}, ["exports"]),
        ({"exports": [{"registry": {"names": [NAME], "pushByDigest": True}}]}, ["exports"]),
        ({"exports": [{"registry": {"names": [NAME], "compression": "zstd"}}]}, []),
        ({"context": {"location": "../repository"}}, ["context.location"]),
        ({"tags": []}, []),
        ({"buildOnPreview": True}, ["buildOnPreview"]),
        ({"platforms": ["linux/amd64"]}, ["platforms"]),
    ],
)
def test_what_counts_as_a_difference(plugin: Spoken, change: Props, paths: list[str]) -> None:
    before = told(
        NAME,
        secrets={"a": "1", "b": "1"},
        ignoreSecretsInDiffCalculation=["a", "c"],
        dockerfile={"location": "Dockerfile"},
    )
    _, state = plugin.create(IMAGE, checked(plugin, before))
    assert plugin.diff(IMAGE, state, checked(plugin, before | change)).paths == paths


def test_the_daemon_that_a_machine_names_is_in_the_state_and_another_one_replaces_all(
    plugin: Spoken, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, _ = plugin.check_config()
    assert "host" not in here
    monkeypatch.setenv("DOCKER_HOST", "unix:///run/user/1000/docker.sock")
    there, _ = plugin.check_config()
    assert there["host"] == "unix:///run/user/1000/docker.sock"
    assert plugin.diff_config(here, there).replaces == ["host"]
    named, _ = plugin.check_config(host="unix:///var/run/docker.sock")
    assert named["host"] == "unix:///var/run/docker.sock"
    assert plugin.diff_config(here | {"version": "1"}, here | {"version": "2"}).paths == []
    assert plugin.check_config(hosts="x")[1] == ["Unrecognized field 'hosts' on 'internal.Config'"]


@pytest.mark.parametrize("real", [False, True])
def test_who_has_no_tag_is_never_missed_and_stays_in_the_registry(
    plugin: Spoken, monkeypatch: pytest.MonkeyPatch, registry: RealRegistry, real: bool
) -> None:
    if real:
        monkeypatch.setenv("STAND_IN_REGISTRY", registry.host)

    def is_there(digest: str) -> bool:
        return (real and registry.has("acme/runner", digest)) or (
            not real and f"{NAME}@{digest}" in plugin.world.manifests
        )

    inputs = checked(plugin, told(NAME, labels={"real": str(real)}))
    id_, state = plugin.create(IMAGE, inputs)
    assert is_there(id_)
    plugin.delete(IMAGE, id_, state)
    assert is_there(id_)
    if real:
        registry.remove("acme/runner", id_)
    with plugin.cloud.open() as world:
        world.manifests.clear()
    assert not is_there(id_)
    assert plugin.read(IMAGE, id_, inputs, state)[0] == id_

    tagged = checked(plugin, told(tags=[f"{NAME}:v1"], labels={"tagged": str(real)}))
    id_, state = plugin.create(IMAGE, tagged)
    assert state["ref"] == f"{NAME}:v1@{id_}"
    assert plugin.read(IMAGE, id_, tagged, state)[0] == id_
    # Another one of the same content comes first, and takes the manifest with it that both are.
    assert plugin.create(IMAGE, tagged)[0] == id_
    plugin.delete(IMAGE, id_, state)
    assert not is_there(id_)
    assert plugin.read(IMAGE, id_, tagged, state)[0] == ""
    plugin.delete(IMAGE, id_, state)


def test_googles_registry_wants_a_repository_and_to_know_who_pushes(plugin: Spoken) -> None:
    name = "europe-west1-docker.pkg.dev/acme/images/runner"
    known = [{"address": "europe-west1-docker.pkg.dev", "password": "p"}]
    with pytest.raises(Refused, match="Unauthenticated"):
        plugin.create(IMAGE, checked(plugin, told(name)))
    with pytest.raises(Refused, match='Repository "images" not found'):
        plugin.create(IMAGE, checked(plugin, told(name, registries=known)))
    with plugin.cloud.open() as world:
        world.objects["projects/acme/locations/europe-west1/repositories/images"] = {}
    id_, _ = plugin.create(IMAGE, checked(plugin, told(name, registries=known)))
    assert plugin.world.manifests == [f"{name}@{id_}"]


def test_a_host_without_buildkit_is_refused_in_a_preview(
    plugin: Spoken, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_BUILDKIT", "0")
    with pytest.raises(Refused, match="buildkit is not supported on this host"):
        plugin.foresee(IMAGE, checked(plugin, told(NAME)))


def test_several_exports_pass_once_a_builder_has_booted(plugin: Spoken) -> None:
    inputs = told(NAME, exports=[{"registry": {"names": [NAME]}}, {"cacheonly": {}}])
    assert wrong(plugin, inputs) == {SEVERAL: "exports"}
    plugin.create(IMAGE, checked(plugin, told(NAME)))
    assert wrong(plugin, inputs) == {}
    assert plain(checked(plugin, inputs))["exports"][1] == {"cacheonly": {}}
