"""What cannot be right is refused with a typed error that names the field, and nothing changes."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from paper_kit import BTC, BUY, ETH, PERP, SELL, YES, Opener, bracket, everything, limit, market, stop, stop_limit

from venuekit.adapter import (
    Channel,
    ClientOrderIdReused,
    FillQuery,
    Granularity,
    HistoryQuery,
    InstrumentStatus,
    InsufficientFunds,
    InvalidCursor,
    InvalidPrice,
    InvalidSize,
    InvalidValue,
    NotReducing,
    OrderRef,
    OrderRequest,
    TimeInForce,
    UnknownInstrument,
    UsageError,
    VenuekitError,
)
from venuekit_paper.adapter import PaperVenue

pytestmark = pytest.mark.anyio
D = Decimal


@pytest.mark.parametrize(
    ("request_", "error", "field"),
    [
        (limit(BUY, "0.1", "50000", instrument="DOGE-USD"), UnknownInstrument, "instrument"),
        (limit(BUY, "0.1", "50000.005"), InvalidPrice, "price"),
        (limit(BUY, "0.1", "50000.15", instrument=PERP), InvalidPrice, "price"),
        (limit(BUY, "10", "0.005", instrument=YES), InvalidPrice, "price"),
        (limit(BUY, "10", "1", instrument=YES), InvalidPrice, "price"),
        (limit(BUY, "10", "0.001", instrument=YES), InvalidPrice, "price"),
        (stop(SELL, "0.1", "50000.001"), InvalidPrice, "stop_price"),
        (stop_limit(SELL, "0.1", "49000", "50000.001"), InvalidPrice, "stop_price"),
        (bracket(SELL, "0.1", "70000.001", "50000"), InvalidPrice, "price"),
        (limit(BUY, "0.00001", "50000"), InvalidSize, "size"),
        (limit(BUY, "0.00015", "50000"), InvalidSize, "size"),
        (limit(BUY, "0.5", "0.5", instrument=YES), InvalidSize, "size"),
        (limit(BUY, "1000001", "0.5", instrument=YES), InvalidSize, "size"),
        (limit(BUY, "0.0001", "50"), InvalidSize, "size"),
        (limit(BUY, "0.1", "50000" + "0" * 12), InsufficientFunds, None),
        (limit(BUY, "999999999999999999", "50000"), InvalidSize, "size"),
        (market(BUY, "0.00001"), InvalidSize, "size"),
        (market(BUY, "99999999999999999"), InvalidSize, "size"),
        (market(SELL, "0.1", reduce_only=True, instrument=PERP), NotReducing, "reduce_only"),
        (market(SELL, "0.5", reduce_only=True, instrument=YES), InvalidSize, "size"),
    ],
    ids=lambda value: (
        f"{value.type.value} {value.size} {getattr(value, 'price', '')} {value.instrument}"
        if hasattr(value, "instrument")
        else ""
    ),
)
async def test_an_order_that_cannot_be_right_is_refused_by_name(
    venue: PaperVenue, request_: OrderRequest, error: type[VenuekitError], field: str | None
) -> None:
    before = await everything(venue)
    with pytest.raises(error) as caught:
        await venue.submit(request_)
    assert caught.value.field == field
    assert caught.value.message
    assert await everything(venue) == before
    assert (await venue.order_history(HistoryQuery())).items == ()


async def test_an_off_tick_price_is_told_its_neighbours(venue: PaperVenue) -> None:
    with pytest.raises(InvalidPrice) as caught:
        await venue.submit(limit(BUY, "1", "3000.013", instrument=ETH))
    assert [D(p) for p in caught.value.details["nearest"]] == [D("3000.01"), D("3000.02")]  # type: ignore[union-attr]
    assert "3000.01" in caught.value.fix


@pytest.mark.parametrize(
    ("name", "near"), [("BTCUSD", "BTC-USD"), ("btc-usd", "BTC-USD"), ("BTC-PREP", "BTC-PERP"), ("eth", "ETH-USD")]
)
async def test_an_unknown_instrument_is_told_its_near_matches(venue: PaperVenue, name: str, near: str) -> None:
    with pytest.raises(UnknownInstrument) as caught:
        await venue.instrument(name)
    assert near in caught.value.details["near"]  # type: ignore[operator]
    assert (caught.value.field, near in caught.value.fix) == ("instrument", True)


@pytest.mark.parametrize(
    "name", ["", " ", "BTC-USD\n", "\ud800", "\0", "ВТС-USD", "x" * 10_000, "'; DROP TABLE orders; --", "%"]
)
async def test_every_call_that_names_an_instrument_refuses_one_it_does_not_know(venue: PaperVenue, name: str) -> None:
    calls: list[Callable[[], Any]] = [
        lambda: venue.instrument(name),
        lambda: venue.tickers([BTC, name]),
        lambda: venue.order_book(name),
        lambda: venue.trades(name),
        lambda: venue.candles(name, Granularity.ONE_MINUTE),
        lambda: venue.open_orders(name),
        lambda: venue.order_history(HistoryQuery(instrument=name)),
        lambda: venue.fills(FillQuery(instrument=name)),
        lambda: venue.cancel_all(name),
        lambda: venue.mint(name, D(1)),
        lambda: venue.merge(name, D(1)),
        lambda: venue.resolve(name, D(1)),
        lambda: venue.set_status(name, InstrumentStatus.HALTED),
    ]
    for call in calls:
        with pytest.raises(UnknownInstrument) as caught:
            await call()
        assert len(str(caught.value)) < 400
    with pytest.raises(UnknownInstrument):
        venue.subscribe(Channel.BOOK, [name])


@pytest.mark.parametrize("bad", [0, -1, -(10**30)])
async def test_limits_and_depths_below_one_are_refused_by_name(venue: PaperVenue, bad: int) -> None:
    calls: list[tuple[str, Callable[[], Any]]] = [
        ("depth", lambda: venue.order_book(BTC, depth=bad)),
        ("limit", lambda: venue.trades(BTC, limit=bad)),
        ("limit", lambda: venue.search("btc", limit=bad)),
        ("limit", lambda: venue.candles(BTC, Granularity.ONE_HOUR, limit=bad)),
        ("limit", lambda: venue.order_history(HistoryQuery(limit=bad))),
        ("limit", lambda: venue.fills(FillQuery(limit=bad))),
        ("limit", lambda: venue.transfers(limit=bad)),
    ]
    for field, call in calls:
        with pytest.raises(InvalidValue) as caught:
            await call()
        assert (caught.value.field, caught.value.details["accepted"]) == (field, "1 or more")


@pytest.mark.parametrize(
    "cursor",
    ["", "x", "-1", "fills", "orders-", "orders-x", "orders-1\n", "orders-٣", "orders-" + "9" * 30, "a" * 9999],
)
async def test_a_cursor_that_was_not_given_out_is_refused(venue: PaperVenue, cursor: str) -> None:
    for call in (
        venue.order_history(HistoryQuery(cursor=cursor)),
        venue.fills(FillQuery(cursor=cursor)),
        venue.transfers(cursor=cursor),
    ):
        with pytest.raises(InvalidCursor) as caught:
            await call
        assert caught.value.field == "cursor"
        assert len(str(caught.value)) < 400


async def test_a_cursor_of_another_list_is_refused(venue: PaperVenue) -> None:
    for _ in range(3):
        await venue.submit(market(BUY, "0.01"))
    cursor = (await venue.fills(FillQuery(limit=1))).next_cursor
    with pytest.raises(InvalidCursor):
        await venue.order_history(HistoryQuery(cursor=cursor))


async def test_a_client_order_id_names_one_order_for_ever(venue: PaperVenue) -> None:
    open_request, done_request = limit(BUY, "0.1", "50000"), market(BUY, "0.1")
    resting, done = await venue.submit(open_request), await venue.submit(done_request)
    assert await venue.submit(open_request) == resting
    assert await venue.submit(done_request) == done
    before = await everything(venue)
    for known in (open_request, done_request):
        other = limit(BUY, "0.2", "50000", client_order_id=known.client_order_id)
        with pytest.raises(ClientOrderIdReused) as caught:
            await venue.submit(other)
        assert caught.value.field == "client_order_id"
    await venue.cancel(OrderRef.of(resting))
    for other in ({"price": "50001"}, {"price": "50000", "post_only": True}):
        with pytest.raises(ClientOrderIdReused):
            await venue.submit(limit(BUY, "0.1", client_order_id=open_request.client_order_id, **other))
    assert (await everything(venue))["positions"] == before["positions"]
    assert (await venue.submit(open_request)).venue_order_id == resting.venue_order_id


@pytest.mark.parametrize("reason", ["a\0b", "\u202e🚀\n", "x" * 1000])
async def test_no_reason_that_a_caller_may_give_can_harm_the_account(opened: Opener, reason: str) -> None:
    venue = await opened(persist=True)
    order = await venue.submit(limit(BUY, "0.1", "50000", reason=reason))
    await venue.close()
    assert await (await opened(persist=True)).open_orders() == [order]


async def test_a_refused_order_leaves_its_client_order_id_free(venue: PaperVenue) -> None:
    refused = limit(BUY, "0.1", "50000.001")
    with pytest.raises(InvalidPrice):
        await venue.submit(refused)
    order = await venue.submit(limit(BUY, "0.1", "50000", client_order_id=refused.client_order_id))
    assert order.client_order_id == refused.client_order_id


@pytest.mark.parametrize("size", ["NaN", "Infinity", "-Infinity", "-1", "0", "1E+25", "1E-25"])
@pytest.mark.parametrize("make", [limit, stop])
def test_an_order_with_an_impossible_amount_cannot_even_be_made(make: Callable[..., OrderRequest], size: str) -> None:
    for field, arguments in (("size", (BUY, size, "1")), ("price", (BUY, "1", size))):
        with pytest.raises(InvalidValue) as caught:
            make(*arguments)
        assert caught.value.field == ("stop_price" if make is stop and field == "price" else field)


def test_contradictions_are_refused_before_any_venue_sees_them() -> None:
    for make in (
        lambda: limit(BUY, "1", "1", time_in_force=TimeInForce.GTD),
        lambda: limit(BUY, "1", "1", expires_at_ns=5),
        lambda: limit(BUY, "1", "1", post_only=True, time_in_force=TimeInForce.IOC),
        lambda: market(BUY, "1", time_in_force=TimeInForce.GTC),
        lambda: stop(BUY, "1", "1", time_in_force=TimeInForce.FOK),
        lambda: bracket(SELL, "1", "1", "2"),
        lambda: limit(BUY, "1", "1", reason="\ud800"),
        lambda: limit(BUY, "1", "1", reason="x" * 1001),
        lambda: limit("BUY", "1", "1"),  # type: ignore[arg-type]
    ):
        with pytest.raises(UsageError) as caught:
            make()
        assert caught.value.field
