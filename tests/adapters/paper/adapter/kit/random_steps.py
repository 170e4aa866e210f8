"""Random things to do with an account: orders of every kind, changes, pairs of outcomes, halts, time."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from paper_kit import BTC, BUY, ETH, MOVE, NO, PERP, SELL, YES, bracket, limit, market, stop

from venuekit.adapter import InstrumentStatus, OrderRef, OrderRequest, VenuekitError
from venuekit_paper.adapter import PaperVenue

D = Decimal
Step = Callable[[PaperVenue], Coroutine[Any, Any, object]]
#: Where each market begins, and a usual size there.
USUAL = {
    BTC: (D(60_000), D("0.3")),
    ETH: (D(3000), D(4)),
    PERP: (D(60_000), D("0.4")),
    YES: (D("0.62"), D(200)),
    NO: (D("0.38"), D(200)),
}


@st.composite
def requests(draw: st.DrawFn) -> OrderRequest:
    name = draw(st.sampled_from(list(USUAL)))
    price, size = USUAL[name]
    side = draw(st.sampled_from([BUY, SELL]))
    tick = D("0.01") if name in (YES, NO) else D(1)
    away = draw(st.integers(-8, 3)) * tick * side.sign
    more: dict[str, Any] = {"instrument": name, "client_order_id": f"h{draw(st.integers(0, 25))}"}
    kind = draw(st.sampled_from(["market", "limit", "limit", "stop", "bracket"]))
    if kind == "market":
        return market(side, size, reduce_only=draw(st.booleans()), **more)
    if kind == "limit":
        return limit(
            side,
            size * draw(st.sampled_from([1, 5])),
            price + away,
            post_only=draw(st.booleans()),
            reduce_only=draw(st.booleans()),
            **more,
        )
    if kind == "stop":
        return stop(side, size, price - away, **more)
    return bracket(side, size, price - side.sign * 5 * tick, price + side.sign * 5 * tick, **more)


def submits(request: OrderRequest) -> Step:
    return lambda venue: venue.submit(request)


def moves(number: int) -> Step:
    return lambda venue: venue.advance(number * MOVE)


def changes_the(place: int, how: str, factor: int) -> Step:
    async def change(venue: PaperVenue) -> object:
        orders = await venue.open_orders()
        if not orders:
            return None
        order = orders[place % len(orders)]
        ref = OrderRef.of(order)
        if how == "cancel":
            return await venue.cancel(ref)
        assert order.size is not None
        return await venue.amend(ref, size=order.size * factor / 2)

    return change


def pairs(how: str, size: int) -> Step:
    return lambda venue: venue.mint(YES, D(size)) if how == "mint" else venue.merge(NO, D(size))


def halts(name: str, status: InstrumentStatus) -> Step:
    return lambda venue: venue.set_status(name, status)


steps = st.one_of(
    requests().map(submits),
    requests().map(submits),
    st.integers(1, 30).map(moves),
    st.builds(changes_the, st.integers(0, 9), st.sampled_from(["cancel", "amend"]), st.integers(1, 5)),
    st.builds(pairs, st.sampled_from(["mint", "merge"]), st.integers(1, 50)),
    st.builds(halts, st.sampled_from([BTC, YES]), st.sampled_from([InstrumentStatus.TRADING, InstrumentStatus.HALTED])),
    st.just(lambda venue: venue.cancel_all()),
)


async def done(venue: PaperVenue, step: Step) -> object:
    """What the step answered, or was refused with."""
    try:
        return await step(venue)
    except VenuekitError as error:
        return error.to_dict()
