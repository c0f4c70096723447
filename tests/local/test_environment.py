import shlex
import subprocess
from pathlib import Path

import pytest

from local.environment import environment, exports
from local.places import Places

API = "http://127.0.0.1:4321/api"


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(tmp_path / "a b")  # a folder such as people have


def test_the_users_own_prefect_is_neither_used_nor_touched(places: Places):
    theirs = {
        "PREFECT_API_URL": "https://api.prefect.cloud/api/accounts/x",
        "PREFECT_API_KEY": "pnu_theirs",
        "PREFECT_PROFILE": "work",
        "PREFECT_LOGGING_LEVEL": "DEBUG",
        "HOME": "/home/them",
    }
    ours = environment(places, API, base=theirs)
    assert "PREFECT_API_KEY" not in ours
    assert "PREFECT_PROFILE" not in ours
    assert ours["PREFECT_API_URL"] == API
    assert ours["PREFECT_HOME"] == str(places.prefect)
    assert ours["PREFECT_PROFILES_PATH"].startswith(str(places.base))
    assert (ours["PREFECT_LOGGING_LEVEL"], ours["HOME"]) == ("DEBUG", "/home/them")


def test_nothing_is_reported_to_anyone(places: Places):
    ours = environment(places, API, base={})
    assert ours["PREFECT_SERVER_ANALYTICS_ENABLED"] == "false"
    assert ours["DO_NOT_TRACK"] == "1"


def test_the_venv_comes_first_and_the_engine_next(places: Places, tmp_path: Path):
    ours = environment(places, API, tmp_path / "engine", base={"PATH": "/usr/bin:/bin"})
    venv = places.root / ".venv" / "bin"
    assert ours["PATH"] == f"{venv}:{tmp_path / 'engine'}:/usr/bin:/bin"
    again = environment(places, API, tmp_path / "engine", base=ours)
    assert again == ours, "a shell that has it all needs nothing more"


def test_a_passphrase_for_another_stack_does_not_meet_this_ones_salt(places: Places):
    ours = environment(places, API, base={"PULUMI_CONFIG_PASSPHRASE": "theirs"})
    assert ours["PULUMI_CONFIG_PASSPHRASE"] == "local"


def test_a_shell_that_takes_the_exports_has_the_environment(places: Places):
    theirs = {"PATH": "/usr/bin:/bin", "PREFECT_API_KEY": "pnu_theirs", "IT": "is 'quoted'"}
    wanted = environment(places, API, base=theirs)
    script = "\n".join([*exports(wanted, theirs), "env -0"])
    shell = subprocess.run(
        ["/bin/sh", "-c", f"eval {shlex.quote(script)}"],
        env=theirs,
        capture_output=True,
        text=True,
        check=True,
    )
    became = dict(line.split("=", 1) for line in shell.stdout.split("\0") if line)
    assert {name: became.get(name) for name in wanted} == wanted
    assert "PREFECT_API_KEY" not in became
