"""What an order that trades at once would find on a book now: how much of it, for how much money, and how deep."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

import attrs

from venuekit.adapter import ZERO, Level, OrderBook, Side, minus, plus, ratio, times


@attrs.frozen(kw_only=True)
class Sweep:
    """`shares` for `money` in all, the last of them at `worst`; `whole` says whether all that was wanted is there."""

    shares: Decimal
    money: Decimal
    worst: Decimal | None
    whole: bool


def levels(book: OrderBook, side: Side) -> Sequence[Level]:
    """The levels that an order of `side` trades with, best first."""
    return book.asks if side is Side.BUY else book.bids


def for_shares(found: Iterable[Level], size: Decimal) -> Sweep:
    """Trade `size` shares."""
    shares = money = ZERO
    worst: Decimal | None = None
    for level in found:
        if shares >= size:
            break
        taken = min(level.size, minus(size, shares))
        shares, money, worst = plus(shares, taken), plus(money, times(taken, level.price)), level.price
    return Sweep(shares=shares, money=money, worst=worst, whole=shares >= size)


def for_money(found: Iterable[Level], spend: Decimal) -> Sweep:
    """Spend `spend`."""
    shares = money = ZERO
    worst: Decimal | None = None
    for level in found:
        if money >= spend:
            break
        paid = min(times(level.size, level.price), minus(spend, money))
        shares, money, worst = plus(shares, ratio(paid, level.price)), plus(money, paid), level.price
    return Sweep(shares=shares, money=money, worst=worst, whole=money >= spend)
