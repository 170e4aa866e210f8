"""Text that a stranger wrote, kept apart from our own by its type."""

from __future__ import annotations

import attrs


@attrs.frozen
class Untrusted:
    """Text that a venue or another agent wrote: data, never instructions. Frontends bound and mark it."""

    text: str
