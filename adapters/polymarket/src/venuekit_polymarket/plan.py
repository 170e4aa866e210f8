"""A request becomes exact amounts; what trades at once is measured on the book first, and goes no further."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal

from venuekit.adapter import (
    ONE,
    Instrument,
    InvalidSize,
    Level,
    LimitOrder,
    MarketOrder,
    NoLiquidity,
    OrderBook,
    OrderRequest,
    Side,
    TimeInForce,
    Unsupported,
    ceil_to,
    floor_to,
    is_multiple,
    minus,
    normal,
    plain,
    plus,
    times,
)
from venuekit_polymarket.amounts import CENT, Amounts, buying, check_price, check_step, resting, selling
from venuekit_polymarket.order_words import IMMEDIATE
from venuekit_polymarket.sweep import Sweep, for_money, for_shares, levels

Book = Callable[[str], Awaitable[OrderBook]]
#: What a BUY that trades at once must spend at least, in dollars (venue's documents, 2026-06).
LEAST_SPENT = Decimal(1)
#: How many hundredths of a share are tried for one whose money comes out even.
_MOST_TRIED = 10_000


async def amounts_of(request: OrderRequest, instrument: Instrument, book: Book, reach: Decimal) -> Amounts:
    """What `request` gives and gets. A market order goes at most `reach` beyond the best price.

    A BUY that trades at once spends an amount: the venue has no such order for shares. So the shares that are wanted
    are priced on the book, and what they cost there is spent: it never gets more of them than it asks for, unless the
    book gets better before the order is there.

    Raises:
        InvalidPrice, InvalidSize: with the nearest that would do. NoLiquidity: the book has nothing for it.
        Unsupported: the venue has no such order.
    """
    tick, side = instrument.tick_size, request.side
    if isinstance(request, LimitOrder):
        if request.time_in_force not in IMMEDIATE:
            return resting(side, request.price, request.size, tick)
        if side is Side.SELL:
            return selling(request.size, request.price, tick)
        check_price(request.price, tick)
        there = [v for v in levels(await book(instrument.id), side) if v.price <= request.price]
        return _bought(request.size, there, request.price, tick, whole=request.time_in_force is TimeInForce.FOK)
    assert isinstance(request, MarketOrder)
    all_or_nothing = request.time_in_force is TimeInForce.FOK
    there = _within(levels(await book(instrument.id), side), side, reach)
    if side is Side.SELL:
        if request.size is None:
            raise Unsupported(
                "Polymarket sells shares: a SELL has no quote_size.", fix="Give size, in shares.", field="quote_size"
            )
        sweep = _enough(for_shares(there, request.size), whole=all_or_nothing)
        return selling(request.size, _worst(sweep, side, tick), tick)
    if request.quote_size is not None:
        _check_spent(request.quote_size, "quote_size")
        sweep = _enough(for_money(there, request.quote_size), whole=all_or_nothing)
        return buying(request.quote_size, _worst(sweep, side, tick), tick)
    assert request.size is not None
    return _bought(request.size, there, None, tick, whole=all_or_nothing)


def _bought(size: Decimal, there: Sequence[Level], limit: Decimal | None, tick: Decimal, *, whole: bool) -> Amounts:
    check_step(size, "size")
    sweep = _enough(for_shares(there, size), whole=whole)
    spend = floor_to(sweep.money, CENT)
    if whole and spend != sweep.money:
        raise _uneven(size, there)
    _check_spent(spend, "size")
    # All or nothing: at a worse price than the book's the money would buy fewer shares than were asked for.
    return buying(spend, _worst(sweep, Side.BUY, tick) if whole or limit is None else limit, tick)


def _uneven(size: Decimal, there: Sequence[Level]) -> InvalidSize:
    found: list[str] = []
    for step in (-CENT, CENT):
        for count in range(1, _MOST_TRIED):
            other = plus(size, times(step, Decimal(count)))
            if other <= 0:
                break
            sweep = for_shares(there, other)
            if not sweep.whole:
                break
            if is_multiple(sweep.money, CENT):
                found.append(plain(normal(other)))
                break
    return InvalidSize(
        f"{plain(size)} shares cost a fraction of a cent on this book, and the venue spends whole cents: all of them "
        "cannot be bought at once.",
        fix=f"Nearest valid: {' or '.join(found)}." if found else "Use IOC, or a market order with quote_size.",
        field="size",
        details={"nearest": found},
    )


def _within(there: Sequence[Level], side: Side, reach: Decimal) -> list[Level]:
    if not there:
        return []
    best = there[0].price
    return [v for v in there if times(minus(v.price, best), Decimal(side.sign)) <= reach]


def _enough(sweep: Sweep, *, whole: bool) -> Sweep:
    if sweep.worst is None:
        raise NoLiquidity("Nobody trades at that price now.", fix="Use a limit order with GTC, or a worse price.")
    if whole and not sweep.whole:
        raise NoLiquidity(
            f"The book has {plain(floor_to(sweep.shares, CENT))} shares within the price, too few for all or nothing.",
            fix="Make it smaller, give it a worse price, or use IOC.",
        )
    return sweep


def _worst(sweep: Sweep, side: Side, tick: Decimal) -> Decimal:
    """The limit that reaches the last level: on the tick, although levels from before it became coarser are not."""
    assert sweep.worst is not None
    if side is Side.BUY:
        return min(ceil_to(sweep.worst, tick), minus(ONE, tick))
    return max(floor_to(sweep.worst, tick), tick)


def _check_spent(spend: Decimal, field: str) -> None:
    if spend < LEAST_SPENT:
        raise InvalidSize(
            f"The order would spend {plain(spend)} pUSD; one that trades at once spends 1 or more.",
            fix="Use a larger size, or a limit order that rests.",
            field=field,
            details={"min_notional": plain(LEAST_SPENT), "value": plain(spend)},
        )
