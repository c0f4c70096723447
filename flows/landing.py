"""The landing: partitions as parquet files, ``<table>/<key>.parquet``, in a folder or a bucket."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import uuid4

import fsspec


@dataclass(frozen=True)
class Landing:
    """``url`` is ``file://…``, ``s3://…`` or ``gs://…``; ``options`` go to fsspec."""

    url: str
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)  # may hold keys

    def url_of(self, table: str, key: str) -> str:
        return f"{self.url.rstrip('/')}/{table}/{key}.parquet"

    def keys(self, table: str) -> list[str]:
        """The keys of the partitions that have landed of ``table``, in order."""
        self._store.invalidate_cache()
        found = self._store.glob(f"{self._root}/{table}/[!.]*.parquet")
        return sorted(Path(path).stem for path in found)

    def read(self, table: str, key: str) -> bytes:
        content: bytes = self._store.cat_file(f"{self._root}/{table}/{key}.parquet")
        return content

    def write(self, table: str, key: str, content: bytes) -> None:
        """Make the file appear whole or not at all."""
        path = f"{self._root}/{table}/{key}.parquet"
        if "file" not in self._store.protocol:
            self._store.pipe_file(path, content)  # an object is seen once its upload has ended
            return
        folder = Path(path).parent
        folder.mkdir(parents=True, exist_ok=True)
        unfinished = folder / f".{key}-{uuid4().hex}"
        try:
            unfinished.write_bytes(content)
            os.replace(unfinished, path)
        finally:
            unfinished.unlink(missing_ok=True)

    @cached_property
    def _store(self) -> Any:
        return fsspec.core.url_to_fs(self.url, **self.options)[0]

    @cached_property
    def _root(self) -> str:
        root: str = self._store._strip_protocol(self.url)
        return root.rstrip("/")
