"""What the paper exchange can do, declared."""

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

#: Entries of one page, at most.
MAX_PAGE = 500
#: Levels of one side of a book, at most.
MAX_DEPTH = 500

CAPABILITIES = Capabilities(
    venue="paper",
    title="Paper exchange",
    kinds=(InstrumentKind.SPOT, InstrumentKind.PERPETUAL, InstrumentKind.BINARY_OUTCOME),
    features=dict.fromkeys(Feature, FULL),
    order_types=dict.fromkeys(OrderType, FULL),
    times_in_force=dict.fromkeys(TimeInForce, FULL),
    channels=dict.fromkeys(Channel, FULL),
    granularities=tuple(Granularity),
    max_book_depth=MAX_DEPTH,
    max_page=MAX_PAGE,
)
