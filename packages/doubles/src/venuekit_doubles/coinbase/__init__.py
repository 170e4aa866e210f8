"""Coinbase Advanced Trade on loopback: REST and WebSocket over TLS, backed by the paper exchange."""

from __future__ import annotations

from venuekit_doubles.coinbase.auth import Key
from venuekit_doubles.coinbase.server import CoinbaseDouble
from venuekit_doubles.faults import Fault, StreamFault

__all__ = ["CoinbaseDouble", "Fault", "Key", "StreamFault"]
