"""The generated Polymarket server at a double."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import server_process
from server_process import machine

from mcp import Client
from venuekit_doubles.polymarket import PolymarketDouble

MODULE = "venuekit_mcp_polymarket"
KEYS = ("private_key", "funder", "api_key", "api_secret", "api_passphrase")
YES = "fed-cuts-in-december:YES"
ORDER = {"instrument": YES, "side": "BUY", "order_type": "LIMIT", "size": "10", "price": "0.59", "reason": "a test"}
BUY = {"instrument": YES, "side": "BUY", "order_type": "MARKET", "size": "10", "reason": "a test"}
#: What each tool is called with, where it needs something.
ARGUMENTS: dict[str, dict[str, Any]] = {
    "search_instruments": {"text": "fed"},
    "get_market_data": {"instruments": [YES], "trades": 2},
    "get_orderbook": {"instrument": YES},
    "get_historical_candles": {"instrument": YES},
    "check_trade_risk": {name: value for name, value in BUY.items() if name != "reason"},
    "calculate_position_metrics": {"instrument": YES, "size": "10", "entry_price": "0.5"},
    "subscribe": {"channel": "ticker", "instruments": [YES]},
    "get_event": {"event": "fed-decision-in-december"},
    "get_market_details": {"market": "fed-cuts-in-december"},
    "get_prices": {"instruments": [YES]},
    "get_market_holders": {"market": "fed-cuts-in-december"},
}


def environment(folder: Path, double: PolymarketDouble, *, key: bool = False, **more: str) -> dict[str, str]:
    """A machine whose Polymarket is the double; the key is in the venue's own variables."""
    told = double.desk_options()
    options = {name: value for name, value in told.items() if name not in KEYS}
    keys = {f"POLYMARKET_{name.upper()}": told[name] for name in KEYS} if key else {}
    return machine(folder, "polymarket", options, **keys, **more)


def serving(environ: dict[str, str], mode: str, *more: str, **how: Any) -> AbstractAsyncContextManager[Client]:
    """A client of a server that is started for it."""
    return server_process.serving(MODULE, environ, mode, *more, **how)
