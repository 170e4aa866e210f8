"""Answers that are lost: an order is found by the digest that it has had all along, and never placed twice."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import attrs
import pytest
from polymarket_trader import Desk, trading

from venuekit.adapter import (
    InsufficientFunds,
    OrderRef,
    OrderRequest,
    OrderStatus,
    OutcomeUnknown,
    RateLimited,
    Side,
    Unavailable,
    UnknownOrder,
)
from venuekit_doubles.polymarket import Account, Fault, PolymarketDouble
from venuekit_doubles.polymarket.words import order_event
from venuekit_polymarket.answers import Answer
from venuekit_polymarket.calls import Call

pytestmark = pytest.mark.anyio
D = Decimal
AFTER = [fault for fault in Fault if fault.is_after]


async def _placed(desk: Desk) -> int:
    """Orders that there are at the venue."""
    return len([o async for o in desk.own.finder.open()])


@pytest.mark.parametrize("fault", AFTER)
async def test_a_lost_answer_is_no_riddle_when_the_order_can_be_asked_for(desk: Desk, fault: Fault) -> None:
    desk.double.fail("post_order", fault)
    order = await desk.own.trading.submit(request := desk.limit())
    assert (order.status, order.client_order_id) == (OrderStatus.OPEN, request.client_order_id)
    assert (await _placed(desk), desk.posted()) == (1, 1)


@pytest.mark.parametrize("fault", AFTER)
async def test_a_purchase_whose_answer_is_lost_is_found_in_the_trades_since_the_venue_forgets_it(
    desk: Desk, fault: Fault
) -> None:
    """What cost people three times their position: "Request exception!", and it had matched all the same."""
    desk.double.fail("post_order", fault)
    order = await desk.own.trading.submit(desk.limit(price=str((await desk.best()).price)))
    assert (order.status, order.filled_size) == (OrderStatus.FILLED, D(10))
    assert order.average_price is not None
    assert order.fees > 0
    assert desk.posted() == 1


async def _in_doubt(desk: Desk, fault: Fault = Fault.AFTER_SILENCE) -> OrderRequest:
    """An order that the venue has, of which nothing can be learned now."""
    request = desk.limit()
    desk.double.fail("post_order", fault)
    desk.double.fail("data_order", Fault.SERVER_ERROR)
    with pytest.raises(OutcomeUnknown) as caught:
        await desk.own.trading.submit(request)
    assert "0x" in caught.value.message
    return request


async def test_an_order_in_doubt_is_asked_for_by_our_id_later(desk: Desk) -> None:
    request = await _in_doubt(desk)
    order = await desk.own.finder.find(OrderRef(client_order_id=request.client_order_id))
    assert order.status is OrderStatus.OPEN
    assert desk.posted() == 1


async def test_an_order_in_doubt_is_asked_for_by_our_id_after_a_restart(
    double: PolymarketDouble, tmp_path: Path
) -> None:
    async with trading(double, tmp_path) as desk:
        request = await _in_doubt(desk)
    async with trading(double, tmp_path) as desk:
        order = await desk.own.finder.find(OrderRef(client_order_id=request.client_order_id))
        assert (order.status, order.client_order_id) == (OrderStatus.OPEN, request.client_order_id)


@pytest.mark.parametrize("fault", [Fault.SILENCE, Fault.RESET, Fault.BAD_GATEWAY_HTML, Fault.SERVER_ERROR])
async def test_an_order_that_never_arrived_is_unknown_to_the_venue(desk: Desk, fault: Fault) -> None:
    desk.double.fail("post_order", fault)
    request = desk.limit()
    with pytest.raises(OutcomeUnknown):
        await desk.own.trading.submit(request)
    with pytest.raises(UnknownOrder):
        await desk.own.finder.find(OrderRef(client_order_id=request.client_order_id))


async def test_only_the_very_same_signed_order_is_sent_again(desk: Desk) -> None:
    desk.double.fail("post_order", Fault.SILENCE)
    request = desk.limit()
    with pytest.raises(OutcomeUnknown):
        await desk.own.trading.submit(request)
    order = await desk.own.trading.submit(request)
    assert order.status is OrderStatus.OPEN
    first, second = [call.body for call in desk.api.calls if call.path == "/order"]
    assert first == second, "another order was sent under the same id"


async def test_a_duplicate_is_the_order_that_is_there(desk: Desk) -> None:
    """The first arrives while nothing can be asked; the second is called a duplicate, which is good news."""
    request = desk.limit()
    desk.double.fail("post_order", Fault.AFTER_SILENCE)
    desk.double.fail("data_order", Fault.SERVER_ERROR, Fault.SERVER_ERROR)
    with pytest.raises(OutcomeUnknown):
        await desk.own.trading.submit(request)
    with pytest.raises(Unavailable):
        await desk.own.trading.submit(request)
    order = await desk.own.trading.submit(request)
    assert order.status is OrderStatus.OPEN
    assert await _placed(desk) == 1


async def test_a_refusal_of_what_was_sent_twice_is_not_believed(desk: Desk) -> None:
    """The first may be there a moment later, and hold the very money that the second lacks."""
    desk.double.fail("post_order", Fault.SILENCE)
    request = desk.limit()
    with pytest.raises(OutcomeUnknown):
        await desk.own.trading.submit(request)
    desk.double.give(desk.double.account.wallet, "-100000")
    with pytest.raises(OutcomeUnknown):
        await desk.own.trading.submit(request)
    with pytest.raises(InsufficientFunds):
        await desk.own.trading.submit(desk.limit())


@pytest.mark.parametrize("fault", [Fault.RATE_LIMITED, Fault.RESTARTING])
async def test_an_order_that_was_certainly_not_taken_may_keep_its_id(desk: Desk, fault: Fault) -> None:
    desk.double.fail("post_order", fault)
    request = desk.limit()
    with pytest.raises(Unavailable) as caught:
        await desk.own.trading.submit(request)
    if fault is Fault.RATE_LIMITED:
        assert isinstance(caught.value, RateLimited)
        order = await desk.own.trading.submit(attrs.evolve(request, price=D("0.11")))
        assert order.status is OrderStatus.OPEN


async def test_an_order_that_is_over_is_not_taken_for_one_that_never_was(desk: Desk) -> None:
    """The venue lists open orders only, and says the same of one that was filled as of one that it never had."""
    request = desk.limit(price=str((await desk.best()).price))
    desk.double.fail("post_order", Fault.AFTER_SILENCE)
    desk.double.fail("data_order", Fault.SERVER_ERROR)
    with pytest.raises(OutcomeUnknown):
        await desk.own.trading.submit(request)
    order = await desk.own.finder.find(OrderRef(client_order_id=request.client_order_id))
    assert (order.status, order.filled_size) == (OrderStatus.FILLED, D(10))


async def test_an_order_of_another_place_is_found_by_its_digest(desk: Desk) -> None:
    digest = desk.double.order(desk.token(), Side.BUY, "0.11", "10", account=desk.double.account)
    order = await desk.own.finder.find(OrderRef(venue_order_id=digest))
    assert (order.client_order_id, order.price, order.size) == (None, D("0.11"), D(10))


@pytest.mark.parametrize("name", ["", "0-no-such-order", "../../etc", "0x" + "A" * 64, "0x" + "0" * 64])
async def test_what_is_no_digest_is_not_asked_for(desk: Desk, name: str) -> None:
    asked = len(desk.double.requests)
    with pytest.raises(UnknownOrder):
        await desk.own.finder.find(OrderRef(venue_order_id=name))
    if not name.endswith("000"):
        assert len(desk.double.requests) == asked


async def test_an_answer_that_comes_after_the_streams_word_of_the_end_opens_nothing_again(desk: Desk) -> None:
    order = await desk.own.trading.submit(desk.limit())
    frame = order_event(desk.double.venue.clob.orders[order.venue_order_id or ""], "CANCELLATION", order.created_ns)
    told = desk.own.orders.from_frame({**frame, "status": "CANCELED"})
    assert told is not None
    assert told.status is OrderStatus.CANCELED
    late = desk.own.orders.answered(order)
    assert late.status is OrderStatus.CANCELED
    assert desk.own.orders.answered(order.but(filled_size=D(4))).filled_size == 4, "what has traded counts"


async def test_an_answer_takes_nothing_back_of_what_the_stream_has_told(desk: Desk) -> None:
    order = await desk.own.trading.submit(desk.limit())
    frame = order_event(desk.double.venue.clob.orders[order.venue_order_id or ""], "UPDATE", order.created_ns)
    desk.own.orders.from_frame({**frame, "size_matched": "4"})
    late = desk.own.orders.answered(order)
    assert (late.status, late.filled_size) == (OrderStatus.PARTIALLY_FILLED, D(4))


async def test_a_duplicate_of_the_very_first_sending_is_the_order_that_is_there(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Something between us and the venue may repeat a request; the answer that is heard is the second one's."""
    answer = desk.api.answer

    async def twice(call: Call) -> Answer:
        if call.path == "/order" and call.method == "POST":
            await answer(call)
        return await answer(call)

    monkeypatch.setattr(desk.api, "answer", twice)
    order = await desk.own.trading.submit(request := desk.limit())
    assert (order.status, order.client_order_id) == (OrderStatus.OPEN, request.client_order_id)
    assert await _placed(desk) == 1


