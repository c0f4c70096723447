"""Makes, under a folder, what an image's base lacks. Standard library only.

A user who owns nothing; and the bytecode of the standard library, which Python's own images leave
out, so that each start of a container would compile what it imports of it again.
"""

import py_compile
import re
import sys
import sysconfig
from importlib.util import cache_from_source
from pathlib import Path

USER = "dataflows:x:10001:10001::/tmp:/usr/sbin/nologin\n"
GROUP = "dataflows:x:10001:\n"
_NEVER_IMPORTED = re.compile(
    r"/(site-packages|dist-packages|test|tests|idlelib|lib2to3|turtledemo|ensurepip)/"
)


def add_user(made: Path) -> None:
    for name, line in (("etc/passwd", USER), ("etc/group", GROUP)):
        file = made / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text((Path("/") / name).read_text() + line)


def compile_library(made: Path) -> None:
    for source in sorted(Path(sysconfig.get_path("stdlib")).rglob("*.py")):
        compiled = cache_from_source(str(source))
        if not _NEVER_IMPORTED.search(str(source)) and not Path(compiled).exists():
            py_compile.compile(
                str(source),
                str(made / compiled.lstrip("/")),
                doraise=True,
                invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
            )


if __name__ == "__main__":
    add_user(Path(sys.argv[1]))
    compile_library(Path(sys.argv[1]))
