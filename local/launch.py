"""Notes down that it runs, and becomes the service: one that is started is never without a record,
whatever becomes of whoever starts it.

``python -m local.launch PATH RECORD FOLDER``: PATH is where the record goes, RECORD its JSON, which
lacks what only this process knows; the service runs in FOLDER.
"""

import json
import os
import sys
from pathlib import Path

import psutil

from local.records import Record


def main() -> None:
    path, told, folder = sys.argv[1:]
    created = psutil.Process().create_time()
    record = Record(**json.loads(told), pid=os.getpid(), created=created)
    record.write(Path(path))
    os.chdir(folder)
    os.execv(record.command[0], record.command)  # noqa: S606 - it is what we were called for


if __name__ == "__main__":
    main()
