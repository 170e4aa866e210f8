"""Budgets that outlive a process and are shared by all desks of a store: what takes of them, and what is spent."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import attrs

DAY_NS = 86_400_000_000_000
MINUTE_NS = 60_000_000_000


def day_of(time_ns: int) -> int:
    """The UTC day of a moment, counted from 1970: the day that budgets are for."""
    return time_ns // DAY_NS


@attrs.frozen(kw_only=True)
class Take:
    """What an order takes of one budget when it is sent, and how much may be taken then; None is not bounded.

    `subject` names the order in the whole store. `orders` is 1 for a new order, and 0 for what is added to one:
    that adds to `amount`, where a new order with the same subject replaces what it took.
    """

    budget: str
    subject: str
    time_ns: int
    amount: Decimal
    orders: int = 1
    max_amount_per_day: Decimal | None = None
    max_orders_per_day: int | None = None
    max_orders_per_minute: int | None = None


@attrs.frozen(kw_only=True)
class Settled:
    """An order is over, and `amount` of what it took is spent; the rest is given back. Once or twice is the same."""

    subject: str
    amount: Decimal


@attrs.frozen(kw_only=True)
class Standing:
    """What a desk last said of itself to the other desks of the store; None where it does not know.

    `most` bounds the sum over all desks, this one as it says now; an unknown part of that sum is beyond any bound.
    `base` is what a day's profit is measured from. `running` ends when the desk is closed, and not when it crashes.
    """

    name: str
    desk: str
    time_ns: int
    value: Decimal | None
    base: Decimal | None = None
    running: bool = True
    most: Decimal | None = None


Claim = Take | Settled | Standing


@attrs.frozen(kw_only=True)
class Spent:
    """What is used of one budget on this UTC day, and when the newest orders of the last minute went, oldest first."""

    amount: Decimal = Decimal(0)
    orders: int = 0
    minute: Sequence[int] = ()
