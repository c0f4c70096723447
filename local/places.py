"""Where a stack of this machine keeps what it makes: all is under one git-ignored folder."""

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Places:
    root: Path = ROOT
    folder: str = ".local"

    @property
    def base(self) -> Path:
        return self.root / self.folder

    @property
    def prefect(self) -> Path:
        """PREFECT_HOME: database, results, profiles."""
        return self.base / "prefect"

    @property
    def state(self) -> Path:
        """Pulumi's file backend."""
        return self.base / "state"

    @property
    def run(self) -> Path:
        """Who runs, and locks."""
        return self.base / "run"

    @property
    def logs(self) -> Path:
        return self.base / "logs"

    def log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def record(self, name: str) -> Path:
        return self.run / f"{name}.json"

    def lock(self, name: str) -> Path:
        return self.run / f"{name}.lock"

    def make(self) -> None:
        self.base.mkdir(parents=True, exist_ok=True)
        self.base.chmod(0o700)  # the database and the state are nobody else's business
        for folder in (self.prefect, self.state, self.run, self.logs):
            folder.mkdir(exist_ok=True)

    def shown(self, path: Path) -> str:
        """As a person in the root would type it."""
        return str(path.relative_to(self.root)) if path.is_relative_to(self.root) else str(path)
