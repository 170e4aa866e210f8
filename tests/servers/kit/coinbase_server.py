"""The generated Coinbase server at a double."""

from __future__ import annotations

import sys
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import server_process
from server_process import machine

from mcp import Client
from venuekit_doubles.coinbase import CoinbaseDouble

MODULE = "venuekit_mcp_coinbase"
SERVER = [sys.executable, "-m", MODULE]
ORDER = {"instrument": "BTC-USD", "side": "BUY", "order_type": "MARKET", "size": "0.001", "reason": "a test"}


def environment(folder: Path, double: CoinbaseDouble, *, key: bool = False, **more: str) -> dict[str, str]:
    """A machine whose Coinbase is the double."""
    options = {
        "environment": "sandbox",
        "base_url": double.rest_url,
        "ws_url": double.ws_url,
        "ws_user_url": double.ws_url,
        "ca_file": double.ca_file,
    }
    keys = {"COINBASE_API_KEY": double.key, "COINBASE_API_SECRET": double.secret} if key else {}
    return machine(folder, "coinbase", options, **keys, **more)


def serving(environ: dict[str, str], mode: str, *more: str, **how: Any) -> AbstractAsyncContextManager[Client]:
    """A client of a server that is started for it."""
    return server_process.serving(MODULE, environ, mode, *more, **how)
