"""What is taken of a budget is taken once, wherever the wire to PostgreSQL breaks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from decimal import Decimal

import pytest
from cut_wire import CLEAN_CUTS, Cut, Wire
from postgres_server import Server

from venuekit.errors import BudgetExceeded, JournalUnavailable
from venuekit.journal import open_store
from venuekit.protocols.budget import Settled, Take
from venuekit.protocols.journal import Entry, RowQuery, Store

pytest.importorskip("psycopg")
pytestmark = pytest.mark.anyio
D = Decimal
NOON = 1_790_000_000 * 10**9
Make = Callable[..., Entry]


@pytest.fixture
def wire(postgres: Server) -> Iterator[Wire]:
    with Wire(postgres.port) as made:
        yield made


@pytest.fixture
async def far(postgres: Server, wire: Wire) -> AsyncIterator[Store]:
    """A store over a wire that can be cut."""
    opened = open_store(postgres.url().replace(f":{postgres.port}/", f":{wire.port}/"))
    yield opened
    await opened.close()


def take(subject: str, amount: int = 60) -> Take:
    return Take(budget="agent bot", subject=subject, time_ns=NOON, amount=D(amount), max_amount_per_day=D(100))


def subjects(store: Store) -> list[str]:
    return [row.subject for row in store.rows(RowQuery(newest_first=False))]


@pytest.mark.parametrize("lost", CLEAN_CUTS)
@pytest.mark.parametrize("step", range(8))
async def test_a_take_that_is_cut_off_on_the_way_is_taken_once(
    far: Store, wire: Wire, entry: Make, lost: Cut, step: int
) -> None:
    await far.append([entry(1)], [take("a", 10)])
    wire.cut_next(lost, after=step)
    await far.append([entry(2)], [take("b"), Settled(subject="a", amount=D(5))])
    with pytest.raises(BudgetExceeded):
        await far.append([entry(3)], [take("c")])
    assert (far.spent("agent bot", NOON).amount, far.spent("agent bot", NOON).orders) == (D(65), 2)
    assert subjects(far) == ["s1", "s2"]
    assert far.verify().ok


@pytest.mark.parametrize("lost", CLEAN_CUTS)
@pytest.mark.parametrize("step", [0, 4, 6])
async def test_what_is_asked_for_again_after_an_unknown_outcome_is_written_and_taken_once(
    far: Store, wire: Wire, entry: Make, lost: Cut, step: int
) -> None:
    await far.append([entry(1)])
    wire.cut_next(lost, after=step, for_good=True)
    with pytest.raises(JournalUnavailable):
        await far.append([entry(2)], [take("b")])
    wire.mend()
    await far.append([entry(2)], [take("b")])
    assert (far.spent("agent bot", NOON).amount, far.spent("agent bot", NOON).orders) == (D(60), 1)
    assert subjects(far) == ["s1", "s2"]
    assert far.verify().ok
