"""A budget is counted in the commit of what takes it, over all processes and restarts, and never overspent."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from venuekit.errors import BudgetExceeded
from venuekit.journal import open_store
from venuekit.protocols.budget import DAY_NS, MINUTE_NS, Settled, Spent, Standing, Take
from venuekit.protocols.journal import Entry, RowQuery, Store

pytestmark = pytest.mark.anyio
D = Decimal
NOON = 20_000 * DAY_NS + DAY_NS // 2
Make = Callable[..., Entry]


def take(subject: str, amount: str = "0", *, at: int = NOON, budget: str = "agent bot", **limits: Any) -> Take:
    return Take(budget=budget, subject=subject, time_ns=at, amount=D(amount), **limits)


async def test_what_is_taken_is_counted_with_the_rows_that_took_it(store: Store, entry: Make) -> None:
    assert store.spent("agent bot", NOON, newest=9) == Spent()
    assert list(await store.append([entry(1)], [take("a", "60.10")])) == [1]
    await store.append([entry(2)], [take("b", "0.0000000000000000000001", at=NOON + 5)])
    spent = store.spent("agent bot", NOON + 5, newest=9)
    assert spent == Spent(amount=D("60.1000000000000000000001"), orders=2, minute=(NOON, NOON + 5))
    assert store.spent("agent other", NOON, newest=9) == Spent()


async def test_more_than_is_left_writes_nothing_and_exactly_what_is_left_goes(store: Store, entry: Make) -> None:
    await store.append([entry(1)], [take("a", "60", max_amount_per_day=D(100))])
    with pytest.raises(BudgetExceeded) as refused:
        await store.append([entry(2)], [take("b", "40.01", max_amount_per_day=D(100))])
    assert refused.value.details == {
        "budget": "agent bot",
        "what": "amount_per_day",
        "limit": "100",
        "used": "60",
    }
    assert len(store.rows(RowQuery())) == 1
    assert store.spent("agent bot", NOON, newest=9).orders == 1
    assert list(await store.append([entry(3)], [take("c", "40", max_amount_per_day=D(100))])) == [2]
    assert store.spent("agent bot", NOON, newest=9).amount == 100


async def test_of_two_budgets_the_one_that_is_used_up_stops_both(store: Store, entry: Make) -> None:
    both = [take("a", "5"), take("a", budget="all", max_orders_per_minute=1)]
    await store.append([entry(1)], both)
    with pytest.raises(BudgetExceeded, match="all"):
        await store.append([entry(2)], [take("b", "5"), take("b", budget="all", max_orders_per_minute=1)])
    assert store.spent("agent bot", NOON, newest=9).amount == 5


async def test_orders_are_counted_by_day_and_in_any_sixty_seconds(store: Store, entry: Make) -> None:
    limits: dict[str, Any] = {"max_orders_per_minute": 2, "max_orders_per_day": 3}
    for number, at in enumerate((NOON, NOON + 1)):
        await store.append([entry(number)], [take(f"o{number}", at=at, **limits)])
    with pytest.raises(BudgetExceeded, match="orders_per_minute"):
        await store.append([entry(3)], [take("o3", at=NOON + MINUTE_NS - 1, **limits)])
    await store.append([entry(3)], [take("o3", at=NOON + MINUTE_NS, **limits)])
    with pytest.raises(BudgetExceeded, match="orders_per_day"):
        await store.append([entry(4)], [take("o4", at=NOON + 5 * MINUTE_NS, **limits)])
    await store.append([entry(5)], [take("o5", at=NOON + DAY_NS, **limits)])
    assert store.spent("agent bot", NOON + DAY_NS, newest=9) == Spent(orders=1, minute=(NOON + DAY_NS,))


async def test_a_clock_that_was_set_back_gives_nothing_back(store: Store, entry: Make) -> None:
    await store.append([entry(1)], [take("a", at=NOON + 30 * MINUTE_NS, max_orders_per_minute=1)])
    with pytest.raises(BudgetExceeded, match="orders_per_minute"):
        await store.append([entry(2)], [take("b", at=NOON, max_orders_per_minute=1)])


async def test_what_an_order_did_not_spend_is_given_back_once(store: Store, entry: Make) -> None:
    await store.append([entry(1)], [take("a", "60"), take("b", "40", budget="agent other")])
    for _ in range(2):
        await store.append([entry(2)], [Settled(subject="a", amount=D(15))])
        spent = store.spent("agent bot", NOON, newest=9)
        assert (spent.amount, spent.orders) == (D(15), 1)
    await store.append([entry(3)], [Settled(subject="a", amount=D(70)), Settled(subject="never", amount=D(1))])
    assert store.spent("agent bot", NOON, newest=9).amount == 70, "what a late fill cost counts, whatever was taken"
    assert store.spent("agent other", NOON, newest=9).amount == 40


async def test_what_is_added_to_an_order_counts_to_who_added_it_and_is_no_new_order(store: Store, entry: Make) -> None:
    await store.append([entry(1)], [take("a", "60")])
    await store.append([entry(2)], [take("a", "10", orders=0)])
    await store.append([entry(3)], [take("a", "30", orders=0, budget="agent other", at=NOON + 1)])
    with pytest.raises(BudgetExceeded):
        await store.append([entry(4)], [take("a", "31", orders=0, max_amount_per_day=D(100))])
    assert store.spent("agent bot", NOON, newest=9) == Spent(amount=D(70), orders=1, minute=(NOON,))
    assert store.spent("agent other", NOON, newest=9) == Spent(amount=D(30))
    await store.append([entry(5)], [Settled(subject="a", amount=D(85))])
    assert store.spent("agent bot", NOON, newest=9).amount == 70
    assert store.spent("agent other", NOON, newest=9).amount == 15


async def test_the_same_order_again_takes_no_second_time(store: Store, entry: Make) -> None:
    for _ in range(2):
        await store.append([entry(1)], [take("a", "60", max_amount_per_day=D(60), max_orders_per_minute=1)])
    assert store.spent("agent bot", NOON, newest=9) == Spent(amount=D(60), orders=1, minute=(NOON,))


async def test_a_budget_is_as_it_was_after_the_store_is_opened_again(url: str, entry: Make) -> None:
    first = open_store(url)
    await first.append([entry(1)], [take("a", "60")])
    await first.close()
    second = open_store(url)
    assert second.spent("agent bot", NOON).amount == 60
    with pytest.raises(BudgetExceeded):
        await second.append([entry(2)], [take("b", "41", max_amount_per_day=D(100))])
    await second.close()


@pytest.mark.parametrize("synchronous", ["NORMAL", "FULL"])
async def test_of_many_at_once_only_what_fits_goes_and_each_is_told_its_own(
    url: str, entry: Make, synchronous: str
) -> None:
    store = open_store(url, synchronous=synchronous)
    results = await asyncio.gather(
        *(store.append([entry(n)], [take(f"o{n}", "30", max_amount_per_day=D(100))]) for n in range(10)),
        store.append([entry(99)]),
        return_exceptions=True,
    )
    assert sum(isinstance(r, BudgetExceeded) for r in results) == 7
    numbers = [n for r in results if not isinstance(r, BaseException) for n in r]
    assert sorted(numbers) == [1, 2, 3, 4]
    assert not isinstance(results[-1], BaseException)
    assert store.spent("agent bot", NOON, newest=9).amount == 90
    assert store.verify().ok
    await store.close()


async def test_the_takes_of_long_ago_are_dropped_and_the_days_sums_stay(store: Store, entry: Make) -> None:
    await store.append([entry(1)], [take("old", "60")])
    await store.append([entry(2)], [take("new", "1", at=NOON + 30 * DAY_NS)])
    await store.append([entry(3)], [Settled(subject="old", amount=D(0))])
    assert store.spent("agent bot", NOON, newest=9).amount == 60


_SPENDER = """
import asyncio, sys
from decimal import Decimal
from venuekit.errors import BudgetExceeded
from venuekit.journal import open_store
from venuekit.protocols.budget import Take
from venuekit.protocols.journal import Entry, EntryKind

