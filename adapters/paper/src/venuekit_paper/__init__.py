"""The embedded paper exchange: a matching engine with accounts, a simulated market, and a memory."""

from __future__ import annotations

from venuekit_paper.factory import PaperFactory

#: What the entry point ``venuekit.venues: paper`` names.
factory = PaperFactory()

__all__ = ["PaperFactory", "factory"]
