"""The head of the chain in a small file beside the database, so that rows cut off at its end are missed.

A database that loses its newest rows (a damaged write-ahead log, an old copy put back) is still a whole chain.
The file has two lines that are written in turn, each with a checksum, so that one is whole at any moment.
"""

from __future__ import annotations

import mmap
import re
import zlib
from collections.abc import Callable
from pathlib import Path

import attrs

_LINE = re.compile(rb"([0-9]{20}) ([0-9a-f]{64}) ([0-9a-f]{8})\n")
_WIDTH = 20 + 1 + 64 + 1 + 8 + 1


@attrs.frozen
class Anchor:
    """How many rows there were, and the digest of the last of them."""

    rows: int
    head: str


class AnchorFile:
    """Written after each commit, for about a microsecond; survives the end of the process, not a loss of power."""

    def __init__(self, path: Path) -> None:
        self.path = path
        #: What is kept of rows that were found missing, until a person has looked into it and removes it.
        self.lost = path.with_name(f"{path.name}-lost")
        self._map: mmap.mmap | None = None

    @classmethod
    def beside(cls, database: Path) -> AnchorFile:
        """The one of a database in a file, unless another place was chosen."""
        return cls(database.with_name(f"{database.name}-anchor"))

    def remembered(self) -> list[Anchor]:
        """Every end that is known."""
        return [anchor for anchor in (self.missed(), self.known()) if anchor is not None]

    def known(self) -> Anchor | None:
        """The newest whole line."""
        return _newest(self.path)

    def missed(self) -> Anchor | None:
        """What was set aside when rows were found missing."""
        return _newest(self.lost)

    def begin(self, count: Callable[[], int]) -> None:
        """Open it for a chain of `count()` rows. A file that knows of more is set aside first, not overwritten."""
        known = self.known()  # read before the rows are counted: another process may be writing
        if known is not None and known.rows > count():
            before = self.missed()
            if before is None or before.rows < known.rows:
                self.path.replace(self.lost)
            else:
                self.path.unlink()
        self.path.touch(mode=0o600)
        with self.path.open("r+b") as file:
            if file.seek(0, 2) != 2 * _WIDTH:
                file.truncate(2 * _WIDTH)
            self._map = mmap.mmap(file.fileno(), 2 * _WIDTH)

    def write(self, rows: int, head: str) -> None:
        """Remember the chain's end, after its commit."""
        assert self._map is not None
        start = (rows % 2) * _WIDTH
        body = b"%020d %b" % (rows, head.encode())
        self._map[start : start + _WIDTH] = b"%b %08x\n" % (body, zlib.crc32(body))

    def close(self) -> None:
        """Close; safe to call twice."""
        if self._map is not None:
            self._map.close()
            self._map = None


def _newest(path: Path) -> Anchor | None:
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return None
    whole = [
        Anchor(int(match[1]), match[2].decode())
        for match in (_LINE.fullmatch(text[start : start + _WIDTH]) for start in (0, _WIDTH))
        if match and b"%08x" % zlib.crc32(match[1] + b" " + match[2]) == match[3]
    ]
    return max(whole, key=lambda a: a.rows, default=None)
