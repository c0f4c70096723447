"""A unit is read as systemd reads it, and our own comes to what it was made of."""

import json

import pytest

from stacks.places.google.cloud_init import systemd_unit
from tests.places.google.test_cloud_init import WORKER
from tests.story.vm.unit import Command, UnitError, parsed

UNIT = """\
[Unit]
Description=Something
[Service]
Environment=HOME=/home/me
Restart=always
RestartSec=10
TimeoutStopSec=100
ExecStartPre=-/bin/false
ExecStart=/bin/echo \\
  # a comment goes between
  {words}
ExecStop=/bin/true
"""


def words(text):
    unit = parsed(UNIT.format(words=text), "vm-1")
    assert unit.start.words[0] == "/bin/echo"
    return list(unit.start.words[1:])


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("a  b", ["a", "b"]),
        ('"a  b" c', ["a  b", "c"]),
        (r'"a \"b\" \\ c"', ['a "b" \\ c']),
        ("'a \"b\"'", ['a "b"']),
        ("--name %H 50%%", ["--name", "vm-1", "50%"]),
        ("$$HOME ${HOME} ${OTHER}", ["$HOME", "/home/me", ""]),
        ('-e "A=1 2"', ["-e", "A=1 2"]),
    ],
)
def test_words_are_systemds(text, read):
    assert words(text) == read


@pytest.mark.parametrize("text", ['"a', "%q", r"\q"])
def test_what_systemd_would_not_take_is_refused(text):
    with pytest.raises(UnitError):
        words(text)


def test_a_key_of_another_section_is_refused():
    with pytest.raises(UnitError, match="Unit"):
        parsed(UNIT.format(words="a").replace("Description=Something", "Restart=always"), "vm-1")


def test_a_command_that_may_fail_is_known():
    unit = parsed(UNIT.format(words="a"), "vm-1")
    assert unit.before == (Command(("/bin/false",), may_fail=True),)


def test_our_unit_comes_to_what_it_was_made_of():
    unit = parsed(systemd_unit(WORKER), "vm-1")
    told = unit.start.words
    assert told[:2] == ("/usr/bin/docker", "run")
    assert WORKER.image in told
    assert told[told.index("--pool") + 1] == WORKER.work_pool
    assert told[told.index("--name", told.index(WORKER.image)) + 1] == "vm-1"
    headers = f"PREFECT_CLIENT_CUSTOM_HEADERS={json.dumps(WORKER.headers)}"
    assert headers in told
    assert (unit.restart_seconds, unit.stop_seconds) == (10, 100)
