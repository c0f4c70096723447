"""What the environment says of an `up` that takes up what an earlier one has left."""

import os


def recover() -> str:
    """The command that puts right what was cut short, as a message names it.

    Whoever runs Pulumi for the user says in PREFECT_RECOVER how that is done here.
    """
    return os.environ.get("PREFECT_RECOVER") or "python -m prefect_as_code.recover --stack NAME"


def takes_over(api_url: str, *, identical: bool) -> bool:
    """Whether an object that this stack has not made becomes its own, though nobody said so of it.

    PREFECT_ADOPT is ``identical``, for all that is just as declared; or the URL of an API, for all
    that is there: a server of one's own, on which nobody else makes anything.
    """
    told = os.environ.get("PREFECT_ADOPT")
    return told == api_url or (told == "identical" and identical)
