"""Put the images that one stack has proved into another stack's settings, or take them back.

``python -m promotion promote --from dev --to prod`` writes the digests that dev runs into
Pulumi.prod.yaml; ``python -m promotion rollback --stack prod`` writes those from before. Neither
deploys anything: what they write is committed, reviewed and deployed as any other change.
"""

import argparse
import difflib
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from prefect_as_code import PrefectError
from prefect_as_code.api import PrefectApi
from stacks.config.images import Promotion
from stacks.oci import Reference, Registry, RegistryError

from . import settings, stack, tree
from .errors import RefusedError
from .proof import proofs
from .settings import History, Settings

EXPECTED = (RefusedError, RegistryError, PrefectError)


def promote(origin: str, to: str, *, folder: Path, reason: str | None, dry_run: bool) -> None:
    """Let one stack's file name the images that the other one runs.

    Raises:
        RefusedError: something speaks against it; all of it is named, and nothing is changed.
    """
    file = _promoted(to, folder)
    source = settings.read(origin, folder)
    if origin == to:
        raise RefusedError(f"{origin} cannot be promoted to itself; FROM and TO are two stacks.")
    if source.source is None:
        raise RefusedError(
            f"{source.file.name} has no {settings.SECTION}, so {origin} has no images to promote. "
            "Take a stack whose runs are Cloud Run jobs."
        )
    there = stack.running(origin)
    now = file.history.now
    if now and there.images == {"agent": now.agent, "runner": now.runner}:
        print(f"{to} has the images of {origin} already, since {now.at}. Nothing was changed.")
        return
    problems = [*_uncommitted(folder), *_not_in_registry(there)]
    unproved = dict(_unproved(origin, there))
    if unproved and not reason:
        problems += [f"{what}{advice}" for what, advice in unproved.items()]
        problems.append('Or say why it is promoted all the same: REASON="...".')
    if problems:
        lines = "\n".join(f"  {problem}" for problem in problems)
        raise RefusedError(f"{origin} is not promoted to {to}:\n{lines}\nNothing was changed.")
    promotion = Promotion(
        **there.images,
        copied_from=there.repository,
        stack=origin,
        git_revision=there.revision,
        at=datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        by=tree.author(folder),
        reason=settings.one_line(reason) if reason and unproved else None,
        unproved=tuple(unproved),
    )
    for each in unproved:
        print(f"not proved: {each}")
    _change(file, file.history.after(promotion), f"Promote {origin} to {to}", dry_run=dry_run)


def rollback(name: str, *, folder: Path, dry_run: bool) -> None:
    """Let the stack's file name the images that it named before the last promotion.

    Raises:
        RefusedError: there are none, or the registry has them no more.
    """
    file = _promoted(name, folder)
    if not file.history.before:
        raise RefusedError(
            f"{file.file.name} names no images from before, so there is nothing to go back to. "
            f"What git knows of it: git log -p -- {file.file.name}"
        )
    if lost := [*_lost(file.history.before[0], file.repository)]:
        lines = "\n".join(f"  {each}" for each in lost)
        raise RefusedError(f"{name} is not rolled back:\n{lines}\nNothing was changed.")
    _change(file, file.history.back(), f"Roll {name} back", dry_run=dry_run)


def _promoted(name: str, folder: Path) -> Settings:
    file = settings.read(name, folder)
    if file.source != "promote":
        says = f"images.source is {file.source}" if file.source else "it has no images"
        raise RefusedError(
            f"{name} does not run promoted images: in {file.file.name} {says}. Take a stack whose "
            "images.source is promote."
        )
    return file


def _uncommitted(folder: Path) -> Iterator[str]:
    if files := tree.changed(folder):
        yield (
            f"{', '.join(files)} {'is' if len(files) == 1 else 'are'} not committed, and a "
            "promotion is a commit of its own. Commit or put aside what is there: git stash."
        )


def _not_in_registry(there: stack.Running) -> Iterator[str]:
    registry = Registry()
    for name, digest in sorted(there.images.items()):
        image = Reference.of(f"{there.repository}/{name}", digest)
        if not registry.holds(image):
            yield (
                f"{image} is not in the registry: it was removed, or never pushed. Deploy the "
                "stack again: that says how it is brought back."
            )


def _lost(wanted: Promotion, own: str | None) -> Iterator[str]:
    """The images that are neither in the stack's own repository nor where they came from."""
    registry = Registry()
    places = [place for place in (own, wanted.copied_from) if place]
    for name, digest in (("agent", wanted.agent), ("runner", wanted.runner)):
        if not any(registry.holds(Reference.of(f"{p}/{name}", digest)) for p in places):
            yield (
                f"{name}@{digest} is not in {' nor in '.join(places)}: it was removed. Promote "
                "an image that is there: make promote, from the commit that you want back."
            )


def _unproved(origin: str, there: stack.Running) -> Iterator[tuple[str, str]]:
    """What is not proved, and what to do about it."""
    if there.revision == "unknown" or there.revision.endswith("-dirty"):
        what = f"{origin} was deployed from what no commit has ({there.revision})"
        yield what, "; commit, and deploy it from there"
    api = PrefectApi(stack.connection(origin))
    for proof in proofs(api, there.deployments, there.images["runner"]):
        if not proof.holds:
            yield str(proof), proof.advice


def _change(file: Settings, history: History, what: str, *, dry_run: bool) -> None:
    text, name = file.with_history(history), file.file.name
    old, new = (each.splitlines(keepends=True) for each in (file.text, text))
    print("".join(difflib.unified_diff(old, new, name, name)), end="")
    if dry_run:
        print("Nothing was changed, as this is a dry run.")
        return
    file.write(text)
    print(
        f"{name} is written. Next:\n"
        f"  make preview STACK={file.stack}\n"
        f'  git commit -m "{what}" -- {name}\n'
        f"  a pull request, whose merge deploys it; or, from here, make deploy STACK={file.stack}"
    )


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m promotion", description=__doc__)
    commands = made.add_subparsers(dest="command", required=True)
    text = "Put the images that a stack runs, and has proved by its runs, into another's settings."
    added = commands.add_parser("promote", help=text, description=text)
    added.add_argument("--from", dest="origin", required=True, metavar="STACK")
    added.add_argument("--to", required=True, metavar="STACK")
    added.add_argument("--reason", help="why, although not all is proved; it is recorded")
    text = "Put the images from before the last promotion into a stack's settings."
    back = commands.add_parser("rollback", help=text, description=text)
    back.add_argument("--stack", required=True)
    for each in (added, back):
        each.add_argument("--dry-run", action="store_true", help="show it, and change nothing")
    return made


def main(arguments: Sequence[str]) -> int:
    told = parser().parse_args(arguments)
    here = Path.cwd()
    try:
        if told.command == "promote":
            promote(told.origin, told.to, folder=here, reason=told.reason, dry_run=told.dry_run)
        else:
            rollback(told.stack, folder=here, dry_run=told.dry_run)
    except EXPECTED as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
