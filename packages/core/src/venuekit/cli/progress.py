"""How far a long command has come, on standard error, where somebody looks at it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def progress(verb: str, *, quiet: bool = False) -> Iterator[Callable[[int], None] | None]:
    """What to call with the number of rows done so far; the line is gone in the end. None where nobody looks."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    try:
        yield lambda rows: print(f"\r{rows:,} rows {verb}", end="", file=sys.stderr, flush=True)
    finally:
        print("\r\033[K", end="", file=sys.stderr, flush=True)
