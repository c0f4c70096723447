"""Tasks as containers of a real engine: how they end, and that nothing of them is left."""

import json
import os
import time

import httpx
import pytest

from tests.e2e.conftest import base, docker
from tests.live.proxy import listening
from tests.story.conftest import (
    AGENT,
    AS_RUNNER,
    KEY,
    MAKES_JOBS,
    PARENT,
    PERMISSIONS,
    PROJECT,
    PULLS,
    READS_KEY,
    ROLE,
    RUNNER,
    Reached,
    job,
)
from tests.story.google.authority import Authority
from tests.story.google.cloud_run.containers import LABEL, Containers, engine
from tests.story.google.cloud_run.executor import Ended, Task
from tests.story.google.cloud_run.inside import Inside
from tests.story.google.google import google as everything

__all__ = ["base", "docker"]

pytestmark = pytest.mark.e2e


@pytest.fixture
def real(docker, base):
    """Containers of the images' base, which has Python in it; none is left."""
    with engine() as http:
        yield Containers(http, name=lambda _: base)
    left = docker.run("ps", "--all", "--quiet", "--filter", f"label={LABEL}")
    assert not left


def python(program, memory=2**29, **env):
    return Task("df-x-1", "image", ("python3", "-c", program), (), env, 1, memory)


def ended(made, seconds=60):
    try:
        return made.wait(seconds)
    finally:
        made.remove()


def test_a_real_container_has_its_environment_and_its_code(real):
    program = "import os, sys; print(os.environ['A']); sys.exit(3)"
    assert ended(real.start(python(program, A="two\nlines"))) == Ended(3)
    assert real.printed["df-x-1"] == "two\nlines\n"


def test_a_real_container_over_its_memory_is_ended_as_a_whole(real):
    """Its first process does not take the memory, and would go on."""
    hungry = "x = bytearray(2**30); x[::4096] = b'1' * len(x[::4096])"
    program = f"import subprocess, sys, time; subprocess.run([sys.executable, '-c', {hungry!r}])"
    made = real.start(python(f"{program}; time.sleep(60)", memory=64 * 2**20))
    assert ended(made) == Ended(137, out_of_memory=True)


def test_a_real_container_is_asked_to_end_and_then_killed(real):
    hears = "import signal, sys, time; signal.signal(15, lambda *_: sys.exit(5)); time.sleep(60)"
    made = real.start(python(hears))
    assert made.wait(3) is None
    made.stop(10)
    assert ended(made) == Ended(5)
    deaf = "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(60)"
    made = real.start(python(deaf))
    assert made.wait(3) is None
    started = time.monotonic()
    made.stop(2)
    assert ended(made) == Ended(137)
    assert time.monotonic() - started < 20


def test_a_real_image_that_is_not_there_is_missing(real):
    other = Containers(real.http, name=lambda _: f"127.0.0.1:9/none-{os.getpid()}")
    with pytest.raises(httpx.HTTPStatusError):  # nobody answers there: not the same as no image
        other.missing("x")
    assert not real.missing("x")


ASKS = """
import json, urllib.error, urllib.request
def ask(url, **headers):
    try:
        return urllib.request.urlopen(urllib.request.Request(url, headers=headers)).read().decode()
    except urllib.error.HTTPError as error:
        return str(error.code)
root = "http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default"
flavor = {"Metadata-Flavor": "Google"}
token = json.loads(ask(f"{root}/token", **flavor))["access_token"]
print(ask(f"{root}/email", **flavor))
for host in ("run", "secretmanager"):
    url = f"https://{host}.googleapis.com/PATHS".replace("PATHS", PATHS[host])
    print(ask(url, Authorization=f"Bearer {token}"))
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="listens at the ports 80 and 443")
def test_a_job_is_who_it_is_and_finds_google_at_its_own_names(real, tmp_path, eventually):
    """It may read its secret, and make no jobs."""
    made = everything(real, {PROJECT: 123456789012}, grace=2)
    made.identities.emails |= {AGENT, RUNNER}
    made.grants.replace([MAKES_JOBS, AS_RUNNER, PULLS, READS_KEY], {ROLE: PERMISSIONS})
    made.secrets.add(KEY, b"pnu_the_right_key")
    authority = Authority(tmp_path, ["run.googleapis.com", "secretmanager.googleapis.com"])
    real.around = Inside(made, PROJECT, authority)
    paths = {"run": f"v2/{PARENT}/jobs", "secretmanager": f"v1/{KEY}/versions/1:access"}
    program = f"PATHS = {paths!r}\n{ASKS}"
    with (
        listening(made.answer, at=("127.7.0.1", 443), tls=authority.tls),
        listening(made.cloud_run.answer) as root,
    ):
        jobs = Reached(**vars(made), root=root).jobs()
        body = job(container={"command": ["python3", "-c", program]})
        jobs.create(parent=PARENT, jobId="df-x", body=body).execute()
        name = f"{PARENT}/jobs/df-x"
        eventually(lambda: "observedGeneration" in jobs.get(name=name).execute())
        execution = jobs.run(name=name).execute()["metadata"]["name"]
        asked = jobs.executions().get(name=execution)
        told = eventually(lambda: (t := asked.execute()).get("completionTime") and t, seconds=60)
        [said] = real.printed.values()
        assert told["succeededCount"] == 1, said
        email, run, secret = said.splitlines()
        assert (email, run) == (RUNNER, "403")
        assert json.loads(secret)["name"] == f"{KEY}/versions/1"