async def test_an_order_that_was_signed_with_another_key_is_not_sent_again_with_this_one(
    double: PolymarketDouble, tmp_path: Path
) -> None:
    """Its digest would be another, and so would the order: the first may be there all the same."""
    other = double.add_account(Account.named("other key"))
    async with trading(double, tmp_path) as desk:
        desk.double.fail("post_order", Fault.SILENCE)
        request = desk.limit()
        with pytest.raises(OutcomeUnknown):
            await desk.own.trading.submit(request)
    async with trading(double, tmp_path, account=other) as desk:
        with pytest.raises(OutcomeUnknown, match="another key"):
            await desk.own.trading.submit(request)
        assert desk.posted() == 0


async def test_an_order_that_was_made_anew_for_its_market_is_found_by_its_new_id(desk: Desk) -> None:
    """Refused, signed for the right contract, and then its answer is lost."""
    desk.markets.wrong_exchange.add(desk.token())
    answer, posted = desk.api.answer, []

    async def lost(call: Call) -> Answer:
        if call.path == "/order" and call.method == "POST":
            posted.append(call)
            if len(posted) == 2:
                desk.double.fail("post_order", Fault.AFTER_RESET)
        return await answer(call)

    desk.api.answer = lost  # type: ignore[method-assign]
    order = await desk.own.trading.submit(request := desk.limit())
    assert (order.status, order.client_order_id) == (OrderStatus.OPEN, request.client_order_id)
    assert (await desk.own.trading.submit(request)).venue_order_id == order.venue_order_id
    assert (len(posted), await _placed(desk)) == (2, 1)


async def test_an_order_that_is_over_is_told_from_memory(desk: Desk) -> None:
    order = await desk.own.trading.submit(desk.limit(price=str((await desk.best()).price)))
    asked = len(desk.api.calls)
    assert await desk.own.finder.find(OrderRef.of(order)) == order
    assert len(desk.api.calls) == asked
