"""A machine of its own for the engine's finder: a PATH, a cache and stand-ins for programs."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tools import engine, source

ROOT = Path(engine.__file__).parent.parent

# As `python3 -m tools.engine`, where the installer cannot be reached and Go is on PATH or nowhere.
PROGRAM = """
import sys
from pathlib import Path
from tools import engine, source
engine.INSTALLER, source.GO_HOME = "https://127.0.0.1:9/", Path("/nowhere")
sys.exit(engine.main([]))
"""

GO = """
import os, sys, time
from pathlib import Path
words, here = sys.argv[1:], Path(__file__).parent
if words == ["env", "GOVERSION"]:
    print("{go}")
elif words[:2] == ["list", "-m"]:
    print(here / "sdk")
elif words[0] == "list":
    print("one/package\\nanother/package")
elif words[0] == "build":
    made = Path(words[words.index("-o") + 1])
    with open(here / "builds", "a") as told:
        print(made.name, file=told)
    made.write_text("#!{python}\\nprint('{version}')\\n")
    made.chmod(0o755)
    print("one/package", file=sys.stderr, flush=True)
    time.sleep({seconds})
"""


@dataclass(frozen=True)
class Machine:
    home: Path

    @property
    def bin(self) -> Path:
        return self.home / "bin"

    @property
    def cache(self) -> Path:
        return self.home / "cache" / "dataflows" / "engine"

    @property
    def builds(self) -> list[str]:
        told = self.bin / "builds"
        return told.read_text().split() if told.exists() else []

    def has(self, name: str, program: str) -> Path:
        self.bin.mkdir(exist_ok=True)
        made = self.bin / name
        made.write_text(f"#!{sys.executable}\n{program}")
        made.chmod(0o755)
        return made

    def has_pulumi(self, version: str, language_host: bool = True) -> None:
        self.has("pulumi", f"print('{version}')")
        for name in engine.LANGUAGE_HOST if language_host else ():
            self.has(name, "")

    def has_go(self, version: str = "go1.99.0", seconds: float = 0.0) -> None:
        words = {"go": version, "python": sys.executable, "seconds": seconds}
        self.has("go", GO.format(version=source.pulumi_version(), **words))
        for script in source.SCRIPTS:
            made = self.bin / "sdk" / script
            made.parent.mkdir(parents=True)
            made.write_text("")

    def start(self) -> "subprocess.Popen[str]":
        ours = {"PATH": str(self.bin), "XDG_CACHE_HOME": str(self.home / "cache")}
        return subprocess.Popen(
            [sys.executable, "-c", PROGRAM],
            cwd=ROOT,
            env=os.environ | ours,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def find(self) -> tuple[str, str, int]:
        """What the finder prints, what it says on the side, and its exit status."""
        process = self.start()
        printed, said = process.communicate(timeout=60)
        return printed.strip(), said, process.returncode
