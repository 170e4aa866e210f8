"""A small venue whose server carries the fixtures: it has abilities, and nothing behind them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from venuekit.adapter import (
    FULL,
    Capabilities,
    Channel,
    Extra,
    Feature,
    Granularity,
    InstrumentKind,
    OrderType,
    TimeInForce,
)
from venuekit_mcp.generate_idle import IdleFactory, NoOptions


class Fixtures:
    """The factory of venue ``fixture``."""

    name = "fixture"
    title = "Conformance fixtures"
    environment = "paper"
    options: type[Any] = NoOptions
    extras: Sequence[Extra] = ()
    capabilities = Capabilities(
        venue="fixture",
        title="Conformance fixtures",
        kinds=tuple(InstrumentKind),
        features=dict.fromkeys(Feature, FULL),
        order_types=dict.fromkeys(OrderType, FULL),
        times_in_force=dict.fromkeys(TimeInForce, FULL),
        channels=dict.fromkeys(Channel, FULL),
        granularities=tuple(Granularity),
    )


FACTORY = IdleFactory(Fixtures())  # type: ignore[arg-type]  # everything but `create`, which the idle one brings
