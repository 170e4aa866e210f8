"""Coinbase Advanced Trade on loopback: REST and WebSocket over TLS, backed by the paper exchange."""

from __future__ import annotations

from venuekit_doubles.coinbase.auth import Key
from venuekit_doubles.coinbase.limits import Limits
from venuekit_doubles.coinbase.quirks import Quirk
from venuekit_doubles.coinbase.record import Asked, Said
from venuekit_doubles.coinbase.server import CoinbaseDouble
from venuekit_doubles.faults import Fault, StreamFault

__all__ = ["Asked", "CoinbaseDouble", "Fault", "Key", "Limits", "Quirk", "Said", "StreamFault"]
