"""The trading state: what may be sent at all."""

from __future__ import annotations

from enum import StrEnum


class TradingState(StrEnum):
    """What may be sent: everything, only what reduces, only cancels."""

    ACTIVE = "ACTIVE"
    REDUCING = "REDUCING"
    HALTED = "HALTED"

    @property
    def strictness(self) -> int:
        """0 for ACTIVE, 2 for HALTED."""
        return tuple(TradingState).index(self)
