"""What this process uses of its machine."""

from __future__ import annotations

from typing import Protocol


class ProcessUsage(Protocol):
    """Asked once a second at most; a figure that the system does not tell is None."""

    def cpu_ns(self) -> int | None:
        """Processor time used since the process began, all threads together."""
        ...

    def memory_bytes(self) -> int | None:
        """Memory resident now."""
        ...

    def free_disk_bytes(self) -> int | None:
        """What is left on the disk of the store."""
        ...
