"""What can go wrong between a Pulumi program and a Prefect server, in words for its user."""

from pulumi import RunError


class PrefectError(RunError):
    """Something that the user of the program can mend; its text says what, where and how.

    Of a program that raises it, Pulumi shows this text alone, without a traceback.
    """


class NoApiUrl(PrefectError):
    """Nothing says where the API is."""


class PrefectApiError(PrefectError):
    """The server answered with an error; ``status`` is the HTTP status code."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class PrefectUnreachable(PrefectError):
    """No answer came, though the call was retried."""
