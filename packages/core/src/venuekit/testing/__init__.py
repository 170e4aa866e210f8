"""The kit for adapter authors and for tests of bots."""

from venuekit.testing.clock import START_NS, SimulatedClock

__all__ = ["START_NS", "SimulatedClock"]
