"""The kit for adapter authors and for tests of bots: a clock, value strategies, chaos, and the contract."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from venuekit.testing.chaos import ChaosVenue
    from venuekit.testing.clock import START_NS, SimulatedClock
    from venuekit.testing.score import Score, run_contract

__all__ = ["START_NS", "ChaosVenue", "Score", "SimulatedClock", "run_contract"]

_HOMES = {
    "START_NS": "clock",
    "SimulatedClock": "clock",
    "ChaosVenue": "chaos",
    "Score": "score",
    "run_contract": "score",
}


def __getattr__(name: str) -> Any:
    """Import a name when it is first used: pytest loads this package in every project that has it."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
