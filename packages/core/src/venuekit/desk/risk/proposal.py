"""Pricing an order at its worst, so that no check is skipped for want of a price."""

from __future__ import annotations

from decimal import Decimal

from venuekit.model.identity import AgentId
from venuekit.model.instrument import Instrument
from venuekit.model.intent import (
    BUY,
    SELL,
    BracketOrder,
    MarketOrder,
    OrderRequest,
    OrderType,
    Side,
    StopLimitOrder,
    StopOrder,
)
from venuekit.model.money import ONE, ZERO, floor_to, minus, plus, ratio, times
from venuekit.model.order import Order
from venuekit.protocols.risk import Fingerprint, Proposal, Quote, RiskView

#: Orders whose price is the worst that they trade at; with brackets, orders that have a price.
_LIMITED = (OrderType.LIMIT, OrderType.STOP_LIMIT)
_PRICED = (*_LIMITED, OrderType.BRACKET)
_STOPS = (StopOrder, StopLimitOrder)


def trusted(quote: Quote | None, now_ns: int, max_age_seconds: float) -> Quote | None:
    """The quote if it is recent (and not from the future), finite and positive; else None."""
    if quote is None or abs(now_ns - quote.time_ns) > max_age_seconds * 1e9:
        return None
    known = False
    for price in (quote.bid, quote.ask, quote.last):
        if price is None:
            continue
        if not price.is_finite() or price <= 0:
            return None
        known = True
    return quote if known else None


def touch(quote: Quote | None, side: Side) -> Decimal | None:
    """The price at which `side` would trade now: best opposite price, else the last trade."""
    if quote is None:
        return None
    best = quote.ask if side is BUY else quote.bid
    return best if best is not None else quote.last


def collared(price: Decimal, side: Side, collar: Decimal) -> Decimal:
    """`price` moved against the buyer or seller by the share `collar`."""
    return times(price, plus(ONE, collar) if side is BUY else minus(ONE, min(collar, ONE)))


def propose(
    request: OrderRequest,
    instrument: Instrument,
    view: RiskView,
    *,
    agent_id: AgentId,
    collar: Decimal | None,
    max_quote_age_seconds: float,
    now_ns: int,
    replaces: Order | None = None,
    by_agent: bool = False,
) -> Proposal:
    """The order as checks see it. Without a trusted price, worst price and notional are None.

    `collar` None means that market orders have no bound: their worst price is the touch itself.
    A sell is worth at most what the better of touch and limit would bring, so its notional uses the higher price.
    """
    side, size, kind = request.side, request.size, request.type
    quote = trusted(view.quote(instrument.id), now_ns, max_quote_age_seconds)
    at = touch(quote, side)
    limit: Decimal | None = None
    # The narrowing that the type checker misses costs more than all else here.
    if kind in _PRICED:
        limit = request.price  # type: ignore[union-attr]
    if kind in _LIMITED:
        worst: Decimal | None = limit
    elif isinstance(request, StopOrder):
        # A stop on the wrong side of the market triggers at once, so the worse of trigger and touch counts.
        pick = max if side is BUY else min
        worst = None if at is None else collared(pick(request.stop_price, at), side, collar or ZERO)
    elif isinstance(request, BracketOrder):
        worst = request.price if side is SELL else max(request.price, request.stop_price)
    else:
        worst = None if at is None else collared(at, side, collar or ZERO)
    price = worst
    if side is SELL and worst is not None:
        stop = request.stop_price if isinstance(request, _STOPS) else ZERO
        price = None if at is None else max(worst, at, stop)
    contract = instrument.contract_size
    unit = price if price is None or contract is ONE else times(price, contract)
    if isinstance(request, MarketOrder) and request.quote_size is not None:
        notional: Decimal | None = request.quote_size if at is not None else None
        # The most that changes hands: a buy at the touch, a sell at the worst price.
        least = at if side is BUY else worst
        if least is not None and least > 0:
            size = floor_to(ratio(request.quote_size, times(least, contract)), instrument.lot_size)
        if unit is not None and size:
            unit = max(unit, ratio(request.quote_size, size))
    else:
        notional = None if size is None or unit is None else times(size, unit)
    rate = _rate(instrument.quote, view, now_ns, max_quote_age_seconds)
    value = notional if notional is None or rate is ONE else _converted(notional, rate)
    open_size, open_notional, open_value = size, notional, value
    left, given, given_value = ZERO, ZERO, ZERO
    if replaces is not None:
        left = replaces.remaining or ZERO
        if replaces.price is not None:
            given = times(times(left, replaces.price), contract)
        given_value = _converted(given, rate) or ZERO
        if size is not None and replaces.filled_size:
            open_size = minus(size, replaces.filled_size)
            open_notional = None if unit is None else times(open_size, unit)
            open_value = _converted(open_notional, rate)
    waiting = view.open_size(instrument.id, side)
    return Proposal(
        request,
        instrument,
        agent_id,
        side,
        kind,
        request.time_in_force,
        size,
        limit,
        worst,
        notional,
        value,
        unit if unit is None or rate is ONE else _converted(unit, rate),
        open_size,
        open_notional,
        open_value,
        request.reduce_only,
        left,
        given,
        given_value,
        view.position_size(instrument.id),
        minus(waiting, left) if left else waiting,
        now_ns,
        quote,
        by_agent,
    )


def _rate(asset: str, view: RiskView, now_ns: int, max_age_seconds: float) -> Decimal | None:
    """The most that one unit of `asset` is worth in the desk's currency; None when that is not known."""
    via = view.priced_by(asset)
    if via == "":
        return ONE
    quote = None if via is None else trusted(view.quote(via), now_ns, max_age_seconds)
    return None if quote is None else max(p for p in (quote.bid, quote.ask, quote.last) if p is not None)


def _converted(amount: Decimal | None, rate: Decimal | None) -> Decimal | None:
    return None if amount is None or rate is None else times(amount, rate)


def fingerprint(request: OrderRequest) -> Fingerprint:
    """What makes two orders the same to a person: instrument, side, type, size and prices; not the id."""
    return (
        request.instrument,
        request.side,
        request.type,
        request.size,
        getattr(request, "quote_size", None),
        getattr(request, "price", None),
        getattr(request, "stop_price", None),
    )


def reduces(proposal: Proposal) -> bool:
    """Whether the order, filled whole with all others of its side, only makes the position smaller."""
    position, size = proposal.position, proposal.open_size
    if size is None or not position or not position.is_finite() or (position > 0) == (proposal.side is BUY):
        return False
    return plus(size, proposal.waiting) <= position.copy_abs()
