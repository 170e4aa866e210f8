"""What this process uses, from the standard library and, where there is one, the system's process table."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

_STATM = Path("/proc/self/statm")


class SystemUsage:
    """This process, on this machine. `folder` is on the disk that has to have room."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def cpu_ns(self) -> int | None:
        """Processor time used since the process began."""
        return time.process_time_ns()

    def memory_bytes(self) -> int | None:
        """Memory resident now; its highest so far on a system that tells only that, and None where none is told."""
        try:
            return int(_STATM.read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
        except (OSError, ValueError, AttributeError):
            return _highest()

    def free_disk_bytes(self) -> int | None:
        """What is left on the disk."""
        try:
            return shutil.disk_usage(self._folder).free
        except OSError:
            return None


def _highest() -> int | None:
    try:
        import resource  # noqa: PLC0415 - not on every system
    except ImportError:
        return None
    # Without /proc this is macOS, which counts in bytes.
    return int(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
