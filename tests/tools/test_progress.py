import io
import time

from tools.progress import Progress, spell


def test_progress_tells_how_far_how_long_and_how_long_still():
    progress = Progress("compiled", expected=100, out=io.StringIO())
    progress.started = time.monotonic() - 60
    progress.done = 25
    assert progress.line() == "compiled: 25 of 100, 1 m 0 s, about 3 m 0 s to go"


def test_no_time_is_promised_before_there_is_ground_for_it():
    progress = Progress("compiled", expected=100, out=io.StringIO())
    progress.done = 1
    assert "to go" not in progress.line()


def test_a_log_gets_a_line_at_the_end_and_no_control_characters():
    out = io.StringIO()
    with Progress("compiled", expected=2, out=out) as progress:
        progress.advance()
        progress.advance()
    assert out.getvalue() == "compiled: 2 of 2, 0 s\n"


def test_seconds_are_spelt_for_people():
    assert [spell(4.4), spell(60), spell(200)] == ["4 s", "1 m 0 s", "3 m 20 s"]
