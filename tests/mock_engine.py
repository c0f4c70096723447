"""Plays the Pulumi engine: accepts every resource and remembers what it was told."""

from collections.abc import Callable
from typing import Any

import pulumi


class Engine(pulumi.runtime.Mocks):
    def __init__(self) -> None:
        self.told: list[pulumi.runtime.MockResourceArgs] = []

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        self.told.append(args)
        return f"{args.name}-id", args.inputs

    def call(self, args: pulumi.runtime.MockCallArgs) -> dict[str, Any]:
        return {}

    def inputs(self, kind: str) -> dict[str, dict[str, Any]]:
        """By resource name, the inputs of every Prefect object of one kind."""
        type_ = f"pulumi-python:dynamic/prefect:{kind}"
        return {r.name: r.inputs for r in self.told if r.typ == type_}


def build(program: Callable[[], object], stack: str = "test") -> Engine:
    """Run a program to its end; absence can be asserted only once all has been registered."""
    engine = Engine()
    pulumi.runtime.set_mocks(engine, project="dataflows", stack=stack, preview=False)
    pulumi.runtime.test(program)()
    return engine
