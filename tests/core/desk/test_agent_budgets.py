"""What an agent may spend in a day is counted once, over desks and restarts, and what it did not spend comes back."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import attrs
import pytest
from desks import Bench, Gate, OtherVenue, at_other, limit, rows

from venuekit.desk.desk import Desk
from venuekit.errors import DataNotTrusted, Refused, Rejected, RiskRefused
from venuekit.model.intent import MarketOrder, Side
from venuekit.model.order import OrderStatus
from venuekit.protocols.approver import Caller, Operator, Role
from venuekit.protocols.journal import EntryKind
from venuekit.settings.schema import AgentSettings, ApprovalSettings, DeskConfig

pytestmark = pytest.mark.anyio
D = Decimal
BOT = Caller(agent_id="bot", role=Role.TRADER)
OTHER = Caller(agent_id="other", role=Role.TRADER)


def budgeted(bench: Bench, **grant: Any) -> DeskConfig:
    return bench.config(agents={"bot": AgentSettings(**grant)})


def left(desk: Desk, check: str, caller: Caller = BOT) -> str:
    (row,) = [h for h in desk.risk_limits(caller=caller) if h.check == check]
    return row.left


def left_today(desk: Desk, caller: Caller = BOT) -> str:
    return left(desk, "agent_notional_per_day", caller)


async def test_a_days_notional_is_spent_by_open_orders_and_says_what_is_left(bench: Bench) -> None:
    async with bench.open(budgeted(bench, max_notional_per_day=D(250))) as desk:
        await desk.submit(limit(), caller=BOT)
        await desk.submit(limit(), caller=BOT)
        assert left_today(desk) == "54"
        preview = await desk.preview(limit(), caller=BOT)
        with pytest.raises(RiskRefused, match=r"bot has 54 USD of 250 left to spend today; this takes up to 98") as no:
            await desk.submit(limit(), caller=BOT)
        assert [v.message for v in preview.verdicts if not v.allowed] == [no.value.message], "the same words"
        assert no.value.details["check"] == "agent_notional_per_day"
        tomorrow = "2026-"
        assert str(no.value.details["would_pass"]).startswith("size 0.551, an order that reduces, or any from ")
        assert tomorrow[:2] in str(no.value.details["would_pass"])
        assert (await desk.submit(limit(size=D("0.551")), caller=BOT)).status is OrderStatus.OPEN
        assert (await desk.submit(limit(size=D(100)), caller=OTHER)).status is OrderStatus.OPEN
        assert [h for h in desk.risk_limits(caller=OTHER) if h.check.startswith("agent")] == []


async def test_what_is_canceled_comes_back_and_what_was_traded_does_not(bench: Bench) -> None:
    async with bench.open(budgeted(bench, max_notional_per_day=D(250))) as desk:
        resting = await desk.submit(limit(size=D(2)), caller=BOT)
        bench.venue.fill(resting.id, D("0.5"), D(97))
        await bench.clock.settle()
        assert left_today(desk) == "54", "while it is open, all of it may still be spent"
        await desk.cancel(resting.id, caller=BOT)
        assert left_today(desk) == "201.5", "half a coin was bought at 97"


async def test_what_the_venue_refused_comes_back_but_was_an_order(bench: Bench) -> None:
    bench.venue.faults["submit"].append(Rejected("no"))
    async with bench.open(budgeted(bench, max_notional_per_day=D(100), max_orders_per_day=2)) as desk:
        with pytest.raises(Rejected):
            await desk.submit(limit(), caller=BOT)
        assert left_today(desk) == "100"
        assert left(desk, "agent_orders_per_day") == "1"
        await desk.submit(limit(), caller=BOT)
        with pytest.raises(RiskRefused, match="bot sent 2 orders today; it may send 2"):
            await desk.submit(limit(size=D("0.011")), caller=BOT)


async def test_a_refused_order_takes_nothing(bench: Bench) -> None:
    async with bench.open(budgeted(bench, max_notional_per_day=D(100), max_orders_per_day=5)) as desk:
        for _ in range(3):
            with pytest.raises(RiskRefused):
                await desk.submit(limit(size=D(2)), caller=BOT)
        assert left_today(desk) == "100"
        assert left(desk, "agent_orders_per_day") == "5"
        assert desk.refusals == {"agent_notional_per_day": 3}
        assert [r.agent_id for r in rows(desk, EntryKind.DENIED)] == ["bot"] * 3


async def test_orders_a_minute_free_one_by_one_and_the_refusal_says_when(bench: Bench) -> None:
    async with bench.open(budgeted(bench, max_orders_per_minute=2)) as desk:
        await desk.submit(limit(), caller=BOT)
        await bench.clock.advance(20)
        await desk.submit(limit(), caller=BOT)
        with pytest.raises(RiskRefused, match="bot sent 2 orders in the last minute; it may send 2") as refused:
            await desk.submit(limit(), caller=BOT)
        assert "from " in str(refused.value.details["would_pass"])
        await desk.submit(limit(), caller=OTHER)
        await bench.clock.advance(40)
        await desk.submit(limit(), caller=BOT)
        with pytest.raises(RiskRefused):
            await desk.submit(limit(), caller=BOT)


async def test_the_day_goes_on_after_a_crash_and_ends_at_midnight(bench: Bench) -> None:
    config = budgeted(bench, max_notional_per_day=D(250), max_orders_per_day=3)
    async with bench.open(config) as desk:
        await desk.submit(limit(size=D(2)), caller=BOT)
        crashed = bench.after_crash(config)
    async with bench.open(crashed) as desk:
        assert (left_today(desk), left(desk, "agent_orders_per_day")) == ("54", "2")
        with pytest.raises(RiskRefused):
            await desk.submit(limit(), caller=BOT)
        bench.clock.step(86_400)
        assert (left_today(desk), left(desk, "agent_orders_per_day")) == ("250", "3")
        await desk.submit(limit(), caller=BOT)


async def test_an_order_that_a_crash_cut_off_stays_taken_until_its_fate_is_known(bench: Bench) -> None:
    config = budgeted(bench, max_notional_per_day=D(100))
    gate = Gate()
    async with bench.open(config) as desk:
        bench.venue.faults["submit"].append(gate)
        sending = asyncio.create_task(desk.submit(limit(), caller=BOT))
        await bench.clock.settle()
        crashed = bench.after_crash(config)
        gate.open()
        await sending
    bench.venue.orders.clear()
    async with bench.open(crashed) as desk:
        assert left_today(desk) == "2"
        await bench.clock.advance(config.reconcile.in_doubt_patience_seconds + 120)
        assert left_today(desk) == "100", "it never was at the venue"


async def test_many_at_once_on_two_desks_spend_no_more_than_there_is(bench: Bench, other: OtherVenue) -> None:
    config = budgeted(bench, max_notional_per_day=D(300))
    async with bench.open(config) as one, bench.open(at_other(config)) as two:
        orders = [(one, two)[n % 2].submit(limit(size=D("1.001") + n * D("0.001")), caller=BOT) for n in range(8)]
        results = await asyncio.gather(*orders, return_exceptions=True)
        went = [r for r in results if not isinstance(r, BaseException)]
        assert len(went) == 3
        refused = [r for r in results if isinstance(r, BaseException)]
        assert all(isinstance(r, RiskRefused) and r.code == "RISK_REFUSED" for r in refused), refused
        assert len(bench.venue.sent()) + len(other.sent()) == 3
        assert left_today(one) == left_today(two)


async def test_what_is_taken_between_the_check_and_the_commit_is_refused_and_recorded(
    bench: Bench, other: OtherVenue, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = budgeted(bench, max_notional_per_day=D(100))
    async with bench.open(config) as desk, bench.open(at_other(config)) as rival:
        check = desk._screening.check

        async def outrun(*args: Any, **kwargs: Any) -> Any:
            passed = await check(*args, **kwargs)
            monkeypatch.setattr(desk._screening, "check", check)
            await rival.submit(limit(client_order_id="rival"), caller=BOT)
            return passed

        monkeypatch.setattr(desk._screening, "check", outrun)
        with pytest.raises(RiskRefused, match="bot has 2 USD of 100 left") as refused:
            await desk.submit(limit(client_order_id="late"), caller=BOT)
        assert refused.value.details["check"] == "agent_notional_per_day"
        assert [o.client_order_id for o in other.sent()] == ["rival"]
        assert bench.venue.sent() == []
        assert [r.subject for r in rows(desk, EntryKind.DENIED)] == ["late"]
        assert rows(desk, EntryKind.INTENT, subject="late") == []
        assert desk.risk_state().open_orders == 0, "it counts against no limit"


async def test_an_amendment_takes_what_it_adds(bench: Bench) -> None:
    async with bench.open(budgeted(bench, max_notional_per_day=D(250), max_orders_per_day=1)) as desk:
        order = await desk.submit(limit(), caller=BOT)
        await desk.amend(order.id, size=D(2), caller=BOT)
        assert left_today(desk) == "54"
        with pytest.raises(RiskRefused, match="54 USD of 250 left to spend today; this takes up to 98"):
            await desk.amend(order.id, size=D(3), caller=BOT)
        assert len(bench.venue.made("amend")) == 1
        await desk.amend(order.id, size=D(1), caller=BOT)
        assert left_today(desk) == "54", "until it is over, nothing is given back"
        await desk.cancel(order.id, caller=BOT)
        assert left_today(desk) == "250"


async def test_an_amendment_of_anothers_order_counts_to_who_amends(bench: Bench) -> None:
    config = bench.config(
        agents={"bot": AgentSettings(max_notional_per_day=D(250)), "other": AgentSettings(max_notional_per_day=D(100))}
    )
    async with bench.open(config) as desk:
        order = await desk.submit(limit(), caller=BOT)
        await desk.amend(order.id, size=D(2), caller=OTHER)
        assert (left_today(desk), left_today(desk, OTHER)) == ("152", "2")
        with pytest.raises(RiskRefused, match="other has 2 USD"):
            await desk.amend(order.id, size=D(3), caller=OTHER)


async def test_what_only_reduces_still_goes_and_is_counted(bench: Bench) -> None:
    async with bench.open(budgeted(bench, max_notional_per_day=D(210), max_orders_per_day=1)) as desk:
        await desk.submit(MarketOrder(instrument="BTC-PERP", side=Side.BUY, size=D(2)), caller=BOT)
        await bench.clock.settle()
        await desk.reconcile()
        with pytest.raises(RiskRefused):
            await desk.submit(limit(), caller=BOT)
        await desk.close_position("BTC-PERP", caller=BOT)
        assert [o.side for o in bench.venue.sent()] == [Side.BUY, Side.SELL]
        assert D(left_today(desk)) == 0
        assert left(desk, "agent_orders_per_day") == "0"


async def test_without_a_price_a_budget_refuses(bench: Bench) -> None:
    bench.venue.bid = bench.venue.ask = None
    buy = MarketOrder(instrument="BTC-USD", side=Side.BUY, size=D(1))
    config = attrs.evolve(budgeted(bench, max_notional_per_day=D(10**9)))
    config = attrs.evolve(config, risk=attrs.evolve(config.risk, price_collar=None, check_balance=False))
    async with bench.open(config) as desk:
        preview = await desk.preview(buy, caller=BOT)
        assert ("agent_notional_per_day", "DATA_NOT_TRUSTED") in {(v.check, v.code) for v in preview.verdicts}
        with pytest.raises(Refused):
            await desk.submit(buy, caller=BOT)


async def test_what_is_worth_something_in_another_currency_is_refused(bench: Bench) -> None:
    bench.venue.listed["ETH-USD"] = attrs.evolve(bench.venue.listed["ETH-USD"], quote="BTC")
    config = budgeted(bench, max_notional_per_day=D(10**9))
    config = attrs.evolve(config, risk=attrs.evolve(config.risk, check_balance=False))
    async with bench.open(config) as desk:
        with pytest.raises(DataNotTrusted, match="value in USD is not known"):
            await desk.submit(limit(instrument="ETH-USD"), caller=BOT)


async def test_an_order_that_waits_for_a_person_takes_when_it_is_sent(bench: Bench) -> None:
    config = attrs.evolve(
        budgeted(bench, max_notional_per_day=D(250)),
        approval=ApprovalSettings(require_above=D(150), expires_seconds=3000),
    )
    ann = Operator(name="ann", source="test")
    async with bench.open(config) as desk:
        first = await desk.submit(limit(size=D(2)), caller=BOT)
        second = await desk.submit(limit(size=D("1.9")), caller=BOT)
        assert left_today(desk) == "250"
        await desk.approve(str(first.approval_id), ann)
        assert left_today(desk) == "54"
        with pytest.raises(RiskRefused, match="bot has 54 USD"):
            await desk.approve(str(second.approval_id), ann)
        assert (await desk.order(second.id)).status is OrderStatus.DENIED
        assert len(bench.venue.sent()) == 1


async def test_callers_without_a_table_share_the_default_budget(bench: Bench) -> None:
    config = bench.config(agents={"default": AgentSettings(max_notional_per_day=D(100))})
    async with bench.open(config) as desk:
        await desk.submit(limit(), caller=OTHER)
        with pytest.raises(RiskRefused, match="somebody-new has 2 USD"):
            await desk.submit(limit(), caller=Caller(agent_id="somebody-new", role=Role.TRADER))
