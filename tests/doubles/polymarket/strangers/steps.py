"""Where the Polymarket double is, for a stranger. Knows nothing but the standard library."""

from __future__ import annotations

import json
import os
from collections.abc import Callable

from telling import done, must, until

__all__ = ["CLOB", "PRIVATE_KEY", "WALLETS", "WS", "done", "must", "refused", "until"]

CLOB = os.environ["DOUBLE_CLOB"]
WS = os.environ["DOUBLE_WS"]
PRIVATE_KEY = os.environ["DOUBLE_PRIVATE_KEY"]
#: Addresses by kind of wallet, in the order of their numbers on the wire.
WALLETS: dict[str, str] = json.loads(os.environ["DOUBLE_WALLETS"])


def refused(call: Callable[..., object], *given: object) -> str:
    """What a call is refused with."""
    try:
        return f"not refused: {call(*given)}"
    except Exception as error:  # noqa: BLE001 - every client has errors of its own
        return str(error)
