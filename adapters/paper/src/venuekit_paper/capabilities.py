"""What the paper exchange can do."""

from __future__ import annotations

from venuekit.adapter import (
    FULL,
    Capabilities,
    Channel,
    Feature,
    Granularity,
    InstrumentKind,
    OrderType,
    TimeInForce,
)
from venuekit_paper.instruments import VENUE

CAPABILITIES = Capabilities(
    venue=VENUE,
    title="Paper exchange",
    kinds=(InstrumentKind.SPOT, InstrumentKind.PERPETUAL, InstrumentKind.BINARY_OUTCOME),
    features=dict.fromkeys(Feature, FULL),
    order_types=dict.fromkeys(OrderType, FULL),
    times_in_force=dict.fromkeys(TimeInForce, FULL),
    channels=dict.fromkeys(Channel, FULL),
    granularities=tuple(Granularity),
    max_book_depth=100,
    max_page=1000,
)
