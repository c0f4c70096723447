"""Whether the library of this commit can be released, and its release on GitHub.

``python -m tools.release check --tag v0.1.0`` says all that speaks against it, at once; else it
leaves the wheel in .local/release/. ``publish`` does the same and makes the release: the wheel,
and as its notes what the changelog says of the version.
"""

import argparse
import io
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator, Sequence
from email.parser import HeaderParser
from pathlib import Path

LIBRARY = "prefect_as_code"
CHANGELOG = "CHANGELOG.md"
MADE = Path(".local") / "release"
_HEADING = re.compile(r"^## \[([^]\n]+)\](.*)$", re.MULTILINE)
_TEST = re.compile(r"/(tests/|test_|conftest)")
_DATED = re.compile(r" - \d{4}-\d{2}-\d{2}")


def version() -> str:
    told: str = tomllib.loads(Path(LIBRARY, "pyproject.toml").read_text())["project"]["version"]
    return told


def changes() -> dict[str, tuple[str, str]]:
    """By version, or "Unreleased", what follows it in its heading, and its text; newest first."""
    _, *parts = _HEADING.split(Path(CHANGELOG).read_text())
    each = zip(parts[::3], parts[1::3], parts[2::3], strict=True)
    return {name: (rest, text.strip()) for name, rest, text in each}


def against_the_words(tag: str) -> Iterator[str]:
    """What speaks against a release in version, changelog, tag and tree."""
    told, known = version(), changes()
    if text := known.pop("Unreleased", ("", ""))[1]:
        first = text.splitlines()[0]
        yield f"{CHANGELOG}: {first!r} … is under Unreleased; put it under a version with a date"
    newest = next(iter(known), "no version")
    if newest != told:
        yield (
            f"{LIBRARY}/pyproject.toml says {told}, and {CHANGELOG} begins with {newest}; "
            "make them one"
        )
    elif not _DATED.fullmatch(known[newest][0]):
        yield f"{CHANGELOG}: write the day of {newest}, as in ## [{newest}] - 2026-01-31"
    elif not known[newest][1]:
        yield f"{CHANGELOG}: nothing is said of {newest}, and it would be the release's notes"
    if tag and tag != f"v{told}":
        yield f"the tag {tag} is not of {told}, which {LIBRARY}/pyproject.toml says: v{told}"
    if changed := _git("status", "--porcelain").decode():
        names = ", ".join(line[3:] for line in changed.splitlines())
        yield f"not committed: {names}; a release is made of a commit"


def build() -> Path:
    """The wheel of the commit, by the builder that is locked; nothing is left in the sources."""
    shutil.rmtree(MADE, ignore_errors=True)
    with tarfile.open(fileobj=io.BytesIO(_git("archive", "HEAD", LIBRARY))) as files:
        files.extractall(MADE / "source", filter="data")
    uv = str(Path(sys.executable).parent / "uv")
    how = ("--quiet", "--wheel", "--no-build-isolation", "--python", sys.executable)
    source = MADE / "source" / LIBRARY
    subprocess.run([uv, "build", *how, "--out-dir", str(MADE), str(source)], check=True)
    [wheel] = MADE.glob("*.whl")
    return wheel


def against_the_wheel(wheel: Path) -> Iterator[str]:
    """What it lacks of the library, or has too much; and who it says that it is."""
    tracked = _git("ls-tree", "-r", "--name-only", "HEAD", LIBRARY).decode().splitlines()
    wanted = {name for name in tracked if name.endswith(".py") and not _TEST.search(name)}
    wanted.add(f"{LIBRARY}/py.typed")
    with zipfile.ZipFile(wheel) as files:
        names = {*files.namelist()}
        [about] = [name for name in names if name.endswith(".dist-info/METADATA")]
        metadata = HeaderParser().parsestr(files.read(about).decode())
    got = {name for name in names if ".dist-info/" not in name}
    for what, odd in (("lacks", wanted - got), ("should not have", got - wanted)):
        if odd:
            yield f"{wheel.name} {what} {', '.join(sorted(odd))}; see {LIBRARY}/pyproject.toml"
    said = (metadata["Name"].replace("-", "_"), metadata["Version"])
    if said != (LIBRARY, version()):
        yield f"{wheel.name} says that it is {' '.join(said)}, not {LIBRARY} {version()}"
    if not any(".dist-info/licenses/" in name for name in names):
        yield f"{wheel.name} lacks the licence's text; see license-files in its pyproject.toml"


def check(tag: str) -> int:
    wheel = build()
    if found := [*against_the_words(tag), *against_the_wheel(wheel)]:
        print(f"{LIBRARY} {version()} cannot be released:", file=sys.stderr)
        print("".join(f"  {each}\n" for each in found), end="", file=sys.stderr)
        return 1
    print(f"{LIBRARY} {version()} can be released: {wheel}")
    if not tag:
        print(f"Next: git tag v{version()} && git push origin v{version()}")
    return 0


def publish(tag: str) -> int:
    """Make the release of a tag that is on GitHub; the exit status is the check's, or gh's."""
    if status := check(tag):
        return status
    notes = MADE / "notes.md"
    notes.write_text(changes()[version()][1])
    wheels = [str(path) for path in MADE.glob("*.whl")]
    made = ["gh", "release", "create", tag, *wheels, "--verify-tag"]
    told = ["--title", f"{LIBRARY} {version()}", "--notes-file", str(notes)]
    return subprocess.run([*made, *told], check=False).returncode


def _git(*command: str) -> bytes:
    return subprocess.run(["git", *command], stdout=subprocess.PIPE, check=True).stdout


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.release", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("check").add_argument("--tag", default="", help="none: not tagged yet")
    commands.add_parser("publish").add_argument("--tag", required=True)
    told = parser.parse_args(arguments)
    return {"check": check, "publish": publish}[told.command](told.tag)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
