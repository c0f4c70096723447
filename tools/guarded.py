"""Runs a command that uses Pulumi, with an engine on PATH, and leaves nothing of it running.

``python -m tools.guarded [--seconds-to-finish N] COMMAND...``
"""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence

from tools import command, engine


def environment() -> Mapping[str, str]:
    """This process's, where `python`, `pulumi` and its language host are the right ones."""
    venv = command.ROOT / ".venv"
    path = [str(venv / "bin"), str(engine.find().bin), os.environ.get("PATH", os.defpath)]
    return {**os.environ, "PATH": os.pathsep.join(path), "VIRTUAL_ENV": str(venv)}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.guarded", description=__doc__)
    parser.add_argument(
        "--seconds-to-finish",
        type=float,
        default=command.SECONDS_TO_FINISH,
        help="how long an interrupted Pulumi has for the step in hand (%(default)s)",
    )
    parser.add_argument("command", nargs=argparse.REMAINDER, metavar="COMMAND")
    told = parser.parse_args(arguments)
    patience = told.seconds_to_finish
    try:
        with command.watched(patience=patience):
            return command.run(
                told.command, say=engine.say, environment=environment(), patience=patience
            )
    except engine.NoEngineError as error:
        engine.say(str(error))
        return 1
    except command.Interrupt as interrupt:
        return interrupt.status


if __name__ == "__main__":
    sys.exit(main())
