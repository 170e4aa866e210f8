"""Polymarket on loopback: CLOB, Gamma, Data API and both streams, backed by the paper exchange."""

from __future__ import annotations

from importlib.util import find_spec

if find_spec("eth_account") is None:
    raise ModuleNotFoundError(
        "Polymarket's double checks signatures. Run: pip install 'venuekit-doubles[polymarket]'", name="eth_account"
    )

from venuekit_doubles.polymarket.accounts import Account
from venuekit_doubles.polymarket.faults import EngineState, Fault, StreamFault
from venuekit_doubles.polymarket.listings import Event, Listing, default_listings
from venuekit_doubles.polymarket.records import TradeState
from venuekit_doubles.polymarket.refusals import Refusal
from venuekit_doubles.polymarket.server import PolymarketDouble
from venuekit_doubles.polymarket.venue import Pace
from venuekit_doubles.polymarket.wallets import WalletKind

__all__ = [
    "Account",
    "EngineState",
    "Event",
    "Fault",
    "Listing",
    "Pace",
    "PolymarketDouble",
    "Refusal",
    "StreamFault",
    "TradeState",
    "WalletKind",
    "default_listings",
]
