"""For all tests."""

from tools import interrupts

interrupts.heed()
