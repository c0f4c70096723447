"""Pages of which a part is written from the code: between two marks, which stay."""

from dataclasses import dataclass
from pathlib import Path

END = "<!-- end -->"


@dataclass(frozen=True)
class Part:
    """What ``python -m <module>`` writes into ``page``; the command is its first mark."""

    page: Path
    module: str

    @property
    def begin(self) -> str:
        return f"<!-- python -m {self.module} -->"

    def told(self) -> str:
        """As it stands there."""
        return self.page.read_text().partition(self.begin)[2].partition(END)[0].strip()

    def write(self, text: str) -> None:
        before, _, rest = self.page.read_text().partition(self.begin)
        _, _, after = rest.partition(END)
        self.page.write_text(f"{before}{self.begin}\n{text}\n{END}{after}")
