import threading
from pathlib import Path

from tools.locks import exclusive


def test_who_waited_for_a_lock_that_was_removed_holds_one_that_others_see(tmp_path: Path):
    path = tmp_path / "run" / "up.lock"
    waits, holds, may_go = threading.Event(), threading.Event(), threading.Event()

    def wait_for_it() -> None:
        with exclusive(path, lambda pid: waits.set()):
            holds.set()
            may_go.wait(10)

    waiter = threading.Thread(target=wait_for_it)
    with exclusive(path, lambda pid: None):
        waiter.start()
        assert waits.wait(10)
        path.unlink()
        path.parent.rmdir()
    assert holds.wait(10)
    busy: list[str] = []

    def told(pid: str) -> None:
        busy.append(pid)
        may_go.set()

    with exclusive(path, told):
        assert busy, "two held it at once"
    waiter.join()
