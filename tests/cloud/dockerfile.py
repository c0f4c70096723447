"""Whether a Dockerfile can be read, as BuildKit's own parser says."""

import os
import re

_INSTRUCTION = re.compile(
    "ADD|ARG|CMD|COPY|ENTRYPOINT|ENV|EXPOSE|FROM|HEALTHCHECK|LABEL|MAINTAINER|ONBUILD|RUN|SHELL|"
    "STOPSIGNAL|USER|VOLUME|WORKDIR"
)
_BEFORE_FROM = frozenset({"ARG", "FROM"})
_HEREDOC = re.compile(r"<<(-?)([\"']?)([A-Za-z_]\w*)\2")
_DIRECTIVE = re.compile(r"#\s*([A-Za-z][A-Za-z0-9]*)\s*=\s*(.+?)\s*")


def complaint(text: str) -> str:
    """What is wrong with it, or nothing. Whoever names a frontend of his own is believed."""
    directives = _directives(text)
    syntax = directives.get("syntax") or os.environ.get("BUILDKIT_SYNTAX", "")
    if syntax not in ("", "docker/dockerfile:1"):
        return ""
    found = _instructions(text, directives.get("escape", "\\"))
    if not found:
        return "file with no instructions"
    started = False
    for number, line in found:
        word = line.split(maxsplit=1)[0].upper()
        what = ""
        if not _INSTRUCTION.fullmatch(word):
            what = f"unknown instruction: {word}"
        elif not started and word not in _BEFORE_FROM:
            what = "no build stage in current context"
        elif len(line.split()) == 1:
            what = f"{word} requires at least one argument"
        if what:
            return f"dockerfile parse error on line {number}: {what}"
        started = started or word == "FROM"
    return ""


def _directives(text: str) -> dict[str, str]:
    """Those of the first lines; they end where anything else begins."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        told = _DIRECTIVE.fullmatch(line.strip())
        if told is None or told[1].lower() in found:
            break
        found[told[1].lower()] = told[2]
    return found


def _instructions(text: str, escape: str) -> list[tuple[int, str]]:
    """Each with the number of its first line, continued lines joined, heredocs left out."""
    found: list[tuple[int, str]] = []
    parts: list[str] = []
    lines = enumerate(text.splitlines(), start=1)
    begun = 0
    for number, line in lines:
        if not line.strip() or line.lstrip().startswith("#"):
            continue  # also between the lines of one instruction
        begun = begun if parts else number
        going_on = line.rstrip().endswith(escape)
        parts.append(line.rstrip().removesuffix(escape) if going_on else line)
        if going_on:
            continue
        whole, parts = " ".join(parts).strip(), []
        found.append((begun, whole))
        if whole.split(maxsplit=1)[0].upper() in ("ADD", "COPY", "RUN"):
            for tabs, _, end in _HEREDOC.findall(whole):
                for _, inner in lines:
                    if (inner.lstrip("\t") if tabs else inner) == end:
                        break
    return [*found, *([(begun, " ".join(parts).strip())] if parts else [])]
