"""Interrupts, which a shell's `&` has its command ignore, and with it all that it starts."""

import signal


def heed() -> None:
    """Let what we start be interrupted: Pulumi would wait five seconds for a plugin that is deaf.

    Raises:
        ValueError: called from another thread than the main one.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
