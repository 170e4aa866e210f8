"""The ``[shadow]`` table: what a shadow account has, what it pays, and how its orders are thought to travel."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import attrs

from venuekit.adapter import POSITIVE, SHARE, ConfigError, read_table

D = Decimal


def _doc(text: str, kind: str = "") -> dict[str, Any]:
    return {"doc": text, **({kind: True} if kind else {})}


@attrs.frozen(kw_only=True)
class ShadowOptions:
    """Each is an assumption about the real venue, and is told with the mode."""

    balances: Mapping[str, Decimal] = attrs.field(
        factory=dict,
        metadata=_doc(
            "What a new shadow account holds, by asset. An account that exists keeps what it has. "
            "Default: 100,000 USD, or what the adapter has in its place."
        ),
    )
    maker_fee: Decimal | None = attrs.field(
        default=None,
        metadata=_doc(
            "Share of notional that a resting order pays. Default: what the adapter says that the venue takes of each "
            "trade, else its highest share.",
            SHARE,
        ),
    )
    taker_fee: Decimal | None = attrs.field(
        default=None, metadata=_doc("Share of notional that an immediate order pays. Default: as above.", SHARE)
    )
    latency_ms: int = attrs.field(
        default=50, metadata=_doc("Milliseconds until an order or a cancel reaches the market, 60000 at most.")
    )
    sync_seconds: float = attrs.field(
        default=10.0, metadata=_doc("How long the first order for an instrument waits for its live book.", POSITIVE)
    )
    keep_seconds: float = attrs.field(
        default=600.0, metadata=_doc("How long a book is followed after its last order has ended.", POSITIVE)
    )
    persist: bool = attrs.field(
        default=True, metadata=_doc("Keep the account, its orders and its history over restarts, in the data folder.")
    )


#: What a new account holds where neither the configuration nor the adapter says.
BALANCES: Mapping[str, Decimal] = {"USD": D(100_000)}


def read_options(table: Mapping[str, Any], balances: Mapping[str, Decimal] = BALANCES) -> ShadowOptions:
    """The table as options; `balances` are the adapter's default, whose spelling of an asset counts in any case.

    Raises:
        ConfigError: an unknown key or a bad value, by name.
    """
    options = read_table(table, ShadowOptions, "shadow")
    # A variable's name, and so a table made of one, has no case.
    spelled = {asset.upper(): asset for asset in balances}
    given = {spelled.get(asset.upper(), asset.upper()): amount for asset, amount in options.balances.items()}
    options = attrs.evolve(options, balances=given or dict(balances))
    if options.latency_ms > 60_000:
        raise ConfigError("shadow.latency_ms must be 60000 or less.", field="shadow.latency_ms")
    return options
