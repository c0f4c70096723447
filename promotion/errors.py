"""What stops a promotion or a rollback."""


class RefusedError(Exception):
    """Nothing was changed; the text says what is in the way, where, and what to do."""
