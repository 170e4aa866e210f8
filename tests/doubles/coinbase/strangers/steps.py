"""Where the Coinbase double is, for a stranger. Knows nothing but the standard library."""

from __future__ import annotations

import os

from telling import done, must, until

__all__ = ["CA", "KEY", "PRODUCT", "REST", "SECRET", "WS", "done", "must", "until"]

REST = os.environ["DOUBLE_REST"]
WS = os.environ["DOUBLE_WS"]
CA = os.environ["DOUBLE_CA"]
KEY = os.environ["DOUBLE_KEY"]
SECRET = os.environ["DOUBLE_SECRET"]
PRODUCT = "BTC-USD"
