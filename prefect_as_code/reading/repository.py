"""The modules that lie beside a flow, found as Prefect finds them when it imports the flow."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .rules import is_always_there
from .sources import Source
from .watching import Watch


class Repository:
    """The modules that lie beside a flow: in its own folder, and in the working directory."""

    def __init__(self, entry: str, watch: Watch, bare: str | None) -> None:
        self.path, self.watch, self.bare = Path(entry), watch, bare
        self.folders = [*dict.fromkeys([self.path.resolve().parent, Path.cwd()])]
        self.modules: dict[str, Source] = {}
        self.texts: list[str] = []
        self.hidden: dict[str, Any] = {}

    @contextmanager
    def entered(self) -> Iterator[Source]:
        """The flow's own module; those that it comes to are found by their names, as pydantic
        and dataclasses do, until the end."""
        try:
            yield self._add(self.path.stem, self.path, self.folders)
        finally:
            for name, before in self.hidden.items():
                sys.modules.pop(name, None)
                if before is not None:
                    sys.modules[name] = before

    def find(self, name: str) -> Source | None:
        """The module called ``name``; none when no file here is."""
        if name in self.modules:
            return self.modules[name]
        outer, _, last = name.rpartition(".")
        package = self.find(outer) if outer else None
        if outer and (package is None or package.folders is None):
            return None
        folders = (package.folders or []) if package else self.folders
        for inside in (folder / last for folder in folders):
            file, init = inside.parent / f"{last}.py", inside / "__init__.py"
            for path, own in ((init, [inside]), (file, None)):
                self.watch.files.add(str(path))  # it counts, too, that it is not there
                if path.is_file():
                    return self._attach(package, last, self._add(name, path, own))
        for inside in (folder / last for folder in folders):
            if inside.is_dir() and next(inside.rglob("*.py"), None):
                return self._attach(package, last, self._add(name, inside, [inside]))
        return None

    def _add(self, name: str, path: Path, folders: list[Path] | None) -> Source:
        self.watch.files.add(os.path.abspath(path))
        self.modules[name] = source = Source(name, path, folders, self)
        if not is_always_there(name):
            self.hidden.setdefault(name, sys.modules.get(name))
            sys.modules[name] = source.module
        source.read()
        return source

    def _attach(self, package: Source | None, name: str, source: Source) -> Source:
        if package:
            package.values.setdefault(name, source.module)
        return source
