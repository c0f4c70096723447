"""A stack on the real Pulumi engine, whose program is a function of the test."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pulumi import automation as auto

ROOT = Path(__file__).parents[2]

Program = Callable[[], None]
Changes = dict[str, int]


@dataclass
class Stack:
    """Up, preview, refresh and destroy with a file backend of its own under ``home``."""

    home: Path
    api_url: str
    engine: Path
    project: str = "live"
    name: str = "test"
    config: dict[str, str] = field(default_factory=dict)
    on_output: Callable[[str], object] = field(default=lambda line: None)

    def up(self, program: Program) -> Changes:
        return _changes(self._select(program).up(**self._shown()).summary.resource_changes)

    def preview(self, program: Program) -> Changes:
        told = self._select(program).preview(**self._shown()).change_summary
        return _changes({str(getattr(op, "value", op)): count for op, count in told.items()})

    def refresh(self, program: Program) -> Changes:
        return _changes(self._select(program).refresh(**self._shown()).summary.resource_changes)

    def destroy(self, program: Program = lambda: None) -> Changes:
        return _changes(self._select(program).destroy(**self._shown()).summary.resource_changes)

    def outputs(self, program: Program = lambda: None) -> auto.OutputMap:
        return self._select(program).outputs()

    def state(self) -> str:
        """The state as it is stored, in which no secret may stand in clear."""
        files = sorted(self.home.rglob(f"stacks/**/{self.name}.json"))
        return "".join(path.read_text() for path in files)

    def _shown(self) -> dict[str, Any]:
        return {"color": "never", "diff": True, "on_output": self.on_output}

    def _select(self, program: Program) -> auto.Stack:
        self.home.mkdir(parents=True, exist_ok=True)
        settings = auto.ProjectSettings(
            name=self.project,
            runtime="python",
            backend=auto.ProjectBackend(url=f"file://{self.home}"),
        )
        env = {
            "PATH": f"{self.engine}{os.pathsep}{os.environ['PATH']}",
            "PULUMI_HOME": str(self.home / "pulumi-home"),
            "PULUMI_CONFIG_PASSPHRASE": "test",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PREFECT_API_URL": self.api_url,
            "PYTHONPATH": str(ROOT),  # the provider process imports stacks.prefect
        }
        stack = auto.create_or_select_stack(
            self.name,
            project_name=self.project,
            program=program,
            opts=auto.LocalWorkspaceOptions(
                work_dir=str(self.home),
                project_settings=settings,
                env_vars=env,
                pulumi_command=auto.PulumiCommand(root=str(self.engine.parent)),
            ),
        )
        if self.config:
            stack.set_all_config(
                {key: auto.ConfigValue(value, secret=True) for key, value in self.config.items()}
            )
        return stack


def _changes(told: dict[str, int] | None) -> Changes:
    """What happened, less what stayed the same."""
    return {op: count for op, count in (told or {}).items() if op != "same"}
