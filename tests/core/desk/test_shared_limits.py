"""Desks of one store share limits: each says what it is at, the sum is bounded, and a crashed desk goes on counting."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import attrs
import pytest
from desks import Bench, OtherVenue, at_other, limit, rows

from venuekit.desk.desk import Desk
from venuekit.desk.shared import STALE_NS, profit_now
from venuekit.errors import DataNotTrusted, RiskRefused
from venuekit.model.intent import MarketOrder, Side
from venuekit.model.order import OrderStatus
from venuekit.protocols.approver import Operator
from venuekit.protocols.budget import DAY_NS, Standing
from venuekit.protocols.journal import EntryKind
from venuekit.settings.schema import DeskConfig, RiskSettings

pytestmark = pytest.mark.anyio
D = Decimal
NOON = 20_000 * DAY_NS + DAY_NS // 2


def sharing(bench: Bench, **limits: Any) -> DeskConfig:
    return bench.config(risk=RiskSettings(**limits))


def left(desk: Desk, check: str) -> str:
    (row,) = [h for h in desk.risk_limits() if h.check == check]
    return row.left


@pytest.fixture(autouse=True)
def poor(bench: Bench, other: OtherVenue) -> None:
    """Nothing is held before a test begins."""
    bench.venue.cash = {"USD": D(1_000_000)}
    other.cash = {"USD": D(1_000_000)}


async def test_open_orders_of_all_desks_count_against_one_exposure(bench: Bench, other: OtherVenue) -> None:
    config = sharing(bench, shared_max_gross_exposure=D(300))
    async with bench.open(config) as one, bench.open(at_other(config)) as two:
        await one.submit(limit(size=D(2)))
        assert left(two, "shared_exposure") == "104"
        await two.submit(limit())
        preview = await one.preview(limit())
        with pytest.raises(RiskRefused, match="All desks of this store together could be exposed by 392; 300") as no:
            await one.submit(limit())
        assert [v.message for v in preview.verdicts if not v.allowed] == [no.value.message]
        assert no.value.details["would_pass"] == "an order worth 6"
        assert len(other.sent()) == 1


async def test_of_many_at_once_on_two_desks_no_more_go_than_fit(bench: Bench, other: OtherVenue) -> None:
    config = sharing(bench, shared_max_gross_exposure=D(500))
    async with bench.open(config) as one, bench.open(at_other(config)) as two:
        orders = [(one, two)[n % 2].submit(limit(size=D("1.001") + n * D("0.001"))) for n in range(10)]
        results = await asyncio.gather(*orders, return_exceptions=True)
        assert sum(not isinstance(r, BaseException) for r in results) == 5
        assert all(isinstance(r, RiskRefused) for r in results if isinstance(r, BaseException)), results
        assert len(bench.venue.sent()) + len(other.sent()) == 5


async def test_what_another_desk_takes_between_the_check_and_the_commit_is_refused(
    bench: Bench, other: OtherVenue, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = sharing(bench, shared_max_gross_exposure=D(150))
    async with bench.open(config) as desk, bench.open(at_other(config)) as rival:
        check = desk._screening.check

        async def outrun(*args: Any, **kwargs: Any) -> Any:
            passed = await check(*args, **kwargs)
            monkeypatch.setattr(desk._screening, "check", check)
            await rival.submit(limit())
            return passed

        monkeypatch.setattr(desk._screening, "check", outrun)
        with pytest.raises(RiskRefused, match="All desks of this store together could be exposed by 196; 150"):
            await desk.submit(limit(client_order_id="late"))
        assert bench.venue.sent() == []
        assert rows(desk, EntryKind.INTENT, subject="late") == []
        assert [r.subject for r in rows(desk, EntryKind.DENIED)] == ["late"]


async def test_an_amendment_counts_what_it_adds(bench: Bench, other: OtherVenue) -> None:
    config = sharing(bench, shared_max_gross_exposure=D(300))
    async with bench.open(config) as one, bench.open(at_other(config)) as two:
        await one.submit(limit())
        order = await two.submit(limit())
        with pytest.raises(RiskRefused, match="together"):
            await two.amend(order.id, size=D(3))
        assert other.made("amend") == []
        await two.amend(order.id, size=D(2))


async def test_what_reduces_still_goes(bench: Bench, other: OtherVenue) -> None:
    config = sharing(bench, shared_max_gross_exposure=D(250))
    async with bench.open(config) as one, bench.open(at_other(config)) as two:
        await one.submit(MarketOrder(instrument="BTC-USD", side=Side.BUY, size=D(2)))
        await bench.clock.settle()
        with pytest.raises(RiskRefused):
            await two.submit(limit())
        sell = await one.submit(limit(side=Side.SELL, size=D(2), price=D(100)))
        assert sell.status is OrderStatus.OPEN


async def test_a_desk_that_crashed_goes_on_counting_until_it_is_open_again(bench: Bench, other: OtherVenue) -> None:
    config = sharing(bench, shared_max_gross_exposure=D(300))
    async with bench.open(config) as one:
        order = await one.submit(limit(size=D(2)))
        crashed = bench.after_crash(config)
    bench.venue.set(bench.venue.orders[order.id].to(OrderStatus.CANCELED))
    async with bench.open(at_other(crashed)) as two:
        bench.clock.step(7 * 86_400)
        with pytest.raises(RiskRefused, match="together"):
            await two.submit(limit(size=D(2)))
        async with bench.open(crashed):
            await bench.clock.settle()
        assert (await two.submit(limit(size=D(2)))).status is OrderStatus.OPEN


async def test_an_order_that_was_canceled_is_free_for_the_others_within_a_second_or_so(
    bench: Bench, other: OtherVenue
) -> None:
    config = sharing(bench, shared_max_gross_exposure=D(300))
    async with bench.open(config) as one, bench.open(at_other(config)) as two:
        order = await one.submit(limit(size=D(3)))
        await one.cancel(order.id)
        await bench.clock.advance(1.5)
        assert left(two, "shared_exposure") == "300"


async def test_what_one_desk_does_not_know_of_itself_stops_the_others(
    bench: Bench, other: OtherVenue, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = sharing(bench, shared_max_gross_exposure=D(10**9))
    async with bench.open(config) as one, bench.open(at_other(config)) as two:
        monkeypatch.setattr(one._state.exposure, "gross_exposure", lambda: None)
        await bench.clock.advance(1.5)
        with pytest.raises(DataNotTrusted, match="exposure of all desks is not known"):
            await two.submit(limit())


async def test_the_loss_of_all_desks_is_one_loss(bench: Bench, other: OtherVenue) -> None:
    config = sharing(bench, shared_max_daily_loss=D(50))
    async with bench.open(config) as one, bench.open(at_other(config)) as two:
        for desk in (one, two):
            await desk.submit(MarketOrder(instrument="BTC-USD", side=Side.BUY, size=D(3)))
        await bench.clock.settle()
        for venue in (bench.venue, other):
            venue.bid, venue.ask = D(90), D(91)
        for desk in (one, two):
            await desk.reconcile()
        await bench.clock.advance(1.5)
        assert left(one, "shared_daily_loss") == left(two, "shared_daily_loss") == "0"
        for desk in (one, two):
            with pytest.raises(RiskRefused, match="All desks of this store lost 57 today; 50 is the most"):
                await desk.submit(limit(price=D(89)))


async def test_orders_of_all_desks_share_a_minute(bench: Bench, other: OtherVenue) -> None:
    config = sharing(bench, shared_max_orders_per_minute=3)
    async with bench.open(config) as one, bench.open(at_other(config)) as two:
        for desk in (one, two, one):
            await desk.submit(limit())
        assert left(two, "shared_order_rate") == "0"
        with pytest.raises(RiskRefused, match="All desks of this store sent 3 orders in the last minute; 3 may go"):
            await two.submit(limit())
        bench.clock.step(60)
        await two.submit(limit())


async def test_a_limit_that_is_set_while_desks_run_is_shared_from_then_on(bench: Bench) -> None:
    async with bench.open() as desk:
        await desk.submit(limit())
        await desk.limits.set(
            "shared_max_gross_exposure", "100", Operator(name="ann", source="cli"), reason="news", every_desk=True
        )
        with pytest.raises(RiskRefused, match="together could be exposed by 196; 100"):
            await desk.submit(limit())


async def test_a_desk_without_shared_limits_says_nothing(bench: Bench) -> None:
    async with bench.open() as desk:
        await desk.submit(limit())
        await bench.clock.advance(2)
        for name in ("gross exposure in USD", "profit in USD"):
            assert desk.store.standings(name) == []


@pytest.mark.parametrize(
    ("said", "later_ns", "counts"),
    [
        ("30", 0, "30"),
        ("30", STALE_NS, "30"),
        ("30", STALE_NS + 1, "0"),
        ("-30", STALE_NS + 1, "-30"),
        ("-30", DAY_NS, "-30"),
        (None, 0, None),
        (None, DAY_NS, None),
    ],
)
def test_who_was_not_heard_of_keeps_its_loss_and_not_its_profit(
    said: str | None, later_ns: int, counts: str | None
) -> None:
    standing = Standing(name="profit", desk="d", time_ns=NOON, value=None if said is None else D(said))
    assert profit_now(standing, NOON + later_ns) == (None if counts is None else D(counts))


def test_who_was_closed_keeps_what_the_day_came_to_until_it_ends() -> None:
    standing = Standing(name="profit", desk="d", time_ns=NOON, value=D(-30), running=False)
    assert profit_now(standing, NOON + 10 * STALE_NS) == -30
    assert profit_now(attrs.evolve(standing, value=D(30)), NOON + 10 * STALE_NS) == 30
    assert profit_now(standing, NOON + DAY_NS) == 0
