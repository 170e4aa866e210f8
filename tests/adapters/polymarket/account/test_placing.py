"""Placing orders: what the venue makes of each, and that each is sent once."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import anyio
import pytest
from polymarket_trader import BY_HAND, FED, FINE, GAME, Desk, trading

from venuekit.adapter import (
    NANOS,
    ClientOrderIdReused,
    FillQuery,
    InstrumentNotTrading,
    InsufficientFunds,
    InvalidPrice,
    InvalidSize,
    InvalidValue,
    NoLiquidity,
    Order,
    OrderStatus,
    PostOnlyWouldCross,
    Side,
    TimeInForce,
    Unsupported,
    VenueDown,
    VenuePermission,
)
from venuekit_doubles.clock import SteppedClock
from venuekit_doubles.polymarket import Account, EngineState, PolymarketDouble, TradeState, WalletKind
from venuekit_doubles.polymarket.refusals import NOT_FILLED_FAK
from venuekit_doubles.polymarket.words import killed_event
from venuekit_polymarket.calls import Call
from venuekit_wire.answers import Answer

pytestmark = pytest.mark.anyio
D = Decimal
IOC, FOK, GTD = TimeInForce.IOC, TimeInForce.FOK, TimeInForce.GTD


async def test_an_order_rests_under_the_digest_that_was_known_before_it_was_sent(desk: Desk) -> None:
    order = await desk.own.trading.submit(request := desk.limit())
    assert (order.status, order.client_order_id) == (OrderStatus.OPEN, request.client_order_id)
    assert [o.venue_order_id async for o in desk.own.finder.open()] == [order.venue_order_id]
    assert desk.posted() == 1


async def test_an_order_that_trades_says_what_it_has_cost(desk: Desk) -> None:
    ask = await desk.best()
    order = await desk.own.trading.submit(desk.limit(price=str(ask.price)))
    assert (order.status, order.filled_size, order.average_price) == (OrderStatus.FILLED, D(10), ask.price)
    fills = (await desk.own.history.fills(FillQuery(order_id=order.client_order_id))).items
    assert sum(f.size for f in fills) == 10
    assert order.fees == sum(f.fee for f in fills)
    assert order.fees > 0


async def test_what_does_not_trade_at_once_rests(desk: Desk) -> None:
    ask = await desk.best()
    order = await desk.own.trading.submit(desk.limit(price=str(ask.price), size=str(ask.size + 7)))
    assert (order.status, order.filled_size, order.remaining) == (OrderStatus.PARTIALLY_FILLED, ask.size, D(7))


async def test_an_immediate_order_fills_what_is_there_and_the_rest_is_canceled(desk: Desk) -> None:
    ask = await desk.best()
    request = desk.limit(price=str(ask.price), size=str(ask.size + 100), time_in_force=IOC)
    order = await desk.own.trading.submit(request)
    assert order.status is OrderStatus.CANCELED
    assert 0 <= (ask.size - order.filled_size) * ask.price < D("0.01"), "more than a fraction of a cent was left"
    assert not [o async for o in desk.own.finder.open()]


async def test_less_than_a_hundredth_of_a_share_that_no_cent_buys_is_not_missing(desk: Desk) -> None:
    """The stream says so of what the venue calls matched, so the answer says the same."""
    ask = await desk.best()
    size = next(n for n in range(1000, 1100) if 0 < (n * ask.price) % 1 < D("0.5"))
    order = await desk.own.trading.submit(desk.limit(price=str(ask.price), size=str(D(size) / 100), time_in_force=IOC))
    assert 0 < D(size) / 100 - order.filled_size < D("0.01")
    assert order.status is OrderStatus.FILLED


async def test_an_immediate_purchase_never_buys_more_than_it_asks_for(desk: Desk) -> None:
    """The venue would spend the whole amount, and a limit far above the market would buy twice the shares."""
    order = await desk.own.trading.submit(desk.limit(price="0.95", size="10", time_in_force=IOC))
    assert (order.status, order.filled_size) == (OrderStatus.FILLED, D(10))


async def test_an_immediate_order_that_finds_nobody_is_refused_and_not_sent(desk: Desk) -> None:
    with pytest.raises(NoLiquidity):
        await desk.own.trading.submit(desk.limit(price="0.01", time_in_force=IOC))
    assert desk.posted() == 0


async def test_a_sale_at_a_price_that_nobody_pays_is_killed_by_the_venue(desk: Desk) -> None:
    desk.double.give(desk.double.account.wallet, "100", desk.token())
    with pytest.raises(NoLiquidity):
        await desk.own.trading.submit(desk.limit(Side.SELL, price="0.99", time_in_force=FOK))
    with pytest.raises(NoLiquidity):
        await desk.own.trading.submit(desk.limit(Side.SELL, price="0.99", time_in_force=IOC))


@pytest.mark.parametrize("tif", [IOC, FOK])
async def test_a_market_order_by_money_spends_it(desk: Desk, tif: TimeInForce) -> None:
    order = await desk.own.trading.submit(desk.market(quote_size=D(20), time_in_force=tif))
    assert order.status is OrderStatus.FILLED
    assert order.size == order.filled_size > 0
    assert order.average_price is not None
    assert abs(order.filled_size * order.average_price - 20) < D("0.01")


async def test_a_market_order_by_shares_buys_and_sells_them(desk: Desk) -> None:
    bought = await desk.own.trading.submit(desk.market(size=D(10)))
    assert (bought.status, bought.filled_size) == (OrderStatus.FILLED, D(10))
    desk.double.give(desk.double.account.wallet, "10", desk.token())
    sold = await desk.own.trading.submit(desk.market(Side.SELL, size=D(10), instrument=desk.token()))
    assert (sold.status, sold.filled_size) == (OrderStatus.FILLED, D(10))


@pytest.mark.parametrize("kind", list(WalletKind))
@pytest.mark.parametrize("slug", [FED, "will-alpha-be-nominated-in-2028", "rain-in-london-tomorrow"])
async def test_every_wallet_trades_on_every_exchange(
    double: PolymarketDouble, tmp_path: Path, kind: WalletKind, slug: str
) -> None:
    account = double.add_account(Account.named(f"of kind {kind}", kind))
    async with trading(double, tmp_path, account=account) as desk:
        order = await desk.own.trading.submit(desk.limit(instrument=desk.token(slug)))
        assert order.status is OrderStatus.OPEN


@pytest.mark.parametrize("tick", ["0.1", "0.01", "0.005", "0.0025", "0.001", "0.0001"])
async def test_orders_of_every_tick_are_taken(desk: Desk, tick: str) -> None:
    desk.double.set_tick(FINE, tick)
    token = desk.token(FINE)
    resting = await desk.own.trading.submit(desk.limit(price=tick, size="33.33", instrument=token))
    assert resting.status is OrderStatus.OPEN
    desk.double.give(desk.double.other.wallet, "50", token)
    desk.double.order(token, Side.SELL, tick, "50")
    taken = await desk.own.trading.submit(desk.market(quote_size=D("1.01"), instrument=token))
    assert taken.filled_size > 0


async def test_post_only_never_takes(desk: Desk) -> None:
    ask = await desk.best()
    with pytest.raises(PostOnlyWouldCross):
        await desk.own.trading.submit(desk.limit(price=str(ask.price), post_only=True))
    order = await desk.own.trading.submit(desk.limit(post_only=True))
    assert (order.status, order.post_only) == (OrderStatus.OPEN, True)


async def test_an_order_that_expires_is_sent_with_the_venues_minute_on_top(desk: Desk) -> None:
    expires = (desk.clock.now_ns() // NANOS + 90) * NANOS
    order = await desk.own.trading.submit(desk.limit(time_in_force=GTD, expires_at_ns=expires))
    assert (order.status, order.expires_at_ns) == (OrderStatus.OPEN, expires)
    row = await desk.api.own(f"/data/order/{order.venue_order_id}", budget="clob_ledger")
    assert int(row["expiration"]) == expires // NANOS + 60


async def test_an_order_ends_when_it_was_to_and_not_a_minute_later(tmp_path: Path) -> None:
    clock = SteppedClock()
    with PolymarketDouble(pace=BY_HAND, clock=clock, window_seconds=3600) as double:
        async with trading(double, tmp_path, clock=clock) as desk:
            expires = (clock.now_ns() // NANOS + 3) * NANOS
            order = await desk.own.trading.submit(desk.limit(time_in_force=GTD, expires_at_ns=expires))
            clock.step(4)
            await double.advance(4)
            after = await desk.own.finder.find(desk.ref(order))
            assert (after.status, after.expires_at_ns) == (OrderStatus.EXPIRED, expires)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"price": "0.105"}, InvalidPrice),
        ({"price": "1"}, InvalidPrice),
        ({"size": "10.001"}, InvalidSize),
        ({"size": "4.99"}, InvalidSize),
        ({"time_in_force": TimeInForce.DAY}, Unsupported),
        ({"reduce_only": True}, Unsupported),
        ({"time_in_force": GTD, "expires_at_ns": 1}, InvalidValue),
    ],
)
async def test_what_the_venue_cannot_take_is_not_sent(
    desk: Desk, change: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        await desk.own.trading.submit(desk.limit(**change))
    assert desk.posted() == 0


# -- an id is one order


async def test_the_same_id_is_one_order_however_often_it_is_sent(desk: Desk) -> None:
    request = desk.limit()
    orders: list[Order] = []

    async def send() -> None:
        orders.append(await desk.own.trading.submit(request))

    async with anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(send)
    assert len({o.venue_order_id for o in orders}) == 1
    assert desk.posted() == 1


async def test_an_id_of_another_order_is_refused(desk: Desk) -> None:
    request = desk.limit()
    await desk.own.trading.submit(request)
    for other in ({"price": "0.11"}, {"size": "11"}, {"post_only": True}, {"time_in_force": IOC}):
        with pytest.raises(ClientOrderIdReused):
            await desk.own.trading.submit(desk.limit(client_order_id=request.client_order_id, **other))
    assert desk.posted() == 1


async def test_an_order_is_known_again_after_a_restart(double: PolymarketDouble, tmp_path: Path) -> None:
    async with trading(double, tmp_path) as desk:
        first = await desk.own.trading.submit(request := desk.limit())
        done = await desk.own.trading.submit(taking := desk.market(size=D(10)))
    async with trading(double, tmp_path) as desk:
        again = await desk.own.trading.submit(request)
        assert (again.venue_order_id, again.client_order_id) == (first.venue_order_id, request.client_order_id)
        over = await desk.own.trading.submit(taking)
        assert (over.venue_order_id, over.status, over.filled_size) == (done.venue_order_id, done.status, D(10))
        assert desk.posted() == 0


# -- what the venue takes now


async def test_delayed_orders_are_open_until_the_venue_enters_them(desk: Desk) -> None:
    token = desk.token(GAME)
    ask = await desk.best(token=token)
    order = await desk.own.trading.submit(desk.limit(price=str(ask.price), instrument=token))
    assert (order.status, order.status_code, order.filled_size) == (OrderStatus.OPEN, "DELAYED", D(0))
    assert order.venue_order_id in {o.venue_order_id async for o in desk.own.finder.open()}
    desk.double.release_delayed()
    after = await desk.own.finder.find(desk.ref(order))
    assert (after.status, after.filled_size) == (OrderStatus.FILLED, D(10))


async def test_a_delayed_order_whose_only_trade_has_failed_is_over(desk: Desk) -> None:
    token = desk.token(GAME)
    ask = await desk.best(token=token)
    request = desk.limit(price=str(ask.price), instrument=token, time_in_force=IOC)
    order = await desk.own.trading.submit(request)
    desk.double.fail_settlements(TradeState.FAILED)
    desk.double.release_delayed()
    desk.double.settle()
    after = await desk.own.finder.find(desk.ref(order))
    assert (after.status, after.filled_size) == (OrderStatus.CANCELED, D(0))
    assert "holds it back" not in after.status_reason
    assert not [o async for o in desk.own.finder.open()]


async def test_an_order_that_is_not_listed_so_early_is_asked_about_again(desk: Desk) -> None:
    missing: list[str] = []
    desk.own.finder.on_missing = missing.append
    order = await desk.own.trading.submit(desk.limit())
    desk.double.do(lambda: desk.double.venue.clob.cancel(desk.double.venue.clob.orders[order.venue_order_id or ""]))
    assert (await desk.own.finder.find(desk.ref(order))).status is OrderStatus.OPEN
    assert missing == [order.venue_order_id]


@pytest.mark.parametrize("listed", [True, False])
async def test_an_answer_from_before_an_end_that_the_stream_told_meanwhile_opens_nothing_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, listed: bool
) -> None:
    order = await desk.own.trading.submit(desk.limit())
    record = desk.double.venue.clob.orders[order.venue_order_id or ""]
    answer = desk.api.answer

    async def slow(call: Call) -> Answer:
        came = await answer(call)
        if call.path.startswith("/data/order"):
            desk.own.orders.from_frame(killed_event(record, NOT_FILLED_FAK, order.created_ns))
        return came

    monkeypatch.setattr(desk.api, "answer", slow)
    if listed:
        assert not [o async for o in desk.own.finder.open()]
    assert (await desk.own.finder.find(desk.ref(order))).status is OrderStatus.CANCELED


async def test_a_stream_that_is_quicker_than_the_refusal_gives_the_same_reason(desk: Desk) -> None:
    order = await desk.own.trading.submit(desk.limit())
    record = desk.double.venue.clob.orders[order.venue_order_id or ""]
    killed = desk.own.orders.from_frame(killed_event(record, NOT_FILLED_FAK, order.created_ns))
    assert killed is not None
    assert (killed.status, killed.status_code) == (OrderStatus.CANCELED, NoLiquidity.code)


async def test_a_delayed_order_that_never_rests_is_over_when_a_part_of_it_has_traded(desk: Desk) -> None:
    token = desk.token(GAME)
    ask = await desk.best(token=token)
    request = desk.limit(price=str(ask.price), size=str(ask.size + 100), instrument=token, time_in_force=IOC)
    order = await desk.own.trading.submit(request)
    assert (order.status, order.status_code) == (OrderStatus.OPEN, "DELAYED")
    desk.double.release_delayed()
    await desk.own.ledger.cover(order.created_ns)
    assert not [o async for o in desk.own.finder.open()], "it is held to be waiting still"
    after = await desk.own.finder.find(desk.ref(order))
    assert (after.status, after.filled_size > 0) == (OrderStatus.CANCELED, True)


@pytest.mark.parametrize(
    ("state", "error"),
    [
        (EngineState.RESTARTING, VenueDown),
        (EngineState.CANCEL_ONLY, InstrumentNotTrading),
        (EngineState.DISABLED, InstrumentNotTrading),
        (EngineState.POST_ONLY, InstrumentNotTrading),
    ],
)
async def test_the_venues_state_refuses_the_next_order_before_it_is_sent(
    desk: Desk, state: EngineState, error: type[Exception]
) -> None:
    desk.double.set_state(state)
    request = desk.limit()
    with pytest.raises(error):
        await desk.own.trading.submit(request)
    assert desk.posted() == 1
    with pytest.raises(error) as caught:
        await desk.own.trading.submit(request)
    assert desk.posted() == 1, "an order was sent although the venue had just said that it takes none"
    assert "retry_after_seconds" in caught.value.details  # type: ignore[attr-defined]
    desk.double.set_state(EngineState.RUNNING)
    desk.api.conditions.__init__(desk.clock)  # type: ignore[misc]
    assert (await desk.own.trading.submit(request)).status is OrderStatus.OPEN, "the id was not free again"


async def test_post_only_orders_go_while_the_venue_takes_no_others(desk: Desk) -> None:
    desk.double.set_state(EngineState.POST_ONLY)
    with pytest.raises(InstrumentNotTrading):
        await desk.own.trading.submit(desk.limit())
    assert (await desk.own.trading.submit(desk.limit(post_only=True))).status is OrderStatus.OPEN


async def test_an_account_that_may_only_close_is_not_let_buy_again(desk: Desk) -> None:
    desk.double.close_only(desk.double.account.address)
    with pytest.raises(VenuePermission):
        await desk.own.trading.submit(desk.limit())
    with pytest.raises(VenuePermission) as caught:
        await desk.own.trading.submit(desk.limit())
    assert caught.value.details["venue_code"] == "CLOSED_ONLY"
    assert desk.posted() == 1
    desk.double.give(desk.double.account.wallet, "10", desk.token())
    await desk.own.trading.submit(desk.limit(Side.SELL, price="0.99"))
    assert desk.posted() == 2


async def test_a_blocked_country_is_believed_and_not_tried_again_and_again(desk: Desk) -> None:
    desk.double.block_country("US")
    for _ in range(3):
        with pytest.raises(VenuePermission) as caught:
            await desk.own.trading.submit(desk.limit())
    assert caught.value.details["venue_code"] == "GEOBLOCKED"
    assert desk.posted() == 1


# -- what is refused, and why


async def test_too_little_money_says_how_much_there_is_and_what_the_order_gives(desk: Desk) -> None:
    with pytest.raises(InsufficientFunds) as caught:
        await desk.own.trading.submit(desk.limit(price="0.50", size="1000000"))
    details = caught.value.details
    assert (details["asset"], details["required"], details["available"]) == ("pUSD", "500000.00", "100000")
    assert str(details["collateral"]).startswith("0xC011")


async def test_a_missing_allowance_names_the_contract_that_may_take_nothing(
    double: PolymarketDouble, tmp_path: Path
) -> None:
    account = double.add_account(Account.named("new"), approved=False)
    async with trading(double, tmp_path, account=account) as desk:
        with pytest.raises(InsufficientFunds) as caught:
            await desk.own.trading.submit(desk.limit())
        assert "exchange may take 0 of it" in caught.value.message
        assert caught.value.details["allowance"] == "0"
        assert not [a for a in double.requests if a.path.startswith(("/relayer", "/rpc"))], "something went on chain"


async def test_a_tick_that_has_become_finer_is_read_again_before_a_price_is_refused(desk: Desk) -> None:
    desk.markets.stale[desk.token(FINE)] = D("0.01")
    order = await desk.own.trading.submit(desk.limit(price="0.105", instrument=desk.token(FINE)))
    assert order.price == D("0.105")


async def test_a_tick_that_has_become_coarser_names_the_prices_that_would_do(desk: Desk) -> None:
    desk.markets.stale[desk.token()] = D("0.001")
    with pytest.raises(InvalidPrice) as caught:
        await desk.own.trading.submit(desk.limit(price="0.105"))
    assert caught.value.details["nearest"] == ["0.10", "0.11"]
    assert desk.posted() == 1


async def test_a_market_that_moved_to_another_exchange_is_signed_for_again(desk: Desk) -> None:
    desk.markets.wrong_exchange.add(desk.token())
    order = await desk.own.trading.submit(desk.limit())
    assert order.status is OrderStatus.OPEN
    assert desk.posted() == 2


async def test_a_market_order_is_measured_anew_when_the_tick_has_become_coarser(desk: Desk) -> None:
    """Nobody gave a price, so nobody can mend one: its limit is put on the ticks of now."""
    desk.double.give(desk.double.account.wallet, "100", desk.token())
    desk.double.order(desk.token(), Side.BUY, "0.63", "5")
    desk.double.set_tick(FED, "0.1")
    desk.markets.stale[desk.token()] = D("0.01")
    order = await desk.own.trading.submit(desk.market(Side.SELL, size=D(10)))
    assert (order.status, order.filled_size) == (OrderStatus.FILLED, D(10))
    assert desk.posted() == 2


async def test_what_an_order_at_once_lacks_includes_the_fee_on_top(desk: Desk) -> None:
    have = D(await _cash(desk))
    with pytest.raises(InsufficientFunds) as caught:
        await desk.own.trading.submit(desk.market(quote_size=have, time_in_force=IOC))
    details = caught.value.details
    assert D(str(details["fee"])) > 0
    assert D(str(details["required"])) == have + D(str(details["fee"]))
    assert "for the fee on top" in caught.value.message


async def _cash(desk: Desk) -> str:
    return str((await desk.own.holdings.collateral()).balance)


async def test_the_salt_of_an_order_is_a_number_that_javascript_can_count(desk: Desk) -> None:
    for _ in range(30):
        await desk.own.trading.submit(desk.limit())
    salts = [call.body["order"]["salt"] for call in desk.api.calls if call.path == "/order"]
    assert max(salts) < 2**53
    assert len(set(salts)) == 30


async def test_an_order_that_is_held_back_is_not_taken_for_canceled_while_it_is_not_listed(tmp_path: Path) -> None:
    clock = SteppedClock()
    with PolymarketDouble(pace=BY_HAND, clock=clock, window_seconds=3600) as double:
        async with trading(double, tmp_path, clock=clock) as desk:
            token = desk.token(GAME)
            ask = await desk.best(token=token)
            order = await desk.own.trading.submit(desk.limit(price=str(ask.price), instrument=token))
            clock.step(30)
            held = await desk.own.finder.find(desk.ref(order))
            assert (held.status, held.status_code) == (OrderStatus.OPEN, "DELAYED")
            assert [o.id async for o in desk.own.finder.open()] == [order.id]
