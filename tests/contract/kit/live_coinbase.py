"""How `nox -s live -- coinbase` exercises production: with the key from the environment, and reading only."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from venuekit.adapter import ConfigError
from venuekit_coinbase.contract import instruments, patience_seconds, settle_seconds

__all__ = ["instruments", "options", "patience_seconds", "settle_seconds"]

_missing = [name for name in ("COINBASE_API_KEY", "COINBASE_API_SECRET") if not os.environ.get(name)]
if _missing:
    raise ConfigError(
        f"Set {' and '.join(_missing)}: production is checked with a key of your own.",
        fix="Make a key that may only view; nothing is ordered with it.",
        field="venue_profile",
    )
# The kit places no order where the environment is production, unless --allow-production-orders is given.
options: Mapping[str, Any] = {
    "environment": "production",
    "api_key": os.environ.get("COINBASE_API_KEY", ""),
    "api_secret": os.environ.get("COINBASE_API_SECRET", ""),
}
