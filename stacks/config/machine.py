"""The place `machine`: what a stack says whose runs are processes."""

from typing import ClassVar, Literal

from pydantic import Field, field_validator

from .section import Runner, Section


class Process(Runner):
    """Runs are processes on the machine of the worker."""

    needed: ClassVar[frozenset[str]] = frozenset({"data"})

    kind: Literal["process"] = Field(description="`process`: on the machine of the worker.")


class Data(Section):
    """Where the flows find and leave data, where runs are processes."""

    landing: str = Field(
        description="URL of the folder in which files arrive: file://, s3:// or gs://."
    )
    warehouse: str = Field(description="`duckdb:///path` or `bigquery://project/dataset`.")

    @field_validator("landing")
    @classmethod
    def _is_landing(cls, value: str) -> str:
        return _with_scheme(value, "file", "s3", "gs")

    @field_validator("warehouse")
    @classmethod
    def _is_warehouse(cls, value: str) -> str:
        return _with_scheme(value, "duckdb", "bigquery")


class Sections(Section):
    """What such a stack has beside ``prefect`` and ``runner``."""

    data: Data | None = None


def _with_scheme(value: str, *schemes: str) -> str:
    if not value.startswith(tuple(f"{scheme}://" for scheme in schemes)):
        raise ValueError(f"is no URL of {', '.join(f'{s}://' for s in schemes)}")
    return value
