"""A venue with real money, as far as anybody can tell: the paper market in another name, which notes what is asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from typing import Any

import attrs

from venuekit.adapter import Capabilities, Channel, Event, Extra, Venue, VenueContext
from venuekit_paper.adapter import PaperVenue
from venuekit_paper.capabilities import CAPABILITIES
from venuekit_paper.config import PaperOptions

#: What a venue may be asked by anybody.
PUBLIC = {
    "instruments", "instrument", "search", "tickers", "order_book", "trades", "candles", "connect", "close",
    "server_time_ns", "subscribe",
}  # fmt: skip
PRIVATE = {
    "submit", "cancel", "cancel_all", "amend", "order", "open_orders", "order_history", "fills", "balances",
    "positions", "profile", "transfers",
}  # fmt: skip


@attrs.frozen(kw_only=True)
class LiveOptions(PaperOptions):
    """The paper market's, and a key."""

    api_key: str = attrs.field(default="", metadata={"doc": "A key."})


class LiveVenue:
    """One session. `calls` counts what was asked; `seen` has every public event that was told, in order."""

    name, environment = "live", "production"
    capabilities: Capabilities = attrs.evolve(CAPABILITIES, venue="live", title="Live")

    def __init__(self, context: VenueContext, seen: list[Event], calls: Counter[str]) -> None:
        options = {k: v for k, v in context.options.items() if k != "api_key"}
        self.key = context.options.get("api_key", "")
        self.account = context.account
        self.market = PaperVenue(attrs.evolve(context, options={"persist": False, "pace": "manual", **options}))
        self.seen = seen
        self.calls = calls

    def __getattr__(self, name: str) -> Any:
        if name in PUBLIC | PRIVATE:
            self.calls[name] += 1
        return getattr(self.market, name)

    async def subscribe_(self, channel: Channel, instruments: Sequence[str]) -> AsyncIterator[Event]:
        stream = self.market.subscribe(channel, instruments)
        try:
            async for event in stream:
                self.seen.append(event)
                yield event
        finally:
            await stream.aclose()

    def subscribe(self, channel: Channel, instruments: Sequence[str]) -> AsyncIterator[Event]:
        """Every event is noted before it is told."""
        self.calls["own streams" if channel.is_own else "subscribe"] += 1
        return self.subscribe_(channel, instruments)


class LiveFactory:
    """Makes sessions, and keeps the last one for the test."""

    contract_profile = None
    name, title, environment = "live", "Live", "production"
    capabilities = LiveVenue.capabilities
    options = LiveOptions
    extras: Sequence[Extra] = ()

    def __init__(self) -> None:
        self.seen: list[Event] = []
        self.calls: Counter[str] = Counter()
        self.made: list[LiveVenue] = []

    def create(self, context: VenueContext) -> Venue:
        venue: Any = LiveVenue(context, self.seen, self.calls)
        self.made.append(venue)
        return venue  # type: ignore[no-any-return]
