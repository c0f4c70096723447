"""Runs a command that uses Pulumi, with an engine on PATH, and leaves nothing of it running.

``python -m tools.guarded [--stack STACK] [--seconds-to-finish N] COMMAND...``
"""

import argparse
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence

from tools import command, engine, plugins, readiness


def environment() -> Mapping[str, str]:
    """This process's, where `python`, `pulumi` and its language host are the right ones."""
    venv = command.ROOT / ".venv"
    path = [str(venv / "bin"), str(engine.find().bin), os.environ.get("PATH", os.defpath)]
    return {**os.environ, "PATH": os.pathsep.join(path), "VIRTUAL_ENV": str(venv)}


def _unavailable(stack: str, ours: Mapping[str, str]) -> Iterator[str]:
    return plugins.unavailable(readiness.config_of(stack, command.ROOT), ours)


def _says(stack: str, problems: Iterable[str]) -> bool:
    """Whether there are any."""
    told = list(problems)
    for problem in told:
        engine.say(f"{stack}: {problem}")
    return bool(told)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.guarded", description=__doc__)
    parser.add_argument(
        "--seconds-to-finish",
        type=float,
        default=command.SECONDS_TO_FINISH,
        help="how long an interrupted Pulumi has for the step in hand (%(default)s)",
    )
    parser.add_argument(
        "--stack", help="see first that this machine has all that the stack asks for"
    )
    parser.add_argument("command", nargs=argparse.REMAINDER, metavar="COMMAND")
    told = parser.parse_args(arguments)
    patience = told.seconds_to_finish
    try:
        if told.stack and _says(told.stack, readiness.missing(told.stack, command.ROOT)):
            return 1
        with command.watched(patience=patience):
            ours = environment()
            if told.stack and _says(told.stack, _unavailable(told.stack, ours)):
                return 1
            return command.run(told.command, say=engine.say, environment=ours, patience=patience)
    except engine.NoEngineError as error:
        engine.say(str(error))
        return 1
    except command.Interrupt as interrupt:
        return interrupt.status


if __name__ == "__main__":
    sys.exit(main())
