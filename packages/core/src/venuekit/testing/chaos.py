"""A venue whose network misbehaves on command: lost answers, lost requests, delays, doubled and swapped events."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import AsyncIterator, Sequence
from typing import Any

from venuekit.adapter import Channel, Event, NotConnected, OutcomeUnknown, Unavailable, Venue

#: Calls that may have changed something when their answer is lost.
_CHANGES = frozenset({"submit", "cancel", "cancel_all", "amend"})
_CALLS = _CHANGES | {
    *("instruments", "instrument", "search", "tickers", "order_book", "trades", "candles"),
    *("order", "open_orders", "order_history", "fills"),
    *("balances", "positions", "profile", "transfers", "server_time_ns"),
}


class ChaosVenue:
    """Any venue, with faults that a test orders by name of the call; everything else passes through.

    ``chaos.lose_answer("submit")`` lets the next submit reach the venue and loses its answer;
    ``chaos.lose_request("submit")`` never sends it. `times` orders several in a row. Streams: `duplicate_events`
    delivers each event twice, `swap_events` delivers pairs in the wrong order, `drop_streams` ends every reader
    with `NotConnected`. `calls` counts what really reached the venue.
    """

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._faults: dict[str, deque[str]] = {}
        self._drops = 0
        self.calls: Counter[str] = Counter()
        self.duplicate_events = False
        self.swap_events = False

    def lose_answer(self, call: str, *, times: int = 1) -> None:
        """The next `times` calls reach the venue, and their answers are lost."""
        self._faults.setdefault(call, deque()).extend(["answer"] * times)

    def lose_request(self, call: str, *, times: int = 1) -> None:
        """The next `times` calls never reach the venue."""
        self._faults.setdefault(call, deque()).extend(["request"] * times)

    def drop_streams(self) -> None:
        """End every open subscription with `NotConnected` at its next event."""
        self._drops += 1

    def __getattr__(self, name: str) -> Any:
        """The venue's own member; a call is wrapped in the faults that were ordered for it."""
        member = getattr(self._venue, name)
        if name not in _CALLS:
            return member

        async def call(*args: Any, **kwargs: Any) -> Any:
            faults = self._faults.get(name)
            fault = faults.popleft() if faults else None
            if fault == "request":
                raise NotConnected(f"{name}: the connection was lost before the request was sent.")
            self.calls[name] += 1
            answer = await member(*args, **kwargs)
            if fault == "answer":
                lost = OutcomeUnknown if name in _CHANGES else Unavailable
                raise lost(f"{name}: the connection was lost before the answer came.")
            return answer

        return call

    async def subscribe(self, channel: Channel, instruments: Sequence[str]) -> AsyncIterator[Event]:
        """The venue's events, with the disorder that was ordered."""
        drops, held = self._drops, None
        async for event in self._venue.subscribe(channel, instruments):
            if self._drops > drops:
                raise NotConnected("The connection was lost.")
            if self.swap_events and held is None:
                held = event
                continue
            for each in (event, held):
                if each is not None:
                    yield each
                    if self.duplicate_events:
                        yield each
            held = None
