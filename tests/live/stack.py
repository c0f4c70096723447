"""A stack on the real Pulumi engine, whose program is a function of the test."""

import gc
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pulumi import automation as auto
from pulumi.automation.errors import CommandError
from pulumi.runtime._grpc_settings import _GRPC_CHANNEL_OPTIONS

ROOT = Path(__file__).parents[2]

# gRPC keeps connections by address, for all channels of a process. A call that outlives its update
# leaves one that waits to connect again, for up to two minutes; an engine that gets the same port
# in that time would be refused as "Resource monitor has terminated".
_GRPC_CHANNEL_OPTIONS.append(("grpc.use_local_subchannel_pool", 1))

Program = Callable[[], None]
Changes = dict[str, int]


class FailedError(Exception):
    """Pulumi failed; the text is what it called errors."""


@dataclass
class Stack:
    """Up, preview, refresh and destroy with a file backend of its own under ``home``."""

    home: Path
    api_url: str
    engine: Path
    project: str = "live"
    name: str = "test"
    config: dict[str, str] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)  # what Pulumi printed, the last command's only

    def up(self, program: Program) -> Changes:
        return _changes(self._run(program, "up").summary.resource_changes)

    def preview(self, program: Program) -> Changes:
        told = self._run(program, "preview").change_summary
        return _changes({str(getattr(op, "value", op)): count for op, count in told.items()})

    def refresh(self, program: Program) -> Changes:
        return _changes(self._run(program, "refresh").summary.resource_changes)

    def destroy(self, program: Program = lambda: None) -> Changes:
        return _changes(self._run(program, "destroy").summary.resource_changes)

    def outputs(self, program: Program) -> dict[str, auto.OutputValue]:
        return dict(self._select(program).outputs())

    def exported(self, program: Program = lambda: None) -> dict[str, Any]:
        """The state, as `pulumi stack export` tells it."""
        return vars(self._select(program).export_stack())

    def state(self) -> str:
        """The state as it is stored, in which no secret may stand in clear."""
        files = sorted(self.home.rglob(f"stacks/**/{self.name}.json"))
        return "".join(path.read_text() for path in files)

    def _run(self, program: Program, what: str) -> Any:
        run = getattr(self._select(program), what)
        self.said.clear()
        try:
            return run(color="never", diff=True, on_output=self.said.append)
        except CommandError as error:
            told = _errors(str(error))
        # The SDK leaves the program's coroutine behind; collected at a worse time, it ends pytest.
        gc.collect()
        raise FailedError(told)

    def _select(self, program: Program) -> auto.Stack:
        self.home.mkdir(parents=True, exist_ok=True)
        settings = auto.ProjectSettings(
            name=self.project,
            runtime="python",
            backend=auto.ProjectBackend(url=f"file://{self.home}"),
        )
        stack = auto.create_or_select_stack(
            self.name,
            project_name=self.project,
            program=program,
            opts=auto.LocalWorkspaceOptions(
                work_dir=str(self.home),
                project_settings=settings,
                env_vars=environment(self.home, self.engine, self.api_url),
                pulumi_command=auto.PulumiCommand(),  # of PATH: see the fixture pulumi_bin
            ),
        )
        if self.config:
            stack.set_all_config(
                {key: auto.ConfigValue(value, secret=True) for key, value in self.config.items()}
            )
        return stack


def environment(home: Path, engine: Path, api_url: str) -> dict[str, str]:
    """What Pulumi and the program's provider process need to know."""
    return {
        "PATH": f"{engine}{os.pathsep}{os.environ['PATH']}",
        "PULUMI_HOME": str(home / "pulumi-home"),
        "PULUMI_CONFIG_PASSPHRASE": "test",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PREFECT_API_URL": api_url,
        "PYTHONPATH": str(ROOT),  # the provider process imports prefect_as_code
    }


def _changes(told: dict[str, int] | None) -> Changes:
    """What happened, less what stayed the same."""
    return {op: count for op, count in (told or {}).items() if op != "same"}


def _errors(told: str) -> str:
    """From the first error on, without the resources that the diff shows before it."""
    lines = told.partition("error:")[2].splitlines()
    return "\n".join(line.strip() for line in lines) or told
