"""The steps of a stranger, told as they are done. Knows nothing but the standard library."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any


def done(what: str, shown: object = "") -> None:
    """A step that worked, and what came of it."""
    sys.stdout.write(f"  {what}: {str(shown)[:100]}\n")
    sys.stdout.flush()


def must(what: str, holds: object, shown: object = "") -> None:
    """A step that must hold, or the stranger's trading failed."""
    if not holds:
        raise SystemExit(f"  {what} FAILED: {str(shown)[:1000]}")
    done(what, shown)


def until(what: str, ask: Callable[[], Any], *, seconds: float = 10.0) -> Any:
    """Ask again until the answer is something, since streams come when they come."""
    end = time.monotonic() + seconds
    while not (answer := ask()):
        if time.monotonic() > end:
            raise SystemExit(f"  {what} FAILED: nothing within {seconds} s")
        time.sleep(0.02)
    done(what, answer)
    return answer
