"""Who may have a venue's own tool act, and when; and which call is the same as another."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest
from desks import Bench, rows
from vault import Vault, with_vault

from venuekit import errors
from venuekit.desk.decisions import decide
from venuekit.desk.desk import Desk
from venuekit.model.action import Action, ActionStatus
from venuekit.protocols.approver import Caller, Mode, Operator, Role
from venuekit.protocols.journal import Approval, EntryKind
from venuekit.settings.schema import AgentSettings, ApprovalSettings, HoursWindow, OperatorSettings, RiskSettings

pytestmark = pytest.mark.anyio
D = Decimal
ANN = Operator(name="ann", source="cli")
TEN = {"amount": D(10)}
LIVE = Mode.LIVE


@pytest.fixture
def vault(bench: Bench) -> Vault:
    return with_vault(bench, "production")


async def approved(desk: Desk, action: Action, who: Operator = ANN) -> Action:
    assert action.approval_id is not None
    done = await desk.approve(action.approval_id, who)
    assert isinstance(done, Action)
    return done


async def test_mode_role_and_grants_are_asked_before_anything_else(bench: Bench, vault: Vault) -> None:
    agents = {
        "bounded": AgentSettings(role=Role.TRADER, instruments=("BTC-USD",)),
        "toolless": AgentSettings(role=Role.TRADER, tools=("place_order",)),
    }
    settings = bench.config(approval=ApprovalSettings(require_above=D(1000)), agents=agents)
    async with bench.open(settings, mode=Mode.READ_ONLY) as desk:
        with pytest.raises(errors.ModeRefused):
            await desk.act("lock", TEN)
    async with bench.open(settings, mode=LIVE) as desk:
        with pytest.raises(errors.PermissionRefused, match="Role viewer"):
            await desk.act("lock", TEN, caller=Caller(agent_id="someone", role=Role.VIEWER))
        with pytest.raises(errors.ModeRefused):
            await desk.act("lock", TEN, caller=Caller(agent_id="x", role=Role.TRADER, mode=Mode.SHADOW))
        with pytest.raises(errors.PermissionRefused, match="not granted lock"):
            await desk.act("lock", TEN, caller=Caller(agent_id="toolless", role=Role.TRADER))
        bounded = Caller(agent_id="bounded", role=Role.TRADER)
        with pytest.raises(errors.PermissionRefused, match="touches more than instruments"):
            await desk.act("lock", TEN, caller=bounded)
        vault.instruments = ("BTC-USD", "ETH-USD")
        with pytest.raises(errors.PermissionRefused, match="ETH-USD is none of them"):
            await desk.act("lock", TEN, caller=bounded)
        vault.instruments = ("BTC-USD",)
        assert (await desk.act("lock", TEN, caller=bounded)).status is ActionStatus.PENDING_APPROVAL
        assert vault.calls == []


async def test_what_was_taken_from_an_agent_meanwhile_counts_when_a_person_approves(bench: Bench, vault: Vault) -> None:
    approval, bot = ApprovalSettings(require_above=D(1000)), Caller(agent_id="bot", role=Role.TRADER, source="mcp-http")
    agents = {"bot": AgentSettings(role=Role.TRADER)}
    async with bench.open(bench.config(approval=approval, agents=agents), mode=LIVE) as desk:
        waits = await desk.act("lock", TEN, caller=bot)
    agents = {"bot": AgentSettings(role=Role.VIEWER)}
    async with bench.open(bench.config(approval=approval, agents=agents), mode=LIVE) as desk:
        with pytest.raises(errors.PermissionRefused):
            await approved(desk, waits)
        assert (await desk.action(waits.id)).status is ActionStatus.DENIED
        assert vault.calls == []


async def test_a_halt_stops_actions_and_reducing_lets_only_those_that_take_back(bench: Bench, vault: Vault) -> None:
    settings = bench.config(approval=ApprovalSettings(require_above=D(1000)))
    async with bench.open(settings, mode=LIVE) as desk:
        waits = await desk.act("lock", {"amount": D(1)})
        await desk.reduce_only(by="ann", reason="careful")
        with pytest.raises(errors.ReduceOnlyState):
            await desk.act("lock", TEN)
        vault.reduces = True
        assert (await desk.act("lock", TEN)).status is ActionStatus.PENDING_APPROVAL
        await desk.halt(by="ann", reason="enough")
        with pytest.raises(errors.Halted, match="enough"):
            await desk.act("lock", {"amount": D(3)})
        with pytest.raises(errors.Halted):
            await approved(desk, waits)
        assert (await desk.action(waits.id)).status is ActionStatus.DENIED
        assert vault.calls == []
        (denied, *_) = rows(desk, EntryKind.DENIED)
        assert denied.body["error"]["code"] == "TRADING_REDUCING"


async def test_quiet_hours_hold_for_actions_too(bench: Bench, vault: Vault) -> None:
    closed = HoursWindow(closed=True, name="maintenance")
    settings = bench.config(approval=ApprovalSettings(require_above=D(1000)), hours=(closed,))
    async with bench.open(settings, mode=LIVE) as desk:
        with pytest.raises(errors.MarketClosed, match="maintenance"):
            await desk.act("lock", TEN)
    only_eth = HoursWindow(closed=True, instruments=("ETH-USD",))
    async with bench.open(bench.config(approval=settings.approval, hours=(only_eth,)), mode=LIVE) as desk:
        assert (await desk.act("lock", TEN)).status is ActionStatus.PENDING_APPROVAL
        vault.instruments = ("ETH-USD",)
        with pytest.raises(errors.MarketClosed):
            await desk.act("lock", {"amount": D(3)})


async def test_an_agents_daily_budget_counts_what_its_actions_move(bench: Bench, vault: Vault) -> None:
    agents = {"bot": AgentSettings(role=Role.TRADER, max_notional_per_day=D(100))}
    approval = ApprovalSettings(require_above=D(1000), actions_without_approval=True)
    bot = Caller(agent_id="bot", role=Role.TRADER)
    async with bench.open(bench.config(approval=approval, agents=agents), mode=LIVE) as desk:
        assert (await desk.act("lock", {"amount": D(60)}, caller=bot)).status is ActionStatus.DONE
        with pytest.raises(errors.RiskRefused, match="40 USD of 100 left"):
            await desk.act("lock", {"amount": D(41)}, caller=bot)
        bench.venue.faults["lock"].append(errors.Rejected("no"))
        with pytest.raises(errors.Rejected):
            await desk.act("lock", {"amount": D(40)}, caller=bot)
        assert (await desk.act("lock", {"amount": D(39)}, caller=bot)).status is ActionStatus.DONE  # it was given back
        vault.worth = None
        with pytest.raises(errors.RiskRefused, match="not known"):
            await desk.act("lock", {"amount": D(1)}, caller=bot)
        vault.reduces = True
        assert (await desk.act("lock", {"amount": D(2)}, caller=bot)).status is ActionStatus.PENDING_APPROVAL


async def test_wrong_arguments_are_told_before_anybody_is_asked(bench: Bench, vault: Vault) -> None:
    settings = bench.config(approval=ApprovalSettings(require_above=D(1000)))
    async with bench.open(settings, mode=LIVE) as desk:
        for wrong in ({"amount": "ten"}, {"amount": D(1), "colour": "red"}, {}):
            with pytest.raises(errors.InvalidValue, match="cannot be read as those of lock"):
                await desk.act("lock", wrong)
        with pytest.raises(errors.InvalidValue):
            await desk.act("lock", {"amount": D(0)})
        with pytest.raises(errors.InvalidValue):
            await desk.act("lock", TEN, action_id="no spaces please")
        with pytest.raises(errors.Unsupported, match="has no tool"):
            await desk.act("unlock", TEN)
        with pytest.raises(errors.Unsupported, match="does not act"):
            await desk.act("look", TEN)
        with pytest.raises(errors.UnknownAction):
            await desk.action("nothing")
        bench.venue.faults["explain"].append(errors.Rejected("there is nothing to lock"))
        with pytest.raises(errors.Rejected):
            await desk.act("lock", TEN)
        bench.venue.faults["explain"].append(ZeroDivisionError("oops"))
        with pytest.raises(errors.InternalError):
            await desk.act("lock", TEN)
        assert await desk.approvals() == []
        assert await desk.actions() == []


async def test_an_id_stands_for_one_action_only(bench: Bench, vault: Vault) -> None:
    settings = bench.config(approval=ApprovalSettings(require_above=D(1000), actions_without_approval=True))
    async with bench.open(settings, mode=LIVE) as desk:
        done = await desk.act("lock", TEN, action_id="mine")
        assert await desk.act("lock", TEN, action_id="mine") == done
        with pytest.raises(errors.ActionIdReused, match="Lock 10 USD"):
            await desk.act("lock", {"amount": D(11)}, action_id="mine")
        with pytest.raises(errors.ActionIdReused):
            await desk.act("lock", TEN, action_id="mine", caller=Caller(agent_id="thief", role=Role.TRADER))
        twice = await asyncio.gather(*(desk.act("lock", {"amount": D(5)}, action_id="both") for _ in range(5)))
        assert len({a.id for a in twice}) == 1
        assert vault.total == D(15)


async def test_the_same_call_within_moments_is_refused_unless_it_says_that_it_is_another(
    bench: Bench, vault: Vault
) -> None:
    approval = ApprovalSettings(require_above=D(1000), actions_without_approval=True)
    settings = bench.config(approval=approval, risk=RiskSettings(duplicate_window_seconds=5))
    async with bench.open(settings, mode=LIVE) as desk:
        first = await desk.act("lock", TEN)
        with pytest.raises(errors.RiskRefused, match=f"as {first.id}"):
            await desk.act("lock", TEN)
        assert (await desk.act("lock", TEN, action_id="other")).status is ActionStatus.DONE
        await bench.clock.advance(6)
        assert (await desk.act("lock", TEN)).status is ActionStatus.DONE
        assert vault.total == D(30)


async def test_a_person_is_not_buried_under_questions(bench: Bench, vault: Vault) -> None:
    settings = bench.config(approval=ApprovalSettings(require_above=D(1000)))
    async with bench.open(settings, mode=LIVE) as desk:
        waits = [await desk.act("lock", {"amount": D(n)}) for n in range(1, 21)]
        with pytest.raises(errors.RiskRefused, match="20 actions of local wait"):
            await desk.act("lock", {"amount": D(21)})
        other = Caller(agent_id="other", role=Role.TRADER)
        assert (await desk.act("lock", {"amount": D(21)}, caller=other)).status is ActionStatus.PENDING_APPROVAL
        await desk.reject(waits[0].approval_id or "", ANN)
        assert (await desk.act("lock", {"amount": D(21)})).status is ActionStatus.PENDING_APPROVAL


async def test_more_people_than_approved_or_a_worth_that_is_lost_are_asked_about_anew(
    bench: Bench, vault: Vault
) -> None:
    operators = {name: OperatorSettings(token_sha256=digit * 64) for name, digit in (("ann", "a"), ("bob", "b"))}
    approval = ApprovalSettings(require_above=D(1), two_people_above=D("10.05"))
    async with bench.open(bench.config(approval=approval, operators=operators), mode=LIVE) as desk:
        waits = await desk.act("lock", TEN)
        one = await desk.approval(waits.approval_id or "")
        vault.worth = D("10.06")  # within the tolerance, and above the second threshold
        await approve_as_stored(desk, one)
        await bench.clock.advance(2)
        fresh = await desk.approval((await desk.approval(one.id)).replaced_by)
        assert (one.people, fresh.people, fresh.notional) == (1, 2, "10.06")
    async with bench.open(bench.config(approval=ApprovalSettings(require_above=D(1))), mode=LIVE) as desk:
        vault.worth = D(5)
        waits = await desk.act("lock", {"amount": D(3)})
        vault.worth = None
        with pytest.raises(errors.ApprovalRefused, match="its worth moved from 5 to unknown"):
            await approved(desk, waits)
        assert vault.calls == []


async def approve_as_stored(desk: Desk, approval: Approval) -> None:
    """As another process does that knows the operators' tokens."""
    await decide(desk.store, approval, ANN, proof="token", approve=True, note="", clock=desk.clock)
