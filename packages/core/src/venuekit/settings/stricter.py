"""Which of two values of a limit lets less pass; a limit that says so may be changed while desks run."""

from __future__ import annotations

from typing import Any

LOWER = "lower"
HIGHER = "higher"
MORE = "more"
#: Where a field's metadata says it.
TIGHTER = "tighter"


def stricter(which: str, one: Any, other: Any) -> Any:
    """The value that lets less pass; None is no limit. Of two lists of what is refused (`MORE`), both together."""
    if one is None or other is None:
        return other if one is None else one
    if which == MORE:
        return (*one, *(item for item in other if item not in one))
    return min(one, other) if which == LOWER else max(one, other)
