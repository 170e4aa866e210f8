"""Whatever is called, canceled and refused in whatever order: the budgets are kept, turns are fair, nobody is lost."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import attrs
from hypothesis import given, settings
from hypothesis import strategies as st

from venuekit.errors import RateLimited
from venuekit.model.rate import Rate
from venuekit.protocols.limiter import EndpointClass
from venuekit.runtime.pace import Pace
from venuekit.settings.schema import PaceSettings
from venuekit.testing.clock import SimulatedClock

ORDERS = EndpointClass.ORDERS
#: Far less than a call takes; times are floats in between.
_DUST_NS = 1_000


@st.composite
def rates(draw: st.DrawFn) -> Rate:
    calls = draw(st.integers(1, 20))
    return Rate(calls, draw(st.sampled_from([0.5, 1.0, 3.0, 10.0])), draw(st.integers(0, calls)))


@attrs.frozen
class Step:
    """After `gap` seconds: a call by `who`, which gives up after `gives_up`; or what the venue says."""

    gap: float
    who: str
    gives_up: float | None
    said: str
    own_rate: bool


STEPS = st.builds(
    Step,
    st.sampled_from([0.0, 0.0, 0.0, 0.05, 0.4, 2.0]),
    st.sampled_from(["a", "a", "a", "b", "c", ""]),
    st.sampled_from([None, None, None, 0.0, 0.3, 1.5]),
    st.sampled_from(["", "", "", "", "", "too many", "two left", "none left"]),
    st.booleans(),
)


class Run:
    """Calls on one lane in simulated time, with what came of each."""

    def __init__(self, limits: list[Rate], patience: float, own: Rate | None = None) -> None:
        self.clock = SimulatedClock()
        classes = {} if own is None else {"amend": [own]}
        self.pace = Pace(PaceSettings(orders=limits, patience_seconds=patience, classes=classes), self.clock)
        self.went: list[tuple[str, int, bool]] = []
        self.stopped: list[tuple[int, int]] = []
        self.ends: Counter[str] = Counter()
        self.tasks: list[asyncio.Task[None]] = []

    async def one(self, who: str, gives_up: float | None, own_rate: bool) -> None:
        call = "amend" if own_rate else "submit"
        calling = asyncio.ensure_future(self.pace.take(ORDERS, call=call, agent_id=who))
        patience = asyncio.ensure_future(self.clock.sleep(1e12 if gives_up is None else gives_up))
        try:
            await asyncio.wait((calling, patience), return_when=asyncio.FIRST_COMPLETED)
            calling.cancel()
            await calling
        except RateLimited as error:
            self.ends["refused" if error.retry_after > 0 else "refused without a time"] += 1
        except asyncio.CancelledError:
            self.ends["gone"] += 1
        else:
            self.ends["went"] += 1
            self.went.append((who, self.clock.monotonic_ns(), own_rate))
        finally:
            calling.cancel()
            patience.cancel()

    async def go(self, steps: list[Step]) -> None:
        for step in steps:
            await self.clock.advance(step.gap)
            if step.said == "too many":
                now = self.clock.monotonic_ns()
                self.pace.too_many(ORDERS, 0.7)
                self.stopped.append((now, now + 700_000_000))
            elif step.said:
                self.pace.door.quota(ORDERS, 2 if step.said == "two left" else 0, 0.5)
            self.tasks.append(asyncio.create_task(self.one(step.who, step.gives_up, step.own_rate)))
        await self.clock.settle()

    def all_kept(self, limits: list[Rate], times: list[int]) -> None:
        for rate in limits:
            window = int(rate.seconds * 1e9) - _DUST_NS
            for first, begin in enumerate(times):
                inside = sum(at < begin + window for at in times[first:])
                assert inside <= rate.calls, (rate, begin)


def run(work: Any) -> None:
    asyncio.run(work)


@settings(max_examples=120, deadline=None)
@given(st.lists(rates(), min_size=1, max_size=2), rates(), st.lists(STEPS, min_size=1, max_size=60))
def test_no_budget_is_exceeded_in_any_window_and_every_call_ends(
    limits: list[Rate], own: Rate, steps: list[Step]
) -> None:
    async def work() -> None:
        life = Run(limits, patience=1e9, own=own)
        await life.go(steps)
        for _ in range(2_000):
            if all(task.done() for task in life.tasks):
                break
            await life.clock.advance(5)
        assert all(task.done() for task in life.tasks), "a call waits for ever"
        await asyncio.gather(*life.tasks)
        await life.clock.settle()
        assert life.clock.sleeping == 0, "somebody is waited for who has gone"
        assert life.ends.total() == len(steps)
        assert not life.ends["refused without a time"]
        assert life.ends["went"] + sum(step.gives_up is not None for step in steps) >= len(steps)
        life.all_kept(limits, [at for _, at, _ in life.went])
        life.all_kept([own], [at for _, at, own_rate in life.went if own_rate])
        for begin, end in life.stopped:
            assert not [at for _, at, _ in life.went if begin < at < end], "a call went while the venue wanted none"

    run(work())


@settings(max_examples=80, deadline=None)
@given(rates(), st.lists(STEPS, min_size=1, max_size=60), st.sampled_from([0.1, 1.0, 5.0]))
def test_nobody_waits_beyond_their_patience(limit: Rate, steps: list[Step], patience: float) -> None:
    async def work() -> None:
        life = Run([limit], patience)
        await life.go([attrs.evolve(step, gap=0.0, who=step.who or "a", said="") for step in steps])
        await life.clock.advance(patience + 0.001)
        assert all(task.done() for task in life.tasks)
        await asyncio.gather(*life.tasks)

    run(work())


@settings(max_examples=80, deadline=None)
@given(rates(), st.lists(STEPS, min_size=1, max_size=80))
def test_between_two_calls_of_one_agent_every_other_has_at_most_one(limit: Rate, steps: list[Step]) -> None:
    async def work() -> None:
        life = Run([limit], patience=1e9)
        await life.go([attrs.evolve(step, gap=0.0, gives_up=None, said="", own_rate=False) for step in steps])
        at_once = len(life.went)
        while not all(task.done() for task in life.tasks):
            await life.clock.advance(100)
        served = [who for who, _, _ in life.went[at_once:]]
        own = [index for index, who in enumerate(served) if not who]
        assert own == list(range(len(own))), "an agent went before the desk"
        for agent in {*served}.difference({""}):
            places = [index for index, who in enumerate(served) if who == agent]
            for before, after in zip([len(own) - 1, *places], places, strict=False):
                between = Counter(served[before + 1 : after])
                assert all(count <= 1 for count in between.values()), served

    run(work())


@settings(max_examples=80, deadline=None)
@given(rates(), st.lists(STEPS, min_size=1, max_size=60))
def test_no_slot_is_left_free_while_a_call_waits_for_it(limit: Rate, steps: list[Step]) -> None:
    async def work() -> None:
        life = Run([limit], patience=1e9)
        for step in steps:
            await life.go([attrs.evolve(step, own_rate=False)])
            await life.clock.advance(0.000_001)
            (state,) = life.pace.states()
            assert not (state.waiting and state.left), state
        for task in life.tasks:
            task.cancel()
        await asyncio.wait(life.tasks)
        await life.clock.settle()
        assert life.clock.sleeping == 0

    run(work())


@settings(max_examples=50, deadline=None)
@given(rates(), st.integers(1, 60))
def test_a_rate_is_nearly_used_up(limit: Rate, calls: int) -> None:
    async def work() -> None:
        life = Run([attrs.evolve(limit, burst=1)], patience=1e9)
        await life.go([Step(0.0, "a", None, "", False)] * calls)
        await life.clock.advance(limit.seconds * (calls - 1) / limit.calls + 0.001)
        assert all(task.done() for task in life.tasks)
        await asyncio.gather(*life.tasks)

    run(work())
