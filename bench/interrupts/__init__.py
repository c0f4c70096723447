"""Interrupts of the local stack's commands, wherever they happen to be, and what comes of them."""
