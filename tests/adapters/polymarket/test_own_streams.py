"""Own orders and fills over a real socket: each told once to everybody who listens, odd frames put up with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from stream_venue import D, a_stand

from venuekit.adapter import (
    Channel,
    ConnectionEvent,
    Event,
    Fill,
    FillEvent,
    FillState,
    Liquidity,
    NotConnected,
    Order,
    OrderEvent,
    OrderEventKind,
    OrderStatus,
    OrderType,
    Side,
    TimeInForce,
    Unsupported,
    VenueDown,
    VenuePermission,
)
from venuekit_polymarket.streams import Own

pytestmark = pytest.mark.anyio
STATES = {"MATCHED": FillState.PROVISIONAL, "CONFIRMED": FillState.CONFIRMED, "FAILED": FillState.REVERSED}
AUTH = {"apiKey": "k", "secret": "s", "passphrase": "p"}


def frame(at: int, kind: str = "UPDATE", status: str = "LIVE", matched: str = "0", **more: Any) -> dict[str, Any]:
    return {
        "event_type": "order",
        "id": "0xo",
        "asset_id": "1",
        "type": kind,
        "status": status,
        "size_matched": matched,
        "timestamp": str(at),
        **more,
    }


def read(told: Mapping[str, Any]) -> Order | None:
    """As the part that knows orders reads a frame."""
    if told["status"] == "?":
        raise VenueDown("unreadable")
    if told["id"] == "0xforeign":
        return None
    filled = D(told["size_matched"] or 0)
    done = OrderStatus.FILLED if told["status"] == "MATCHED" else OrderStatus.CANCELED
    working = OrderStatus.PARTIALLY_FILLED if filled else OrderStatus.OPEN
    return Order(
        venue="polymarket",
        account="main",
        instrument="1",
        side=Side.BUY,
        type=OrderType.LIMIT,
        status=working if told["status"] == "LIVE" else done,
        time_in_force=TimeInForce.GTC,
        created_ns=1,
        updated_ns=int(told["timestamp"]),
        size=D(100),
        price=D("0.5"),
        filled_size=filled,
        venue_order_id=told["id"],
        client_order_id="mine",
    )


class Fills:
    """Reads each trade as one fill."""

    def told(self, trade: Mapping[str, Any]) -> Sequence[Event]:
        fill = Fill(
            id=trade["id"],
            venue="polymarket",
            account="main",
            instrument="1",
            venue_order_id="0xo",
            client_order_id="mine",
            side=Side.BUY,
            price=D("0.5"),
            size=D(1),
            fee=D(0),
            fee_asset="pUSD",
            liquidity=Liquidity.TAKER,
            time_ns=1,
            state=STATES[trade.get("status", "MATCHED")],
        )
        return [FillEvent(venue="polymarket", instrument="1", time_ns=1, fill=fill)]


async def auth() -> Mapping[str, str]:
    return AUTH


def own() -> Own:
    return Own(auth=auth, read=read, ledger=Fills())


def states(events: list[OrderEvent]) -> list[tuple[OrderEventKind, str]]:
    return [(e.kind, str(e.order.filled_size)) for e in events]


async def test_one_socket_carries_both_channels_and_every_reader_hears_everything_once() -> None:
    async with a_stand(own()) as stand:
        orders, also = stand.read(Channel.OWN_ORDERS), stand.read(Channel.OWN_ORDERS)
        fills, too = stand.read(Channel.OWN_FILLS), stand.read(Channel.OWN_FILLS)
        everybody = (orders, also, fills, too)
        await stand.until(lambda: all(r.of(ConnectionEvent) for r in everybody))
        [line] = stand.venue.lines
        assert line.heard == [{"type": "user", "auth": AUTH}], "without markets: all of them"
        trade = {"event_type": "trade", "id": "t1", "taker_order_id": "0xo", "maker_orders": []}
        await line.say(frame(1, "PLACEMENT"), [trade, frame(2, matched="1")], trade)
        await stand.until(lambda: len(orders.of(OrderEvent)) == 2 and fills.of(FillEvent))
        await stand.quiet()
        assert states(orders.of(OrderEvent)) == [(OrderEventKind.ACCEPTED, "0"), (OrderEventKind.PARTIALLY_FILLED, "1")]
        assert also.of(OrderEvent) == orders.of(OrderEvent)
        assert len(fills.of(FillEvent)) == len(too.of(FillEvent)) == 1
        assert fills.of(OrderEvent) == orders.of(FillEvent) == []


async def test_repeated_late_and_reordered_frames_of_an_order_never_take_it_back() -> None:
    async with a_stand(own()) as stand:
        reading = stand.read(Channel.OWN_ORDERS)
        await stand.until(lambda: reading.of(ConnectionEvent))
        await stand.venue.all_say(
            frame(3, matched="25"),
            frame(1, "PLACEMENT"),
            frame(3, matched="25"),
            frame(5, matched="60"),
            frame(4, matched="40"),
            frame(6, "CANCELLATION", "LIVE", matched=""),
            frame(7, matched="60"),
        )
        await stand.until(lambda: reading.of(OrderEvent) and reading.of(OrderEvent)[-1].order.is_done)
        await stand.quiet()
        assert states(reading.of(OrderEvent)) == [
            (OrderEventKind.PARTIALLY_FILLED, "25"),
            (OrderEventKind.PARTIALLY_FILLED, "60"),
            (OrderEventKind.CANCELED, "60"),
        ]
        times = [e.order.updated_ns for e in reading.of(OrderEvent)]
        assert times == sorted(times)


async def test_what_was_told_before_a_reconnect_is_not_told_after_it() -> None:
    async with a_stand(own()) as stand:
        first = stand.read(Channel.OWN_ORDERS)
        await stand.until(lambda: first.of(ConnectionEvent))
        await stand.venue.all_say(frame(1, "PLACEMENT"), frame(2, matched="5"))
        await stand.until(lambda: len(first.of(OrderEvent)) == 2)
        stand.venue.lines[0].reset()
        await stand.until(lambda: isinstance(first.error, NotConnected))
        again = stand.read(Channel.OWN_ORDERS)
        await stand.until(lambda: again.of(ConnectionEvent))
        await stand.venue.all_say(frame(2, matched="5"), frame(3, matched="6"))
        await stand.until(lambda: again.of(OrderEvent))
        assert states(again.of(OrderEvent)) == [(OrderEventKind.PARTIALLY_FILLED, "6")]


async def test_each_state_of_a_fill_is_told_once_and_none_follows_a_final_one() -> None:
    def traded(name: str, status: str) -> dict[str, Any]:
        return {"event_type": "trade", "id": name, "status": status, "taker_order_id": "0xo", "maker_orders": []}

    async with a_stand(own()) as stand:
        reading = stand.read(Channel.OWN_FILLS)
        await stand.until(lambda: reading.of(ConnectionEvent))
        for name, words in (("a", "MATCHED MATCHED CONFIRMED MATCHED CONFIRMED"), ("b", "FAILED MATCHED CONFIRMED")):
            await stand.venue.all_say(*(traded(name, word) for word in words.split()))
        stand.venue.lines[0].reset()
        await stand.until(lambda: isinstance(reading.error, NotConnected))
        again = stand.read(Channel.OWN_FILLS)
        await stand.until(lambda: again.of(ConnectionEvent))
        await stand.venue.all_say(traded("a", "CONFIRMED"), traded("c", "MATCHED"))
        await stand.until(lambda: again.of(FillEvent))
        told = [(e.fill.id, e.fill.state) for e in (*reading.of(FillEvent), *again.of(FillEvent))]
        assert told == [
            ("a", FillState.PROVISIONAL),
            ("a", FillState.CONFIRMED),
            ("b", FillState.REVERSED),
            ("c", FillState.PROVISIONAL),
        ]


async def test_frames_that_cannot_be_read_are_counted_and_those_of_others_are_not() -> None:
    async with a_stand(own()) as stand:
        reading = stand.read(Channel.OWN_ORDERS)
        await stand.until(lambda: reading.of(ConnectionEvent))
        await stand.venue.all_say(
            frame(1, status="?"),
            {"event_type": "balance"},
            frame(1, id="0xforeign"),
            "WHAT",
            frame(2, "PLACEMENT"),
        )
        await stand.until(lambda: reading.of(OrderEvent))
        assert max(e.not_understood for e in reading.of(ConnectionEvent)) == 3
        assert reading.error is None


async def test_an_order_that_the_venue_took_and_its_stream_says_nothing_of_ends_the_stream() -> None:
    async with a_stand(own()) as stand:
        reading = stand.read(Channel.OWN_ORDERS)
        await stand.until(lambda: reading.of(ConnectionEvent))
        stand.streams.expect("0xo")
        stand.streams.expect("0xmaker")
        await stand.venue.all_say(
            frame(1, "PLACEMENT"),
            {"event_type": "trade", "id": "t1", "taker_order_id": "0xt", "maker_orders": [{"order_id": "0xmaker"}]},
        )
        await stand.until(lambda: reading.of(OrderEvent))
        await stand.quiet()
        stand.streams.expect("0xo")
        await _pass(stand, 60)
        assert reading.error is None, "all were told of, one of them before the answer to who placed it"
        stand.streams.expect("0xsilent")
        await _pass(stand, 25)
        assert reading.error is None
        await _pass(stand, 15)
        await stand.until(lambda: isinstance(reading.error, NotConnected))
        assert "the venue took" in str(reading.error)


async def test_an_order_that_is_not_listed_any_more_ends_a_stream_that_never_tells_its_end() -> None:
    async with a_stand(own()) as stand:
        reading = stand.read(Channel.OWN_ORDERS)
        await stand.until(lambda: reading.of(ConnectionEvent))
        await stand.venue.all_say(frame(1, "PLACEMENT"))
        await stand.until(lambda: reading.of(OrderEvent))
        stand.streams.doubt("0xo")
        await _pass(stand, 25)
        stand.streams.doubt("0xo")
        assert reading.error is None
        await _pass(stand, 15)
        await stand.until(lambda: isinstance(reading.error, NotConnected))


async def _pass(stand: Any, seconds: int) -> None:
    for _ in range(seconds // 5):
        await stand.clock.advance(5)
        await stand.quiet()


async def test_without_a_key_it_says_what_to_set() -> None:
    async with a_stand() as stand:
        reading = stand.read(Channel.OWN_ORDERS)
        await stand.until(lambda: isinstance(reading.error, Unsupported))
        assert "POLYMARKET_PRIVATE_KEY" in str(reading.error)
        assert stand.venue.lines == []


async def test_credentials_that_cannot_be_had_are_the_readers_error_and_the_next_one_tries_again() -> None:
    wrong = [VenuePermission("no key")]

    async def sometimes() -> Mapping[str, str]:
        if wrong:
            raise wrong.pop()
        return AUTH

    async with a_stand(Own(auth=sometimes, read=read, ledger=Fills())) as stand:
        first = stand.read(Channel.OWN_FILLS)
        await stand.until(lambda: isinstance(first.error, VenuePermission))
        second = stand.read(Channel.OWN_FILLS)
        await stand.until(lambda: second.of(ConnectionEvent))


async def test_a_reader_that_goes_while_it_is_being_connected_leaves_the_others() -> None:
    async with a_stand(own()) as stand:
        first, second = stand.read(Channel.OWN_ORDERS), stand.read(Channel.OWN_FILLS)
        await stand.clock.settle()
        await first.stop()
        await stand.until(lambda: second.of(ConnectionEvent))
        await second.stop()
        await stand.until(lambda: not stand.venue.open_lines)
        assert stand.clock.sleeping == 0
