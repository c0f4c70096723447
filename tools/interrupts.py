"""Interrupts, which a shell's `&` or `nohup` has its command ignore, and all that it starts."""

import signal


def heed() -> None:
    """Let what we start be interrupted: Pulumi would wait five seconds for a plugin that is deaf.

    Raises:
        ValueError: called from another thread than the main one.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)


def as_in_a_shell() -> None:
    """Have a child ignore no signal, before its program starts: below `nohup` it would SIGHUP."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
