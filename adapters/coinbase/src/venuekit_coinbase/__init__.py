"""Coinbase Advanced Trade: spot and US futures, over REST and streams."""

from __future__ import annotations

from venuekit_coinbase.factory import CoinbaseFactory

#: What the entry point ``venuekit.venues: coinbase`` names.
factory = CoinbaseFactory()

__all__ = ["CoinbaseFactory", "factory"]
