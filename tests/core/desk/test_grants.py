"""An agent does what its table grants, on the desks, in the instruments and until the time that it names."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from desks import Bench, limit, rows

from venuekit.errors import ConfigError, ModeRefused, PermissionRefused, RiskRefused, VenuekitError
from venuekit.model.intent import MarketOrder, Side
from venuekit.model.order import OrderStatus
from venuekit.model.times import iso
from venuekit.protocols.approver import Caller, Mode, Operator, Role
from venuekit.protocols.journal import EntryKind
from venuekit.settings.agents import caller_of
from venuekit.settings.check import check
from venuekit.settings.schema import AgentSettings, ApprovalSettings, DeskConfig, DeskSettings

pytestmark = pytest.mark.anyio
D = Decimal
BOT = Caller(agent_id="bot", role=Role.TRADER)
OTHER = Caller(agent_id="other", role=Role.TRADER)


def granted(bench: Bench, **grant: Any) -> DeskConfig:
    return bench.config(agents={"bot": AgentSettings(**grant)})


async def test_an_order_in_what_was_not_granted_is_refused_and_the_preview_says_so_too(bench: Bench) -> None:
    async with bench.open(granted(bench, instruments=("BTC-*",))) as desk:
        assert (await desk.submit(limit(), caller=BOT)).status is OrderStatus.OPEN
        with pytest.raises(PermissionRefused, match="bot is not granted ETH-USD") as refused:
            await desk.submit(limit(instrument="ETH-USD"), caller=BOT)
        assert refused.value.details["would_pass"] == "BTC-*"
        preview = await desk.preview(limit(instrument="ETH-USD"), caller=BOT)
        assert [v.check for v in preview.verdicts if not v.allowed] == ["agent_instruments"]
        assert (await desk.submit(limit(instrument="ETH-USD"), caller=OTHER)).status is OrderStatus.OPEN
        assert [r.agent_id for r in rows(desk, EntryKind.DENIED)] == ["bot"]


async def test_an_instrument_is_granted_by_its_alias_as_well(bench: Bench) -> None:
    async with bench.open(granted(bench, instruments=("ETH-USD alias",))) as desk:
        assert (await desk.submit(limit(instrument="ETH-USD"), caller=BOT)).status is OrderStatus.OPEN
        with pytest.raises(PermissionRefused):
            await desk.submit(limit(), caller=BOT)


async def test_the_agents_own_largest_order_counts_beside_the_desks(bench: Bench) -> None:
    async with bench.open(granted(bench, max_order_notional=D(200))) as desk:
        await desk.submit(limit(size=D(2)), caller=BOT)
        with pytest.raises(RiskRefused, match="one order of bot may be worth 200") as refused:
            await desk.submit(limit(size=D(3)), caller=BOT)
        assert refused.value.details["check"] == "agent_order_notional"
        assert refused.value.details["would_pass"] == "size 2.04"
        assert (await desk.submit(limit(size=D(3)), caller=OTHER)).status is OrderStatus.OPEN


async def test_a_market_order_is_measured_at_its_worst_price_and_refused_without_one(bench: Bench) -> None:
    buy = MarketOrder(instrument="BTC-USD", side=Side.BUY, size=D(2))
    async with bench.open(granted(bench, max_order_notional=D(205))) as desk:
        with pytest.raises(RiskRefused, match="210"):
            await desk.submit(buy, caller=BOT)
    bench.venue.bid = bench.venue.ask = None
    async with bench.open(granted(bench, max_order_notional=D(10**9))) as desk:
        with pytest.raises(VenuekitError) as refused:
            await desk.submit(buy, caller=BOT)
        assert refused.value.code == "DATA_NOT_TRUSTED"
    assert bench.venue.sent() == []


async def test_an_amendment_is_measured_like_a_new_order(bench: Bench) -> None:
    async with bench.open(granted(bench, max_order_notional=D(200))) as desk:
        order = await desk.submit(limit(size=D(2)), caller=BOT)
        with pytest.raises(RiskRefused, match="200"):
            await desk.amend(order.id, size=D(3), caller=BOT)
        assert bench.venue.made("amend") == []


async def test_a_grant_that_has_ended_grants_nothing(bench: Bench) -> None:
    end = iso(bench.clock.now_ns() + 60 * 10**9)
    async with bench.open(granted(bench, expires=end)) as desk:
        order = await desk.submit(limit(), caller=BOT)
        await bench.clock.advance(60)
        for attempt in (
            lambda: desk.submit(limit(), caller=BOT),
            lambda: desk.cancel(order.id, caller=BOT),
            lambda: desk.cancel_all(caller=BOT),
            lambda: desk.amend(order.id, size=D(2), caller=BOT),
            lambda: desk.close_position("BTC-USD", caller=BOT),
        ):
            with pytest.raises(PermissionRefused, match=f"ended at {end}"):
                await attempt()
        preview = await desk.preview(limit(), caller=BOT)
        assert not preview.allowed
        assert "ended" in preview.reason
        assert (await desk.cancel(order.id, caller=OTHER)).status is OrderStatus.CANCELED


@pytest.mark.parametrize(
    ("venues", "may"),
    [
        ((), True),
        (("scripted",), True),
        (("scripted:default",), True),
        (("other", "script*"), True),
        (("paper",), False),
    ],
)
async def test_venues_are_named_with_or_without_the_account(bench: Bench, venues: tuple[str, ...], may: bool) -> None:
    async with bench.open(granted(bench, venues=venues)) as desk:
        if may:
            await desk.submit(limit(), caller=BOT)
        else:
            with pytest.raises(PermissionRefused, match="bot is not granted scripted:default"):
                await desk.submit(limit(), caller=BOT)


async def test_it_cancels_its_own_and_what_it_may_trade_but_no_protection_of_others(bench: Bench) -> None:
    async with bench.open(granted(bench, instruments=("BTC-*",))) as desk:
        own = await desk.submit(limit(), caller=BOT)
        same = await desk.submit(limit(), caller=OTHER)
        foreign = await desk.submit(limit(instrument="ETH-USD"), caller=OTHER)
        with pytest.raises(PermissionRefused, match="not its own"):
            await desk.cancel(foreign.id, caller=BOT)
        results = await desk.cancel_all(caller=BOT)
        assert {r.order.client_order_id for r in results} == {own.id, same.id}
        assert not any(r.error_code for r in results)
        assert (await desk.order(foreign.id)).status is OrderStatus.OPEN
        assert (await desk.order(same.id)).status is OrderStatus.CANCELED


async def test_an_approved_order_runs_all_checks_again_as_the_agent_that_asked(bench: Bench) -> None:
    end = iso(bench.clock.now_ns() + 60 * 10**9)
    config = bench.config(
        agents={"bot": AgentSettings(expires=end)}, approval=ApprovalSettings(require_above=D(50), expires_seconds=300)
    )
    async with bench.open(config) as desk:
        waiting = await desk.submit(limit(), caller=BOT)
        await bench.clock.advance(60)
        with pytest.raises(PermissionRefused, match="ended"):
            await desk.approve(str(waiting.approval_id), Operator(name="ann", source="test"))
        assert bench.venue.sent() == []
        assert (await desk.order(waiting.id)).status is OrderStatus.DENIED


async def test_an_approved_order_is_held_to_the_agents_mode(bench: Bench) -> None:
    first = bench.config(approval=ApprovalSettings(require_above=D(50)))
    async with bench.open(first) as desk:
        waiting = await desk.submit(limit(), caller=BOT)
    second = bench.config(
        approval=ApprovalSettings(require_above=D(50)), agents={"bot": AgentSettings(mode=Mode.READ_ONLY)}
    )
    async with bench.open(second) as desk:
        with pytest.raises(ModeRefused):
            await desk.approve(str(waiting.approval_id), Operator(name="ann", source="test"))
        assert bench.venue.sent() == []


async def test_the_default_table_is_for_everybody_who_has_none(bench: Bench) -> None:
    config = bench.config(agents={"bot": AgentSettings(), "default": AgentSettings(instruments=("ETH-*",))})
    async with bench.open(config) as desk:
        await desk.submit(limit(), caller=BOT)
        with pytest.raises(PermissionRefused, match="other is not granted BTC-USD"):
            await desk.submit(limit(), caller=OTHER)
        with pytest.raises(PermissionRefused, match="local is not granted BTC-USD"):
            await desk.submit(limit())


def test_a_table_never_gives_more_than_the_desks_role() -> None:
    config = DeskConfig(
        desk=DeskSettings(role=Role.ANALYST),
        agents={"high": AgentSettings(role=Role.ADMIN), "default": AgentSettings(role=Role.VIEWER, mode=Mode.SHADOW)},
    )
    assert caller_of(config, "high", "x").role is Role.ANALYST
    assert caller_of(config, "nobody", "x") == Caller(agent_id="nobody", role=Role.VIEWER, mode=Mode.SHADOW, source="x")
    assert caller_of(DeskConfig(), "nobody", "x").role is Role.TRADER


async def test_the_desks_own_caller_is_bound_by_its_table_too(bench: Bench) -> None:
    config = bench.config(desk={"agent_id": "bot"}, agents={"bot": AgentSettings(role=Role.VIEWER)})
    async with bench.open(config) as desk:
        with pytest.raises(PermissionRefused, match="viewer"):
            await desk.submit(limit())


@pytest.mark.parametrize(
    ("grant", "field"),
    [
        ({"expires": "tomorrow"}, "agents.bot.expires"),
        ({"expires": "2026-12-31T18:00:00"}, "agents.bot.expires"),
        ({"max_order_notional": D(-1)}, "agents.bot.max_order_notional"),
        ({"max_order_notional": D("NaN")}, "agents.bot.max_order_notional"),
    ],
)
def test_a_grant_that_cannot_be_meant_stops_the_start(grant: dict[str, Any], field: str) -> None:
    with pytest.raises(ConfigError) as wrong:
        check(DeskConfig(agents={"bot": AgentSettings(**grant)}))
    assert wrong.value.field == field
