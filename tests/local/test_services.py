import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from local import records
from local import services as supervisor
from local.records import Record
from local.services import Service, ServiceError, Services
from tests.local.stand_in import answers, ends, service
from tools import leftovers

SLEEPS = [sys.executable, "-c", "import time; time.sleep(300)"]


def test_a_started_service_answers_and_outlives_the_terminal(services: Services):
    record = services.ensure("server", service())
    assert answers(record.port)
    assert os.getsid(record.pid) == record.pid != os.getsid(0)


def test_starting_twice_keeps_the_first(services: Services):
    first = services.ensure("server", service())
    assert services.ensure("server", service()) == first


def test_two_that_start_at_once_start_one(services: Services):
    with ThreadPoolExecutor(2) as both:
        one, other = (both.submit(services.ensure, "server", service()) for _ in range(2))
    assert one.result() == other.result()


def test_a_killed_service_is_started_again_where_it_was(services: Services):
    first = services.ensure("server", service())
    os.kill(first.pid, signal.SIGKILL)
    assert ends(first.pid)
    second = services.ensure("server", service())
    assert second.pid != first.pid
    assert second.port == first.port
    assert answers(second.port)


def test_what_a_killed_worker_had_started_may_finish(services: Services):
    first = services.ensure("server", service())
    [flow_run] = psutil.Process(first.pid).children()
    os.kill(first.pid, signal.SIGKILL)
    services.ensure("server", service())
    assert not ends(flow_run.pid, within=0.5)


def test_a_stranger_who_has_the_recorded_number_is_left_alone(services: Services):
    record = services.ensure("server", service())
    services.stop("server")
    stranger = subprocess.Popen(SLEEPS)
    try:
        stale = dataclasses.replace(record, pid=stranger.pid)
        stale.write(services.places.record("server"))
        assert services.running("server") is None
        second = services.ensure("server", service())
        assert second.pid != stranger.pid
        stale.write(services.places.record("server"))
        services.stop("server")
        assert stranger.poll() is None, "a stranger was ended"
        assert ends(second.pid), "the record was lost, but our own process is known by its mark"
    finally:
        stranger.kill()
        stranger.wait()


def test_a_stranger_with_the_same_number_and_command_is_told_by_its_age(services: Services):
    record = services.ensure("server", service())
    older = dataclasses.replace(record, created=record.created - 60)
    assert record.process() is not None
    assert older.process() is None


@pytest.mark.parametrize("text", ["", "{", '{"pid": 1}', "[]"])
def test_a_damaged_record_is_no_record(services: Services, text: str):
    services.places.make()
    services.places.record("server").write_text(text)
    assert records.read(services.places.record("server")) is None
    assert services.ensure("server", service()).process()


def test_one_whose_record_is_lost_is_replaced_and_not_doubled(services: Services):
    first = services.ensure("server", service())
    services.places.record("server").unlink()

    def make(known: Record | None) -> Service:
        assert ends(first.pid, within=0.1), "before a port is chosen: it still had ours"
        return service()(known)

    second = services.ensure("server", make)
    assert answers(second.port)


def test_one_that_no_longer_answers_is_replaced(
    services: Services, said: list[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(supervisor, "SECONDS_TO_ANSWER", 0.5)
    monkeypatch.setattr(supervisor, "SECONDS_TO_FINISH", 0.5)
    first = services.ensure("server", service())
    os.kill(first.pid, signal.SIGSTOP)
    second = services.ensure("server", service())
    assert second.pid != first.pid
    assert any("does not answer: starting it anew" in line for line in said)
    assert ends(first.pid)


def test_one_that_is_to_run_otherwise_is_replaced(services: Services):
    first = services.ensure("server", service())
    second = services.ensure("server", service("# other\n" + service()(None).command[2]))
    assert second.pid != first.pid
    assert ends(first.pid)


def test_down_leaves_no_process_not_even_a_flow_runs(services: Services):
    record = services.ensure("server", service())
    [flow_run] = psutil.Process(record.pid).children()
    assert services.stop("server")
    assert ends(record.pid)
    assert ends(flow_run.pid)
    assert services.running("server") is None
    assert not services.stop("server"), "there was nothing left to stop"


def test_down_forces_what_does_not_listen(services: Services, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(supervisor, "SECONDS_TO_FINISH", 0.5)
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    record = services.ensure("server", service(deaf + service()(None).command[2]))
    services.stop("server")
    assert ends(record.pid)


def test_one_that_dies_while_it_starts_shows_the_end_of_its_log_and_its_path(services: Services):
    dies = "print(*range(40), sep='\\n', flush=True); raise SystemExit('the database is on fire')"
    with pytest.raises(ServiceError) as error:
        services.ensure("server", service(dies))
    told = str(error.value)
    assert "stopped while starting (exit status 1)" in told
    assert ".local/logs/server.log" in told
    assert "the database is on fire" in told
    assert "    20\n" not in told, "the end only"


def test_one_that_never_answers_is_given_up_and_ended(services: Services):
    with pytest.raises(ServiceError, match="did not answer within 1 s"):
        services.ensure("server", service("import time; time.sleep(300)", seconds_to_start=1))
    pid = json.loads(services.places.record("server").read_text())["pid"]
    assert ends(pid)


def test_a_log_that_has_grown_is_put_aside_at_the_next_start(
    services: Services, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(supervisor, "LOG_BYTES", 1000)
    services.places.make()
    log = services.places.log("server")
    log.write_text("x" * 2000)
    services.ensure("server", service())
    assert log.with_suffix(".log.1").read_text() == "x" * 2000
    assert "x" * 2000 not in log.read_text()


def test_a_log_that_somebody_removed_does_not_hide_what_went_wrong(services: Services):
    assert services.tail("worker") == "Its log, .local/logs/worker.log, is gone."


def interrupted(known: Record | None) -> Service:
    """One that is slow to answer; whoever waits for it is interrupted."""
    slow = "import time\ntime.sleep(1.5)\n" + service()(None).command[2]

    def healthy() -> bool:
        raise KeyboardInterrupt

    return dataclasses.replace(service(slow)(known), healthy=healthy)


def test_one_that_is_started_notes_itself_down_though_its_starter_is_gone(services: Services):
    with pytest.raises(KeyboardInterrupt):
        services.ensure("server", interrupted)
    wait_for(lambda: services.running("server") is not None)


def test_one_that_was_left_starting_is_waited_for_and_not_started_anew(
    services: Services, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(supervisor, "SECONDS_TO_ANSWER", 0.2)
    with pytest.raises(KeyboardInterrupt):
        services.ensure("server", interrupted)
    wait_for(lambda: services.running("server") is not None)
    first = services.running("server")

    def same(known: Record | None) -> Service:
        made = interrupted(known)
        return dataclasses.replace(made, healthy=lambda: answers(made.port))

    assert first
    assert services.ensure("server", same).pid == first.pid


def test_a_service_does_not_bear_the_mark_of_the_command_that_starts_it(
    services: Services, monkeypatch: pytest.MonkeyPatch
):
    def make(known: Record | None) -> Service:
        return dataclasses.replace(service()(known), environment={leftovers.MARK: "a command's"})

    record = services.ensure("server", make)
    assert leftovers.MARK not in psutil.Process(record.pid).environ()


def test_what_is_kept_is_its_owners_alone_to_read(services: Services):
    services.places.make()
    assert services.places.base.stat().st_mode & 0o777 == 0o700


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
