"""Counting budgets and standings in a transaction that nobody else writes beside, alike on every database."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import reduce

from venuekit.errors import BudgetExceeded
from venuekit.journal.chain import Chain
from venuekit.model.money import ZERO, minus, plus
from venuekit.protocols.budget import MINUTE_NS, Claim, Settled, Standing, Take, day_of

#: How long an order's own take is kept, so that it can be given back; the day's sum stays.
_KEPT_DAYS = 8
_STANDS = (
    "SELECT (SELECT amount FROM spent WHERE budget = ? AND day = ?), "
    "(SELECT orders FROM spent WHERE budget = ? AND day = ?), "
    "(SELECT count(*) FROM (SELECT 1 FROM takes WHERE budget = ? AND time_ns > ? AND orders = 1 AND subject <> ? "
    "LIMIT ?) AS minute), "
    "(SELECT amount FROM takes WHERE subject = ? AND budget = ? AND day = ?)"
)
_TAKE = (
    "INSERT INTO takes (subject, budget, day, time_ns, orders, amount) VALUES (?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (subject, budget, day) DO UPDATE SET amount = excluded.amount"
)
_SPEND = (
    "INSERT INTO spent (budget, day, orders, amount) VALUES (?, ?, ?, ?) "
    "ON CONFLICT (budget, day) DO UPDATE SET orders = excluded.orders, amount = excluded.amount"
)
_FORGET = "DELETE FROM takes WHERE budget = ? AND day < ?"
_TAKEN = (
    "SELECT takes.budget, takes.day, takes.amount, spent.orders, spent.amount FROM takes "
    "JOIN spent ON spent.budget = takes.budget AND spent.day = takes.day "
    "WHERE takes.subject = ? ORDER BY takes.time_ns, takes.budget"
)
_KEEP = "UPDATE takes SET amount = ? WHERE subject = ? AND budget = ? AND day = ?"

_OTHERS = "SELECT value FROM standings WHERE name = ? AND desk <> ?"
_SAY = (
    "INSERT INTO standings (name, desk, time_ns, value, base, running) VALUES (?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (name, desk) DO UPDATE SET time_ns = excluded.time_ns, value = excluded.value, "
    "base = excluded.base, running = excluded.running"
)

#: What a reader asks: what every desk said; today's sum, and the orders of the last minute.
STANDINGS = "SELECT name, desk, time_ns, value, base, running FROM standings WHERE name = ? ORDER BY desk"
TODAY = "SELECT amount, orders FROM spent WHERE budget = ? AND day = ?"
LAST_MINUTE = "SELECT time_ns FROM takes WHERE budget = ? AND time_ns > ? AND orders = 1 ORDER BY time_ns DESC LIMIT ?"


def claim(chain: Chain, claims: Sequence[Claim]) -> None:
    """Count what is taken and given back, and keep what the desk says. Every take is of another budget.

    Raises:
        BudgetExceeded: one of them has less left; nothing is written then.
    """
    written = [row for one in claims if isinstance(one, Take) for row in _taken(chain, one)]
    written += [_said(chain, one) for one in claims if isinstance(one, Standing)]
    for sql, values in written:
        chain.execute(sql, values)
    for one in claims:
        if isinstance(one, Settled):
            _settle(chain, one)


def _taken(chain: Chain, take: Take) -> list[tuple[str, tuple[object, ...]]]:
    """What is to be written for a take that fits."""
    day, since = day_of(take.time_ns), take.time_ns - MINUTE_NS
    at = (take.budget, day)
    today, orders, minute, before = chain.execute(
        _STANDS,
        (*at, *at, take.budget, since, take.subject, take.max_orders_per_minute or 0, take.subject, *at),
    ).fetchone()
    fresh = today is None
    spent, own = ZERO if fresh else Decimal(today), ZERO if before is None else Decimal(before)
    new = take.amount if take.orders else plus(own, take.amount)
    total = plus(spent, minus(new, own))
    counted = (orders or 0) + (take.orders if before is None else 0)
    for limit, value, used, what in (
        (take.max_amount_per_day, total, spent, "amount_per_day"),
        (take.max_orders_per_day, counted, orders or 0, "orders_per_day"),
        (take.max_orders_per_minute, minute + take.orders, minute, "orders_per_minute"),
    ):
        if limit is not None and not value <= limit:
            raise BudgetExceeded(
                f"The budget {take.budget} has less left: {what} is {limit}, of which {used} is used.",
                details={"budget": take.budget, "what": what, "limit": str(limit), "used": str(used)},
            )
    rows: list[tuple[str, tuple[object, ...]]] = []
    if fresh:
        rows.append((_FORGET, (take.budget, day - _KEPT_DAYS)))
    rows.append((_TAKE, (take.subject, *at, take.time_ns, take.orders, str(new))))
    rows.append((_SPEND, (*at, counted, str(total))))
    return rows


def _said(chain: Chain, standing: Standing) -> tuple[str, tuple[object, ...]]:
    """What is to be written for a standing that is within its bound."""
    if standing.most is not None:
        parts = [standing.value]
        parts += [amount(value) for (value,) in chain.execute(_OTHERS, (standing.name, standing.desk)).fetchall()]
        total = None if None in parts else reduce(plus, (part for part in parts if part is not None), ZERO)
        if total is None or not total <= standing.most:
            raise BudgetExceeded(
                f"All desks together have {standing.name} of {'an unknown amount' if total is None else total}; "
                f"{standing.most} is the most.",
                details={"budget": standing.name, "what": "total", "limit": str(standing.most), "used": str(total)},
            )
    texts = [None if number is None else str(number) for number in (standing.value, standing.base)]
    return _SAY, (standing.name, standing.desk, standing.time_ns, *texts, int(standing.running))


def amount(text: str | None) -> Decimal | None:
    """An amount as it was stored."""
    return None if text is None else Decimal(text)


def _settle(chain: Chain, settled: Settled) -> None:
    """What is spent counts to whoever took first, as much as that was; what is more, to whoever took last."""
    rows, left = chain.execute(_TAKEN, (settled.subject,)).fetchall(), settled.amount
    for number, (budget, day, taken, orders, spent) in enumerate(rows, 1):
        took = Decimal(taken)
        keeps = left if number == len(rows) else min(took, left)
        left = minus(left, keeps)
        if keeps != took:
            chain.execute(_KEEP, (str(keeps), settled.subject, budget, day))
            chain.execute(_SPEND, (budget, day, orders, str(plus(Decimal(spent), minus(keeps, took)))))
