"""Work begun in its caller's task: no task when it never waits, and never torn when it does."""

from __future__ import annotations

import asyncio
import itertools
from decimal import Decimal

import pytest
from desks import Bench, limit

from venuekit.desk.begun import Done, begin

pytestmark = pytest.mark.anyio
D = Decimal


async def test_work_that_never_waits_is_done_before_the_loop_turns() -> None:
    async def work() -> int:
        return 7

    done = begin(work(), here=True)
    assert isinstance(done, Done)
    assert done.value == 7


async def test_what_it_raises_before_it_waits_is_raised_at_once() -> None:
    async def work() -> int:
        raise LookupError("no")

    with pytest.raises(LookupError, match="no"):
        begin(work(), here=True)


@pytest.mark.parametrize("here", [True, False])
async def test_work_that_waits_goes_on_when_its_caller_gives_up(here: bool) -> None:
    gate: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    seen: list[int] = []

    async def work() -> int:
        seen.append(await gate)
        await asyncio.sleep(0)
        return seen[0] + 1

    task = begin(work(), here=here)
    assert isinstance(task, asyncio.Task)
    caller = asyncio.ensure_future(_wait(task))
    await asyncio.sleep(0)
    caller.cancel()
    gate.set_result(4)
    assert await task == 5
    assert caller.cancelled()


async def _wait(task: asyncio.Task[int]) -> int:
    return await asyncio.shield(task)


@pytest.mark.parametrize("turns", [0, 1, 2])
async def test_a_cancellation_is_heard_where_the_work_waits_however_early_it_comes(turns: int) -> None:
    heard: list[str] = []

    async def work() -> None:
        try:
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            heard.append("stopped")
            raise

    task = begin(work(), here=True)
    assert isinstance(task, asyncio.Task)
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert heard == ["stopped"]


async def test_an_error_of_what_it_waits_for_reaches_it() -> None:
    gate: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def work() -> str:
        try:
            await gate
        except LookupError as error:
            return f"caught {error}"
        return "nothing"

    task = begin(work(), here=True)
    assert isinstance(task, asyncio.Task)
    gate.set_exception(LookupError("late"))
    assert await task == "caught late"


async def test_orders_one_after_the_other_leave_the_event_loop_its_turns(bench: Bench) -> None:
    bench.venue.embedded = True
    turns: list[int] = []

    async def beside() -> None:
        while True:
            turns.append(len(bench.venue.sent()))
            await asyncio.sleep(0)

    async with bench.open() as desk:
        other = asyncio.ensure_future(beside())
        for n in range(64):
            await desk.submit(limit(price=D(90) + D(n) / 10))
        other.cancel()
    longest = max(after - before for before, after in itertools.pairwise(turns))
    assert 1 < longest <= 16
