"""Polymarket: both outcomes of every market, over REST and streams."""

from __future__ import annotations

from venuekit_polymarket.factory import PolymarketFactory

#: What the entry point ``venuekit.venues: polymarket`` names.
factory = PolymarketFactory()

__all__ = ["PolymarketFactory", "factory"]
