"""The landing: partitions as parquet files, ``<table>/<key>.parquet``, in a folder or a bucket."""

import os
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import md5
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from uuid import uuid4

import fsspec

SUFFIX = ".parquet"


class Damaged(ValueError):
    """What was read is not what the store says that it keeps."""


@dataclass(frozen=True)
class Landing:
    """``url`` is ``file://…``, ``s3://…`` or ``gs://…``; ``options`` go to fsspec.

    A folder's URL is written as ``Path.as_uri`` writes it: ``%20`` is a blank, ``%25`` a per cent
    sign. Every other sign stands for itself, ``#``, ``?``, ``*`` and brackets too; in the URL of a
    bucket all of them do, and ``%``. Nothing in it is ever a pattern.
    """

    url: str
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)  # may hold keys

    def url_of(self, path: str) -> str:
        """Of a file in the landing, or a folder, for people to find it."""
        return f"{self.url.rstrip('/')}/{path}"

    @property
    def place(self) -> str:
        """The URL, and of a folder the path that it means, where the two differ."""
        plain = self.url.removeprefix("file://").rstrip("/")
        return self.url if plain == self._root else f"{self.url} ({self._root})"

    def top(self) -> dict[str, bool]:
        """What is right under the landing: names, and whether each is a folder."""
        try:
            found = self._fresh.ls(self._root, detail=True)
        except FileNotFoundError:
            return {}
        below = {each["name"].rstrip("/"): each["type"] == "directory" for each in found}
        below.pop(self._root, None)  # stores may have an object that stands for the folder
        return {name.rpartition("/")[2]: folder for name, folder in below.items()}

    def files(self, folder: str) -> list[str]:
        """Every file in a folder of the landing and the folders in it, relative to it, in order."""
        start = f"{self._root}/{folder}/"
        found = self._fresh.find(start.rstrip("/"))
        below = (path.removeprefix(start) for path in found if path.startswith(start))
        # an object that stands for a folder is no file
        return sorted(path for path in below if path and not path.endswith("/"))

    def keys(self, table: str) -> list[str]:
        """The names of the files that have landed in their place of ``table``, in order."""
        return [
            path.removesuffix(SUFFIX)
            for path in self.files(table)
            if path.endswith(SUFFIX) and "/" not in path and not path.startswith(".")
        ]

    def read(self, table: str, key: str) -> bytes:
        """The file. Damaged, where its store keeps a checksum and the content has another."""
        path = f"{self._root}/{table}/{key}{SUFFIX}"
        try:
            content: bytes = self._fresh.cat_file(path)
            problem = _differs(content, self._store.info(path))
            if problem:  # it may have been replaced between the two
                content = self._fresh.cat_file(path)
                problem = _differs(content, self._store.info(path))
        except Exception as error:
            if type(error).__name__ != "FlexibleChecksumError":  # botocore's, of what S3 told it
                raise
            problem = str(error)
        if problem:
            raise Damaged(f"it arrived damaged: {problem}")
        return content

    def write(self, table: str, key: str, content: bytes) -> None:
        """Make the file appear whole or not at all."""
        path = f"{self._root}/{table}/{key}{SUFFIX}"
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

    @property
    def _fresh(self) -> Any:
        """The store, without what it remembers of listings."""
        self._store.invalidate_cache()
        return self._store

    @cached_property
    def _store(self) -> Any:
        # Of the whole URL fsspec would make patterns, chains and versions.
        return fsspec.filesystem(self.url.partition("://")[0], **self.options)

    @cached_property
    def _root(self) -> str:
        scheme, _, path = self.url.partition("://")
        return (unquote(path) if scheme == "file" else path).rstrip("/")


def _differs(content: bytes, told: Mapping[str, Any]) -> str:
    """How the content is not what its store tells of it; empty where it is, or tells nothing."""
    if told.get("contentEncoding"):
        return ""  # the checksums are of the object as it is kept, not as it is handed out
    if expected := told.get("md5Hash"):
        if b64decode(expected) != md5(content, usedforsecurity=False).digest():
            return f"its MD5 is not {expected}, as the store has it"
    elif expected := told.get("crc32c"):
        from google_crc32c import value

        if int.from_bytes(b64decode(expected)) != value(content):
            return f"its CRC32C is not {expected}, as the store has it"
    return ""
