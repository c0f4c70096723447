"""A unit file as systemd reads it: sections, joined lines, words, specifiers (systemd.service(5)).

What our unit does not use is refused rather than read otherwise than systemd would.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_KNOWN = {
    "Unit": {"Description", "Wants", "After", "Requires", "StartLimitIntervalSec"},
    "Service": {
        *("Environment", "TimeoutStartSec", "TimeoutStopSec", "Restart", "RestartSec"),
        *("ExecStartPre", "ExecStart", "ExecStop"),
    },
    "Install": {"WantedBy"},
}
_SEVERAL = ("Environment", "ExecStartPre")
_ESCAPES = {"n": "\n", "t": "\t", "s": " ", "\\": "\\", '"': '"', "'": "'"}


@dataclass(frozen=True)
class Command:
    """``may_fail``: it was written with a ``-`` before it."""

    words: tuple[str, ...]
    may_fail: bool


@dataclass(frozen=True)
class Unit:
    environment: Mapping[str, str]
    before: tuple[Command, ...]
    start: Command
    stop: Command
    restart_seconds: float
    stop_seconds: float


class UnitError(Exception):
    """systemd would not take it, or this is not how it would read it."""


def parsed(text: str, host: str) -> Unit:
    """``host`` is what ``%H`` stands for."""
    told: dict[str, list[str]] = {}
    section = ""
    for line in _lines(text):
        if found := re.fullmatch(r"\[(\w+)\]", line):
            section = found[1]
            continue
        key, equals, value = line.partition("=")
        if not equals or key.strip() not in _KNOWN.get(section, ()):
            raise UnitError(f"[{section}] {line!r}")
        told.setdefault(key.strip(), []).append(value.strip())
    if several := [key for key, values in told.items() if len(values) > 1 and key not in _SEVERAL]:
        raise UnitError(f"{several[0]} is there more than once")
    if told["Restart"] != ["always"]:
        raise UnitError(f"Restart={told['Restart'][0]} is not what is done here")
    environment: dict[str, str] = {}
    for value in told.get("Environment", []):
        environment |= dict(word.split("=", 1) for word in _words(value, host, {}))
    commands = {
        key: tuple(_command(value, host, environment) for value in told.get(key, []))
        for key in ("ExecStartPre", "ExecStart", "ExecStop")
    }
    return Unit(
        environment,
        commands["ExecStartPre"],
        commands["ExecStart"][0],
        commands["ExecStop"][0],
        float(told["RestartSec"][0]),
        float(told["TimeoutStopSec"][0]),
    )


def _lines(text: str) -> Iterator[str]:
    """A line that ends in a backslash goes on in the next; comments may stand between."""
    held = ""
    for line in text.splitlines():
        if line.lstrip().startswith(("#", ";")) or (not held and not line.strip()):
            continue
        if line.endswith("\\"):
            held += line[:-1] + " "
            continue
        yield (held + line).strip()
        held = ""


def _command(value: str, host: str, environment: Mapping[str, str]) -> Command:
    may_fail = value.startswith("-")
    words = tuple(_words(value.removeprefix("-"), host, environment))
    if not words[0].startswith("/"):
        raise UnitError(f"{words[0]!r} is no absolute path of a program")
    return Command(words, may_fail)


def _words(value: str, host: str, environment: Mapping[str, str]) -> Iterator[str]:
    rest = value.strip()
    while rest:
        word, rest = _word(rest)
        yield _specified(word, host, environment)
        rest = rest.lstrip()


def _word(text: str) -> tuple[str, str]:
    """The first word of a text without its quotes and escapes, and what is behind it."""
    made, quote, at = "", "", 0
    while at < len(text):
        sign = text[at]
        if sign == "\\":
            if text[at + 1 : at + 2] not in _ESCAPES:
                raise UnitError(f"an escape that is not known, in {text!r}")
            made, at = made + _ESCAPES[text[at + 1]], at + 2
            continue
        if sign == quote:
            quote = ""
        elif not quote and sign in "\"'":
            quote = sign
        elif not quote and sign.isspace():
            break
        else:
            made += sign
        at += 1
    if quote:
        raise UnitError(f"a quote has no end, in {text!r}")
    return made, text[at:]


def _specified(word: str, host: str, environment: Mapping[str, str]) -> str:
    """``%`` is systemd's own sign, and so is ``$``; each stands for itself where it is doubled."""

    def specifier(found: re.Match[str]) -> str:
        known = {"%": "%", "H": host}
        if found[1] not in known:
            raise UnitError(f"the specifier %{found[1]} is not known, in {word!r}")
        return known[found[1]]

    def variable(found: re.Match[str]) -> str:
        if found[0] == "$$":
            return "$"
        return environment.get(found[1] or "", "")

    return re.sub(r"\$\$|\$\{(\w+)\}", variable, re.sub(r"%(.)", specifier, word))
