"""For all tests."""

import signal

# A shell's `&` has us ignore SIGINT, and with us all that we start; Pulumi would then wait five
# seconds, after each run, for its plugins to heed it.
signal.signal(signal.SIGINT, signal.default_int_handler)
