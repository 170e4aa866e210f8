"""Errors: bad input gets the error type that says the remedy, and nothing is placed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from decimal import Decimal
from functools import partial

import pytest

from venuekit.adapter import (
    EXACT,
    NANOS,
    Feature,
    FillQuery,
    Granularity,
    HistoryQuery,
    InsufficientFunds,
    InvalidCursor,
    InvalidPrice,
    InvalidSize,
    InvalidValue,
    OrderRef,
    OrderRequest,
    PostOnlyWouldCross,
    RateLimited,
    Rejected,
    Side,
    TimeInForce,
    UnknownInstrument,
    UnknownOrder,
    VenuekitError,
    ceil_to,
    times,
)
from venuekit.testing.contract.behaviours import behaviour
from venuekit.testing.contract.kit import Kit
from venuekit.testing.contract.profile import settled

pytestmark = pytest.mark.anyio
HALF = Decimal("0.5")


async def refused(kit: Kit, request: OrderRequest, *kinds: type[VenuekitError]) -> VenuekitError:
    with pytest.raises(kinds) as caught:
        await kit.submit(request)
    assert caught.value.message
    assert request.client_order_id not in await kit.open_ids(), "the order was refused and placed"
    return caught.value


@behaviour("ERR-01")
async def test_a_price_off_the_tick_names_its_neighbours(kit: Kit) -> None:
    price = kit.away(Side.BUY)
    off = EXACT.add(price, times(kit.instrument.tick_size, HALF))
    error = await refused(kit, kit.resting(price=off), InvalidPrice)
    assert error.field == "price"
    nearest = error.details.get("nearest")
    assert isinstance(nearest, list), "details['nearest'] does not list the valid neighbours"
    assert [Decimal(text) for text in nearest] == [price, EXACT.add(price, kit.instrument.tick_size)]


@behaviour("ERR-02")
async def test_a_size_off_the_lot_is_refused(kit: Kit) -> None:
    size = EXACT.add(kit.size(kit.away(Side.BUY)), times(kit.instrument.lot_size, HALF))
    error = await refused(kit, kit.resting(size=size), InvalidSize)
    assert error.field == "size"


@behaviour("ERR-03")
async def test_a_size_below_the_minimum_is_refused(kit: Kit) -> None:
    rules = kit.instrument
    if rules.min_size > rules.lot_size:
        size = EXACT.subtract(ceil_to(rules.min_size, rules.lot_size), rules.lot_size)
    else:
        size = times(rules.min_size, HALF)
    await refused(kit, kit.resting(size=size), InvalidSize)


@behaviour("ERR-04")
async def test_a_size_above_the_maximum_is_refused(kit: Kit) -> None:
    if kit.instrument.max_size is None:
        pytest.skip("the instrument has no maximum size")
    size = ceil_to(EXACT.add(kit.instrument.max_size, kit.instrument.lot_size), kit.instrument.lot_size)
    await refused(kit, kit.resting(size=size), InvalidSize)


@behaviour("ERR-05")
async def test_an_order_beyond_the_balance_is_refused(kit: Kit) -> None:
    price = kit.away(Side.BUY)
    money = Decimal(10**9)
    if kit.can(Feature.BALANCES):
        money = (await kit.balance(kit.instrument.settle)).available
    cost = times(times(price, kit.instrument.contract_size), kit.instrument.initial_margin)
    size = ceil_to(EXACT.add(money, cost) / cost * 2, kit.instrument.lot_size)
    if kit.instrument.max_size is not None and size > kit.instrument.max_size:
        pytest.skip("the balance is larger than the largest order")
    await refused(kit, kit.resting(size=size), InsufficientFunds)


@behaviour("ERR-06")
async def test_an_order_for_an_unknown_instrument_is_refused(kit: Kit) -> None:
    for name in ("NO-SUCH-THING", "../../etc", "' OR 1=1 --", f" {kit.instrument.id}", "\u0661"):
        await refused(kit, kit.resting(instrument=name), UnknownInstrument)


@behaviour("ERR-07")
async def test_an_unknown_order_is_named_as_such(kit: Kit) -> None:
    refs = [OrderRef(venue_order_id="0-no-such-order", instrument=kit.instrument.id)]
    if kit.can(Feature.ORDER_BY_CLIENT_ID):
        refs.append(OrderRef(client_order_id=kit.new_id(), instrument=kit.instrument.id))
    for ref in refs:
        with pytest.raises(UnknownOrder):
            await kit.venue.order(ref)


@behaviour("ERR-08")
async def test_an_expired_order_is_refused(kit: Kit) -> None:
    past = await kit.venue_time() - 60 * NANOS
    await refused(kit, kit.resting(time_in_force=TimeInForce.GTD, expires_at_ns=past), InvalidValue, Rejected)


@behaviour("ERR-09")
async def test_a_malformed_cursor_is_refused(kit: Kit) -> None:
    checked = 0
    for cursor in ("garbage", "-1", "1\n", "\u0661"):
        if kit.can(Feature.ORDER_HISTORY):
            with pytest.raises(InvalidCursor):
                await kit.venue.order_history(HistoryQuery(cursor=cursor))
            checked += 1
        if kit.can(Feature.FILLS):
            with pytest.raises(InvalidCursor):
                await kit.venue.fills(FillQuery(cursor=cursor))
            checked += 1
        if kit.can(Feature.TRANSFERS):
            with pytest.raises(InvalidCursor):
                await kit.venue.transfers(cursor=cursor)
            checked += 1
    if not checked:
        pytest.skip("nothing of this venue is paged")


@behaviour("ERR-10")
async def test_a_post_only_order_that_would_trade_is_refused(kit: Kit) -> None:
    request = kit.taking(time_in_force=TimeInForce.GTC, post_only=True)
    await refused(kit, request, PostOnlyWouldCross)
    found = await kit.look_up(request) if kit.can(Feature.ORDER_BY_CLIENT_ID) else None
    assert found is None or found.filled_size == 0


@behaviour("ERR-11")
async def test_a_price_out_of_bounds_is_refused(kit: Kit) -> None:
    await kit.trade_in(lambda i: i.max_price is not None, "no instrument has a highest price")
    assert kit.instrument.max_price is not None
    price = ceil_to(EXACT.add(kit.instrument.max_price, kit.instrument.tick_size), kit.instrument.tick_size)
    await refused(kit, kit.resting(price=price), InvalidPrice)


@behaviour("ERR-12")
async def test_a_notional_below_the_minimum_is_refused(kit: Kit) -> None:
    for rules, book in await kit.tradable():
        kit.instrument, kit.book = rules, book
        price = kit.away(Side.BUY, "0.95")
        smallest = ceil_to(max(rules.min_size, rules.lot_size), rules.lot_size)
        if rules.min_notional and times(times(smallest, price), rules.contract_size) < rules.min_notional:
            await refused(kit, kit.resting(size=smallest, price=price), InvalidSize)
            return
    pytest.skip("no size that is otherwise valid is below the minimum notional")


@behaviour("ERR-13")
async def test_an_odd_argument_raises_one_of_our_errors_or_nothing(kit: Kit) -> None:
    """Whatever a model or a person types arrives here; a traceback would tell them nothing."""
    await kit.trade_a_little()
    venue, can, here = kit.venue, kit.can, kit.instrument.id
    calls: list[tuple[Feature, Callable[[], Awaitable[object]]]] = []
    for number in (0, -1, 10**9):
        calls += [
            (Feature.ORDER_BOOK, partial(venue.order_book, here, depth=number)),
            (Feature.TRADES, partial(venue.trades, here, limit=number)),
            (Feature.CANDLES, partial(venue.candles, here, Granularity.ONE_MINUTE, limit=number)),
            (Feature.SEARCH, partial(venue.search, "a", limit=number)),
            (Feature.ORDER_HISTORY, partial(venue.order_history, HistoryQuery(limit=number))),
            (Feature.FILLS, partial(venue.fills, FillQuery(limit=number))),
            (Feature.TRANSFERS, partial(venue.transfers, limit=number)),
        ]
    for text in ("", " ", f"{here}\n", "\u0661\u0662", "a" * 10_000, "'; DROP TABLE orders; --", "../../etc"):
        ref = OrderRef(venue_order_id=text, instrument=here)
        calls += [
            (Feature.SEARCH, partial(venue.search, text)),
            (Feature.TICKER, partial(venue.tickers, [text])),
            (Feature.ORDER_BOOK, partial(venue.order_book, text)),
            (Feature.TRADES, partial(venue.trades, text)),
            (Feature.OPEN_ORDERS, partial(venue.open_orders, text)),
            (Feature.FILLS, partial(venue.fills, FillQuery(order_id=text))),
            (Feature.SUBMIT, partial(venue.order, ref)),
        ]
    for feature, call in calls:
        if can(feature):
            try:
                await call()
            except VenuekitError as error:
                assert error.message


@behaviour("ERR-14")
async def test_an_order_too_many_says_when_to_come_again_and_is_not_placed(kit: Kit) -> None:
    """A desk sends it again then, under the same id: it must not find that it was taken after all."""
    if kit.profile.too_many is None:
        pytest.skip("the venue cannot be told to say 429 (contract_profile.too_many)")
    await settled(kit.profile.too_many(kit.venue))
    request = kit.resting()
    error = await refused(kit, request, RateLimited)
    assert isinstance(error, RateLimited)
    assert 0 <= error.retry_after < float("inf"), "retry_after is no number of seconds"
    await kit.pause(error.retry_after)
    placed = await kit.submit(request)
    assert placed.client_order_id == request.client_order_id
