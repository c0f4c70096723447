"""The seedling: the smallest flow that shows what a flow is here."""

from typing import Annotated, Literal

from prefect import flow
from pydantic import Field

from flows.rows import set_rows

GREETINGS = {"english": "Hello", "french": "Bonjour", "swahili": "Habari"}


@flow(log_prints=True)
def hello(
    name: Annotated[str, Field(min_length=1, max_length=80)] = "world",
    times: Annotated[int, Field(ge=1, le=10)] = 1,
    language: Literal["english", "french", "swahili"] = "english",
) -> int:
    """Greet somebody: the quickest way to see that a stack can run flows.

    Args:
        name: Who is greeted.
        times: How many times, 1 to 10.
        language: The language of the greeting.
    """
    for _ in range(times):
        print(f"{GREETINGS[language]}, {name}!")
    set_rows(times)
    return times
