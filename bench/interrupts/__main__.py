"""Interrupt the local stack's commands at random moments, and look at what comes of it.

After each interrupt: within 15 seconds no process is left but the services that records own; the
same command, run again, ends well; and just what is declared is on the server, or, after `destroy`,
nothing at all. The moments are random, and the same for the same seed.
"""

import argparse
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from bench.interrupts.kinds import KINDS
from bench.interrupts.storm import COMMANDS, Round, Storm
from tools import interrupts


def show(rounds: Sequence[Round]) -> Table:
    table = Table(
        "command",
        "kind",
        "interrupts",
        "ended well",
        "processes left",
        "seconds until none, median (most)",
        "seconds of the second, median (most)",
        title="Interrupts",
    )
    for command, kind in dict.fromkeys((each.command, each.kind) for each in rounds):
        of = [each for each in rounds if (each.command, each.kind) == (command, kind)]
        table.add_row(
            command,
            kind,
            str(len(of)),
            str(sum(each.well for each in of)),
            str(sum(len(each.left) for each in of)),
            _spread([each.gone for each in of]),
            _spread([each.healed for each in of]),
        )
    return table


def _spread(seconds: Sequence[float]) -> str:
    return f"{median(seconds):.1f} ({max(seconds):.1f})"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.interrupts", description=__doc__)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS), help="(all)")
    usual = ["up", "destroy"]
    parser.add_argument("--commands", nargs="+", choices=COMMANDS, default=usual, help=f"({usual})")
    parser.add_argument("--count", type=int, default=5, help="of each kind and command (5)")
    parser.add_argument("--seed", default="1", help="(1)")
    told = parser.parse_args()
    interrupts.heed()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # its own server goes with it
    console = Console(width=130)
    rounds: list[Round] = []
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="interrupts-") as folder:
        storm = Storm(Path(folder) / "checkout", console.print)
        try:
            for command in told.commands:
                for kind in told.kinds:
                    for each in storm.rounds(kind, command, told.count, told.seed):
                        rounds.append(each)
                        _tell(each, len(rounds), console)
        except KeyboardInterrupt:
            console.print("interrupted")
        finally:
            storm.close()
    if rounds:
        console.print(show(rounds))
    minutes = (time.monotonic() - began) / 60
    console.print(f"{len(rounds)} interrupts in {minutes:.1f} minutes, seed {told.seed}")
    return 0 if rounds and all(each.well for each in rounds) else 1


def _tell(done: Round, number: int, console: Console) -> None:
    console.print(
        f"{number}: {done.kind} {done.after:.1f} s after `make {done.command}` met {done.start}:"
        f" nothing left after {done.gone:.1f} s, again in {done.healed:.1f} s",
        style=None if done.well else "red",
        highlight=False,
    )
    for what in (*done.left, *done.wrong):
        console.print(f"    {what}", markup=False, highlight=False, soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main())
