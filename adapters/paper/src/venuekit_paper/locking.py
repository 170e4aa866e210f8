"""One process at a time: a lock on a file, which the operating system gives back however the process ends."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import IO

from venuekit.adapter import StoreInUse

if sys.platform == "win32":
    import msvcrt

    #: Far behind the text, because there a locked byte cannot be read.
    _PLACE = 2**30

    def _take(file: IO[str]) -> None:
        os.lseek(file.fileno(), _PLACE, os.SEEK_SET)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _take(file: IO[str]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


class FileLock:
    """An exclusive lock on a file of its own, which says whose it is. Raises StoreInUse when somebody has it."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a+", encoding="ascii", errors="replace")
        try:
            _take(self._file)
        except OSError as error:
            self._file.seek(0)
            owner = self._file.read(20).strip() or "unknown"
            self._file.close()
            raise StoreInUse(
                f"The paper account at {path.with_suffix('')} is open in process {owner}.",
                fix="Stop that process, or use another account (--account NAME, or account= in code).",
                details={"path": str(path), "pid": owner},
            ) from error
        self._file.truncate(0)
        self._file.write(str(os.getpid()))
        self._file.flush()

    def release(self) -> None:
        """Give it back; safe to call twice."""
        self._file.close()
