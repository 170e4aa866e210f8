"""What a breaker measures now, as people read it."""

from __future__ import annotations

import attrs


@attrs.frozen
class Reading:
    """`value` against `limit`, with units; empty while nothing was measured. `time_ns` is 0 for what is current."""

    value: str
    limit: str
    time_ns: int = 0
