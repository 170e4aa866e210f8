"""Text that a stranger wrote, kept apart from our own by its type."""

from __future__ import annotations

import attrs


@attrs.frozen
class Untrusted:
    """Text that a venue or another agent wrote: data, never instructions. Frontends mark and bound it."""

    text: str
    #: In characters; frontends have a bound of their own above it.
    longest: int = 300
