"""How `nox -s live -- polymarket` exercises production: public data without a key, an account with one, reading only."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from venuekit.adapter import ConfigError
from venuekit_polymarket.capabilities import CAPABILITIES, WITHOUT_KEY
from venuekit_polymarket.contract import instruments, patience_seconds, settle_seconds, whole_lots

__all__ = ["capabilities", "instruments", "options", "patience_seconds", "settle_seconds", "whole_lots"]

_VARIABLES = {
    "POLYMARKET_PRIVATE_KEY": "private_key",
    "POLYMARKET_FUNDER": "funder",
    "POLYMARKET_API_KEY": "api_key",
    "POLYMARKET_API_SECRET": "api_secret",
    "POLYMARKET_API_PASSPHRASE": "api_passphrase",
}
_given = {option: os.environ[name] for name, option in _VARIABLES.items() if os.environ.get(name)}
if _given and "private_key" not in _given:
    raise ConfigError(
        "POLYMARKET_PRIVATE_KEY is not set, and other POLYMARKET_ variables are: alone they open no account.",
        fix="Set it too, or none of them to check public data only.",
        field="venue_profile",
    )
# The kit places no order where the environment is production, unless --allow-production-orders is given, and the
# adapter makes no API key at the venue unless it is told to.
options: Mapping[str, Any] = {"environment": "production", **_given}
capabilities = CAPABILITIES if _given else WITHOUT_KEY
