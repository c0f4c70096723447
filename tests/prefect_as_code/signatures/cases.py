"""Flow signatures, each a module, as ``cases.txt`` has them; and the modules that lie beside them.

A case is a line ``### name`` and a module. Where it cannot be read the same on every machine, the
line goes on with what the refusal says: ``### REFUSED name => pattern``. The flow is ``f``, unless
the name ends with ``:other``; ``@flow`` is put before it, or what is after `` @`` in the name,
unless the line ends with ``| raw``.
"""

from pathlib import Path
from textwrap import dedent

# pyarrow, duckdb and numpy are packages of flows: in one environment only.
BESIDE = {
    "settings.py": """
        import os
        LIMIT: int = 7
        REGION = os.environ.get("REGION", "eu")
        TAGS = ["a"]
        TAGS.append("b")
    """,
    "heavy.py": """
        import pyarrow
        from pydantic import BaseModel
        class Shop(BaseModel):
            city: str = "paris"
        CHUNK = 500
        VERSION = pyarrow.__version__
        class Table(BaseModel, arbitrary_types_allowed=True):
            schema_: pyarrow.Schema
    """,
    "shop/__init__.py": "from .models import Shop\nCURRENCY = 'EUR'\n",
    "shop/models.py": """
        from enum import Enum
        from pydantic import BaseModel, Field
        from . import kinds
        class Shop(BaseModel):
            city: str = Field("paris", description="Where it is.")
            kind: kinds.Kind = kinds.Kind.small
    """,
    "shop/kinds.py": "import enum\nclass Kind(enum.Enum):\n    small = 's'\n    big = 'b'\n",
    "stars.py": "__all__ = ['PUBLIC']\nPUBLIC = 3\n_HIDDEN = 4\nOTHER = 5\n",
    "loops.py": "from loops_too import B\nA = 1\nclass M:\n    pass\n",
    "loops_too.py": "import loops\nB = 2\n",
    "flows/near.py": "DAYS = 30\n",
    "folder/deep/inner.py": "DEPTH = 2\n",
    "query.sql": "select 1",
}


def cases():
    """``(name, function, source as bytes, refusal or none)`` of each, with ``@flow`` put before
    ``def f`` unless the case is raw."""
    whole = "\n" + Path(__file__).with_name("cases.txt").read_text()
    for text in whole.split("\n### ")[1:]:
        title, _, body = text.partition("\n")
        title, _, kind = title.partition(" | ") if " | " in title else (title, "", "")
        refused = title.startswith("REFUSED ")
        title, _, why = title.removeprefix("REFUSED ").partition(" => ")
        title, _, function = title.partition(":")
        title, at, decorator = title.partition(" @")
        source = body
        if kind != "raw" and not body.startswith("@"):
            word = "async def f(" if "\nasync def f(" in f"\n{body}" else "def f("
            head, _, tail = f"\n{body}".rpartition(f"\n{word}")
            source = f"{head}\n@{decorator if at else 'flow'}\n{word}{tail}"[1:]
        line = "from prefect import flow\n"
        if "from __future__ import annotations\n" in source:
            source = source.replace("annotations\n", f"annotations\n{line}", 1)
        else:
            source = line + source
        if kind == "latin-1":
            told = f"# coding: latin-1\n{source}".encode("latin-1")
        else:
            told = source.encode("utf-8-sig" if kind == "bom" else "utf-8")
        yield title, function or "f", told, why if refused else None


def write(folder):
    """The project that all cases are in; their ``(name, entrypoint, refusal)``."""
    for path, text in BESIDE.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(dedent(text).lstrip())
    found = []
    for number, (name, function, source, why) in enumerate(cases()):
        path = f"flows/case_{number}.py"
        (folder / path).write_bytes(source)
        found.append((name, f"{path}:{function}", why))
    return found
