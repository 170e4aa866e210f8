"""Messages of streams that nobody understands: counted and told, and only where it must be does a connection end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from scripted_coinbase import BTC, scripted

from venuekit.adapter import (
    BookSnapshot,
    Channel,
    ConnectionEvent,
    Event,
    FillEvent,
    GapEvent,
    NotConnected,
    OrderEvent,
    TickerEvent,
    TradeEvent,
)

pytestmark = pytest.mark.anyio
STRANGE = {"channel": "weather", "events": [{"type": "update", "forecast": "rain"}]}
HEARTBEAT = {"channel": "heartbeats", "events": [{"heartbeat_counter": 1}]}
ORDER = {
    "order_id": "o-1",
    "client_order_id": "mine",
    "product_id": "BTC-USD",
    "order_side": "BUY",
    "order_type": "Limit",
    "status": "OPEN",
    "cumulative_quantity": "0",
    "leaves_quantity": "1",
    "limit_price": "9",
    "creation_time": "2026-11-01T00:00:00Z",
}
FILL = {"entry_id": "f-1", "trade_id": "t-1", "order_id": "o-1", "trade_time": "2026-11-01T00:00:01Z", "trade_type": "FILL",
        "price": "9", "size": "0.5", "commission": "0.01", "product_id": "BTC-USD", "side": "BUY",
        "liquidity_indicator": "MAKER"}  # fmt: skip


class Frames:
    """A connection that brings these frames, and then is lost."""

    brings: Sequence[Mapping[str, Any]] = ()

    def __init__(self, *_: Any, **__: Any) -> None:
        self.closed = False

    async def open(self, channel: str, products: Sequence[str]) -> None:
        """It is open."""

    async def frames(self) -> AsyncIterator[Mapping[str, Any]]:
        for frame in self.brings:
            yield frame
        raise NotConnected("That was all.")

    async def close(self) -> None:
        self.closed = True


async def told(
    folder: Path, monkeypatch: pytest.MonkeyPatch, channel: Channel, *frames: Mapping[str, Any], **script: Any
) -> tuple[list[Event], str]:
    """What a subscription tells of these frames, and with which words it ends."""
    monkeypatch.setattr(Frames, "brings", [{"timestamp": "2026-11-01T00:00:00Z", **frame} for frame in frames])
    monkeypatch.setattr("venuekit_coinbase.streams.Socket", Frames)
    found: list[Event] = []
    answers = {
        "/products/BTC-USD": BTC,
        "/orders/historical/fills": {"fills": []},
        "/orders/historical/o-1": (404, {}),
        **script,
    }
    async with scripted(folder, answers) as (venue, _), aclosing(venue.subscribe(channel, ["BTC-USD"])) as events:  # type: ignore[type-var]
        try:
            async for event in events:
                found.append(event)  # noqa: PERF401  (what was told before the end counts)
        except NotConnected as error:
            return found, error.message
    raise AssertionError("a stream ended without an error")


def update(channel: str, **rows: Any) -> dict[str, Any]:
    return {"channel": channel, "events": [{"type": "update", **rows}]}


def signs(events: Sequence[Event]) -> list[int]:
    """The counts that were told."""
    return [event.not_understood for event in events if isinstance(event, ConnectionEvent)]


async def test_a_kind_of_frame_that_there_is_not_is_counted_and_the_rest_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = update("ticker", tickers=[{"product_id": "BTC-USD", "price": "9"}])
    events, ended = await told(tmp_path, monkeypatch, Channel.TICKER, HEARTBEAT, STRANGE, good, STRANGE, good)
    assert signs(events) == [1, 2]
    assert len([e for e in events if isinstance(e, TickerEvent)]) == 2
    assert ended == "That was all.", "the connection was given up for what did no harm"


async def test_a_ticker_that_cannot_be_read_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bad, good = ({"product_id": "BTC-USD", "price": price} for price in ("nine", "9"))
    events, ended = await told(tmp_path, monkeypatch, Channel.TICKER, update("ticker", tickers=[bad, good]))
    assert [type(e) for e in events] == [TickerEvent, ConnectionEvent]
    assert (signs(events), ended) == ([1], "That was all.")


async def test_a_trade_that_cannot_be_read_is_a_gap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good = {"product_id": "BTC-USD", "price": "9", "size": "1", "time": "2026-11-01T00:00:00Z", "side": "BUY"}
    rows = [good, {**good, "price": ""}, good]
    events, _ = await told(tmp_path, monkeypatch, Channel.TRADES, update("market_trades", trades=rows))
    assert [type(e) for e in events] == [TradeEvent, GapEvent, TradeEvent, ConnectionEvent]
    assert signs(events) == [1]


@pytest.mark.parametrize(
    "level",
    [
        {"side": "bid", "price_level": "nine", "new_quantity": "1"},
        {"side": "bid", "price_level": "9", "new_quantity": ""},
        {"side": "bid", "new_quantity": "1"},
        {"side": "sideways", "price_level": "9", "new_quantity": "1"},
    ],
)
async def test_a_level_that_cannot_be_read_ends_the_connection_and_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, level: dict[str, str]
) -> None:
    """The book would be another: whole books come with the next connection."""
    whole = {"side": "bid", "price_level": "9", "new_quantity": "1"}
    first = {"channel": "l2_data", "events": [{"type": "snapshot", "product_id": "BTC-USD", "updates": [whole]}]}
    second = update("l2_data", product_id="BTC-USD", updates=[level])
    events, ended = await told(tmp_path, monkeypatch, Channel.BOOK, first, second, first)
    assert [type(e) for e in events] == [BookSnapshot, ConnectionEvent]
    assert signs(events) == [1]
    assert ended != "That was all."


async def test_an_own_order_that_cannot_be_read_keeps_no_other_from_being_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [{**ORDER, "limit_price": "nine"}, {**ORDER, "order_side": "SIDEWAYS"}, ORDER]
    events, ended = await told(
        tmp_path, monkeypatch, Channel.OWN_ORDERS, STRANGE, HEARTBEAT, update("user", orders=rows)
    )
    assert [e.order.client_order_id for e in events if isinstance(e, OrderEvent)] == ["mine"]
    assert isinstance(events[0], ConnectionEvent)
    assert signs(events) == [0, 3], "what came before the first word of own orders was told as a sign of life"
    assert ended == "That was all."


async def test_a_word_of_fills_that_cannot_be_read_keeps_no_other_from_being_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [{**ORDER, "cumulative_quantity": "half"}, {**ORDER, "cumulative_quantity": "0.5", "number_of_fills": "1"}]
    asked: list[int] = []

    def fills(*_: Any) -> Any:
        asked.append(1)
        return {"fills": [] if len(asked) == 1 else [FILL]}

    events, ended = await told(
        tmp_path, monkeypatch, Channel.OWN_FILLS, update("user", orders=rows), **{"/orders/historical/fills": fills}
    )
    assert [e.fill.size for e in events if isinstance(e, FillEvent)]
    assert (signs(events), ended) == ([0, 1], "That was all.")


async def test_a_time_that_cannot_be_read_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = {**update("ticker", tickers=[{"product_id": "BTC-USD", "price": "9"}]), "timestamp": "yesterday"}
    events, _ = await told(tmp_path, monkeypatch, Channel.TICKER, frame)
    assert [type(e) for e in events] == [TickerEvent, ConnectionEvent]
