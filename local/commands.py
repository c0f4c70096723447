"""The commands of a stack of this machine, as they are called; what each does is the stack's."""

import argparse
from collections.abc import Callable, Mapping, Sequence

Action = Callable[..., int]


def add(
    parser: argparse.ArgumentParser, actions: Mapping[str, Action], logs: Sequence[str]
) -> None:
    """Add the commands to ``parser``, which gives what is told as well an ``action``; ``logs`` are
    the services that have one.
    """
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text)
        added.set_defaults(action=actions[name])
        return added

    bring = command("up", "Bring the stack up and run its flows; safe to repeat.")
    bring.add_argument("--no-runs", dest="runs", action="store_false", help="start no flows")
    command("status", "Show what runs; fails when something has died.")
    shown = command("logs", "Show the end of the logs.")
    shown.add_argument("service", nargs="?", choices=logs, help="one log only")
    shown.add_argument("-f", "--follow", action="store_true", help="go on as they grow")
    shown.add_argument("-n", "--lines", type=int, default=40, help="how many lines (40)")
    command("down", "Stop what runs; data and run history stay.")
    destroy = command("destroy", "Remove everything that `up` made, data included.")
    destroy.add_argument("--yes", action="store_true", help="do not ask")
    text = 'Print shell exports, for eval "$(make -s env)"; or run one COMMAND among them.'
    env = command("env", text)
    env.add_argument("command", nargs=argparse.REMAINDER, metavar="COMMAND")
