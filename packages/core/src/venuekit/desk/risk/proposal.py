"""Pricing an order at its worst, so that no check is skipped for want of a price."""

from __future__ import annotations

from decimal import Decimal

from venuekit.model.identity import AgentId
from venuekit.model.instrument import Instrument
from venuekit.model.intent import (
    BUY,
    SELL,
    BracketOrder,
    LimitOrder,
    MarketOrder,
    OrderRequest,
    Side,
    StopLimitOrder,
    StopOrder,
)
from venuekit.model.money import ONE, ZERO, floor_to, minus, plus, ratio, times
from venuekit.protocols.risk import Fingerprint, Proposal, Quote, RiskView


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
    replaces_size: Decimal = ZERO,
    replaces_notional: Decimal = ZERO,
    by_agent: bool = False,
) -> Proposal:
    """The order as checks see it. Without a trusted price, worst price and notional are None.

    `collar` None means that market orders have no bound: their worst price is the touch itself.
    A sell is worth at most what the better of touch and limit would bring, so its notional uses the higher price.
    """
    quote = trusted(view.quote(instrument.id), now_ns, max_quote_age_seconds)
    at = touch(quote, request.side)
    limit = request.price if isinstance(request, LimitOrder | StopLimitOrder | BracketOrder) else None
    if isinstance(request, LimitOrder | StopLimitOrder):
        worst: Decimal | None = request.price
    elif isinstance(request, StopOrder):
        # A stop on the wrong side of the market triggers at once, so the worse of trigger and touch counts.
        pick = max if request.side is BUY else min
        worst = None if at is None else collared(pick(request.stop_price, at), request.side, collar or ZERO)
    elif isinstance(request, BracketOrder):
        worst = request.price if request.side is SELL else max(request.price, request.stop_price)
    else:
        worst = None if at is None else collared(at, request.side, collar or ZERO)
    size, value_price = request.size, worst
    if request.side is SELL and worst is not None:
        stop = request.stop_price if isinstance(request, StopOrder | StopLimitOrder) else ZERO
        value_price = None if at is None else max(worst, at, stop)
    if isinstance(request, MarketOrder) and request.quote_size is not None:
        notional: Decimal | None = request.quote_size if at is not None else None
        # The most that changes hands: a buy at the touch, a sell at the worst price.
        price = at if request.side is BUY else worst
        if price is not None and price > 0:
            size = floor_to(ratio(request.quote_size, times(price, instrument.contract_size)), instrument.lot_size)
    elif size is None or value_price is None:
        notional = None
    else:
        notional = times(size, value_price)
        if instrument.contract_size is not ONE:
            notional = times(notional, instrument.contract_size)
    return Proposal(
        request=request,
        instrument=instrument,
        agent_id=agent_id,
        side=request.side,
        type=request.type,
        time_in_force=request.time_in_force,
        size=size,
        limit_price=limit,
        worst_price=worst,
        notional=notional,
        reduce_only=request.reduce_only,
        replaces_size=replaces_size,
        replaces_notional=replaces_notional,
        now_ns=now_ns,
        quote=quote,
        by_agent=by_agent,
    )


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


def reduces(proposal: Proposal, view: RiskView) -> bool:
    """Whether the order, filled whole with all others of its side, only makes the position smaller."""
    position = view.position_size(proposal.instrument.id)
    if proposal.size is None or position == 0 or (position > 0) == (proposal.side is BUY):
        return False
    waiting = minus(view.open_size(proposal.instrument.id, proposal.side), proposal.replaces_size)
    return plus(proposal.size, waiting) <= abs(position)