async def main(url, name, count, now):
    store = open_store(url)
    print("ready", flush=True)
    sys.stdin.readline()
    for n in range(count):
        subject = f"{name}-{n}"
        entry = Entry(kind=EntryKind.INTENT, desk=name, subject=subject, agent_id="bot", body={}, time_ns=now)
        take = Take(budget="agent bot", subject=subject, time_ns=now, amount=Decimal("0.7"), max_amount_per_day=Decimal(100))
        try:
            await store.append([entry], [take])
        except BudgetExceeded:
            print("refused", flush=True)
        else:
            print("took", flush=True)
    await store.close()

asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
"""


def spender(url: str, name: str, count: int) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", _SPENDER, url, name, str(count), str(NOON)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def start(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


async def test_two_processes_that_race_for_the_last_of_a_budget_cannot_both_spend_it(url: str) -> None:
    processes = [spender(url, name, 100) for name in ("north", "south")]
    for process in processes:
        start(process)
    said = [process.communicate()[0].splitlines() for process in processes]
    took = [lines.count("took") for lines in said]
    assert sum(took) == 142, "142 times 0.7 is 99.4, and not one more fits"
    assert sum(lines.count("refused") for lines in said) == 200 - 142
    store = open_store(url)
    assert store.spent("agent bot", NOON, newest=9).amount == D("99.4")
    assert len(store.rows(RowQuery(limit=1000))) == 142, "a row for every take, and no row without one"
    await store.close()


@pytest.mark.parametrize("after", [1, 17, 60])
async def test_a_process_that_is_killed_leaves_as_many_takes_as_rows(url: str, after: int) -> None:
    process = spender(url, "victim", 100_000)
    start(process)
    assert process.stdout is not None
    assert process.stdin is not None
    for _ in range(after):
        assert process.stdout.readline() == "took\n"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    store = open_store(url)
    rows = len(store.rows(RowQuery(limit=1000)))
    assert rows >= after
    assert store.spent("agent bot", NOON, newest=9).orders == rows
    assert store.spent("agent bot", NOON, newest=9).amount == rows * D("0.7")
    assert store.verify().ok
    await store.close()


def standing(desk: str, value: str | None, **changes: Any) -> Standing:
    fields: dict[str, Any] = {"name": "exposure", "desk": desk, "time_ns": NOON}
    return Standing(value=None if value is None else D(value), **{**fields, **changes})


async def test_a_desk_is_known_by_what_it_said_last(store: Store) -> None:
    await store.append([], [standing("a", "10", base=D("0.5")), standing("b", None, running=False)])
    await store.append([], [standing("a", "12", base=D("0.5"), time_ns=NOON + 1)])
    assert store.standings("exposure") == [
        standing("a", "12", base=D("0.5"), time_ns=NOON + 1),
        standing("b", None, running=False),
    ]
    assert store.standings("profit") == []
    assert store.rows(RowQuery()) == [], "what is said is no row of the journal"


async def test_the_sum_over_desks_is_bounded_in_the_commit(store: Store, entry: Make) -> None:
    await store.append([], [standing("a", "60")])
    await store.append([entry(1)], [standing("b", "40", most=D(100))])
    with pytest.raises(BudgetExceeded, match=r"All desks together have exposure of 100\.01; 100 is the most"):
        await store.append([entry(2)], [standing("a", "60.01", most=D(100))])
    assert [f.value for f in store.standings("exposure")] == [60, 40]
    await store.append([entry(2)], [standing("b", "30", most=D(100))])
    await store.append([entry(3)], [standing("a", "70", most=D(100))])


async def test_a_sum_with_an_unknown_part_is_beyond_any_bound(store: Store, entry: Make) -> None:
    await store.append([], [standing("a", None)])
    with pytest.raises(BudgetExceeded, match="unknown"):
        await store.append([entry(1)], [standing("b", "1", most=D(10**9))])
    await store.append([], [standing("a", "5")])
    with pytest.raises(BudgetExceeded, match="unknown"):
        await store.append([entry(1)], [standing("b", None, most=D(10**9))])
    await store.append([entry(1)], [standing("b", None)])
