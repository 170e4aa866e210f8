"""How `nox -s live -- coinbase` exercises production: with the key from the environment, and reading only."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from venuekit_coinbase.contract import instruments, patience_seconds, settle_seconds

__all__ = ["instruments", "options", "patience_seconds", "settle_seconds"]

# The kit places no order where the environment is production, unless --production-orders is given.
options: Mapping[str, Any] = {
    "environment": "production",
    "api_key": os.environ.get("COINBASE_API_KEY", ""),
    "api_secret": os.environ.get("COINBASE_API_SECRET", ""),
}
