"""A venue's own tool that changes something is asked about, recorded before it is sent, and done once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from decimal import Decimal
from typing import Any

import pytest
from desks import Bench, Gate, rows
from postgres_server import Server
from vault import Lock, Locked, Vault, with_vault

from venuekit import errors
from venuekit.desk.desk import Desk
from venuekit.model.action import Action, ActionStatus
from venuekit.protocols.approver import Mode, Operator
from venuekit.protocols.journal import ApprovalState, EntryKind
from venuekit.settings.schema import (
    ApprovalSettings,
    DeskConfig,
    OperatorSettings,
    StoreSettings,
)

pytestmark = pytest.mark.anyio
D = Decimal
ANN = Operator(name="ann", source="cli")
BOB = Operator(name="bob", source="cli")
TEN = {"amount": D(10)}
LIVE = Mode.LIVE
Opened = Callable[..., AbstractAsyncContextManager[Desk]]


@pytest.fixture
def vault(bench: Bench) -> Vault:
    return with_vault(bench, "production")


@pytest.fixture(params=["sqlite", "postgresql"])
def config(request: pytest.FixtureRequest, bench: Bench) -> Callable[..., DeskConfig]:
    """The configuration of a live desk, on each kind of store."""
    url = ""
    if request.param == "postgresql":
        server: Server = request.getfixturevalue("postgres")
        url = server.url()

    def made(**approval: Any) -> DeskConfig:
        tables: dict[str, Any] = approval.pop("tables", {})
        settings = ApprovalSettings(**{"require_above": D(1000), **approval})
        return bench.config(approval=settings, store=StoreSettings(url=url), **tables)

    return made


def story(desk: Desk, action_id: str) -> list[str]:
    return [row.body["status"] for row in rows(desk, EntryKind.ACTION, subject=action_id)]


async def approved(desk: Desk, action: Action, who: Operator = ANN) -> Action:
    assert action.approval_id is not None
    done = await desk.approve(action.approval_id, who)
    assert isinstance(done, Action)
    return done


async def test_in_live_mode_every_action_waits_for_a_person_and_is_done_once_when_one_approves(
    bench: Bench, vault: Vault, config: Callable[..., DeskConfig]
) -> None:
    async with bench.open(config(), mode=LIVE) as desk:
        waits = await desk.act("lock", TEN, reason="because")
        assert waits.status is ActionStatus.PENDING_APPROVAL
        assert vault.calls == []
        (approval,) = await desk.approvals()
        assert (approval.id, approval.tool, approval.order_id) == (waits.approval_id, "lock", waits.id)
        assert approval.summary == "Lock 10 USD for good, up to 10 USD"
        assert approval.order == {
            "tool": "lock",
            "arguments": {"amount": "10", "currency": "USD", "note": ""},
            "reason": "because",
        }
        done = await approved(desk, waits)
        assert (done.status, done.result) == (ActionStatus.DONE, {"total": "10"})
        assert [asked for asked, _ in vault.calls] == [Lock(amount=D(10))]
        assert story(desk, waits.id) == ["PENDING_APPROVAL", "SENDING", "DONE"]
        assert (await desk.approval(approval.id)).state is ApprovalState.USED
        with pytest.raises(errors.ApprovalRefused):
            await desk.approve(approval.id, BOB)
        assert len(vault.calls) == 1
        assert desk.store.verify().ok


async def test_the_approval_is_used_in_the_commit_that_makes_the_action_durable(
    bench: Bench, vault: Vault, config: Callable[..., DeskConfig]
) -> None:
    async with bench.open(config(), mode=LIVE) as desk:
        waits = await desk.act("lock", TEN)
        await approved(desk, waits)
        told = [
            (r.kind, r.body.get("state") or r.body["status"]) for r in rows(desk, EntryKind.APPROVAL, EntryKind.ACTION)
        ]
        used = told.index((EntryKind.APPROVAL, "USED"))
        assert told[used + 1] == (EntryKind.ACTION, "SENDING")


async def test_calling_again_gives_the_answer_of_what_was_approved_and_does_nothing_more(
    bench: Bench, vault: Vault, config: Callable[..., DeskConfig]
) -> None:
    async with bench.open(config(), mode=LIVE) as desk:
        waits = await desk.act("lock", TEN)
        assert await desk.act("lock", {"amount": D("10.00")}) == waits  # the same amount, written otherwise
        assert len(await desk.approvals()) == 1
        done = await approved(desk, waits)
        assert await desk.act("lock", TEN) == done
        assert await desk.call_extra("lock", TEN) == Locked(total=D(10))
        assert await desk.act("lock", TEN, action_id=waits.id) == done
        assert len(vault.calls) == 1
        another = await desk.act("lock", TEN, action_id="once-more")
        assert another.status is ActionStatus.PENDING_APPROVAL
        (asked,) = await desk.approvals((ApprovalState.PENDING,))
        assert f"the same was done 0 min ago, as {waits.id}" in asked.summary


async def test_after_an_hour_the_same_call_is_another_proposal(
    bench: Bench, vault: Vault, config: Callable[..., DeskConfig]
) -> None:
    settings = config()
    async with bench.open(settings, mode=LIVE) as desk:
        first = await approved(desk, await desk.act("lock", TEN))
    await bench.clock.advance(3_590)
    async with bench.open(settings, mode=LIVE) as desk:
        assert await desk.act("lock", TEN) == first
    await bench.clock.advance(20)
    async with bench.open(settings, mode=LIVE) as desk:
        again = await desk.act("lock", TEN)
        assert again.status is ActionStatus.PENDING_APPROVAL
        assert again.id != first.id


async def test_what_a_person_rejected_stays_rejected_for_the_same_call(
    bench: Bench, vault: Vault, config: Callable[..., DeskConfig]
) -> None:
    async with bench.open(config(), mode=LIVE) as desk:
        waits = await desk.act("lock", TEN, action_id="mine")
        assert waits.approval_id is not None
        await desk.reject(waits.approval_id, ANN, note="not today")
        denied = await desk.act("lock", TEN)
        assert (denied.id, denied.status, denied.status_code) == ("mine", ActionStatus.DENIED, "APPROVAL_REFUSED")
        assert denied.status_reason == "approval REJECTED by ann (cli): not today"
        assert await desk.act("lock", TEN, action_id="mine") == denied
        with pytest.raises(errors.ApprovalRefused, match="not today"):
            await desk.call_extra("lock", TEN)
        assert vault.calls == []


async def test_a_question_that_nobody_answers_expires_and_denies_the_action(
    bench: Bench, vault: Vault, config: Callable[..., DeskConfig]
) -> None:
    async with bench.open(config(expires_seconds=60), mode=LIVE) as desk:
        waits = await desk.act("lock", TEN)
        await bench.clock.advance(61)
        while (await desk.action(waits.id)).is_open:
            await bench.clock.advance(1)
        assert (await desk.action(waits.id)).status is ActionStatus.DENIED
        assert vault.calls == []


async def test_an_operator_elsewhere_decides_and_the_desk_does_it(
    bench: Bench, vault: Vault, config: Callable[..., DeskConfig]
) -> None:
    settings = config()
    async with bench.open(settings, mode=LIVE) as desk, bench.elsewhere(settings) as there:
        yes, no = await desk.act("lock", TEN), await desk.act("lock", {"amount": D(20)})
        await there.approve(yes.approval_id or "", by="ann")
        await there.reject(no.approval_id or "", by="ann")
        while (await desk.action(yes.id)).is_open or (await desk.action(no.id)).is_open:
            await bench.clock.advance(1)
        assert (await desk.action(yes.id)).status is ActionStatus.DONE
        assert (await desk.action(no.id)).status is ActionStatus.DENIED
        assert vault.total == D(10)


async def test_above_the_second_threshold_and_where_the_worth_is_unknown_two_people_decide(
    bench: Bench, vault: Vault, config: Callable[..., DeskConfig]
) -> None:
    operators = {name: OperatorSettings(token_sha256=digit * 64) for name, digit in (("ann", "a"), ("bob", "b"))}
    settings = config(two_people_above=D(5000), tables={"operators": operators})
    async with bench.open(settings, mode=LIVE) as desk:
        for worth, people in ((D(5000), 1), (D("5000.01"), 2), (None, 2), (D("NaN"), 2), (D(-3), 2)):
            vault.worth = worth
            waits = await desk.act("lock", TEN, action_id=f"w{worth}")
            assert (await desk.approval(waits.approval_id or "")).people == people, worth
        vault.worth = D(1)
        strange = await desk.act("lock", {"amount": D(1), "currency": "DOGE"})
        assert (await desk.approval(strange.approval_id or "")).notional == ""


async def test_what_is_worth_another_currency_is_weighed_at_the_market(
    bench: Bench, vault: Vault, config: Callable[..., DeskConfig]
) -> None:
    async with bench.open(config(), mode=LIVE) as desk:
        await desk.venue.instrument("BTC-USD")
        waits = await desk.act("lock", {"amount": D(2), "currency": "BTC"})
        assert (await desk.approval(waits.approval_id or "")).notional == "199"
        bench.venue.bid = bench.venue.ask = None
        bench.venue.faults["tickers"] += [errors.VenueDown("down")] * 5
        await bench.clock.advance(60)
        unknown = await desk.act("lock", {"amount": D(3), "currency": "BTC"})
        assert (await desk.approval(unknown.approval_id or "")).notional == ""


async def test_without_the_rule_for_every_action_only_the_thresholds_ask(
    bench: Bench, vault: Vault, config: Callable[..., DeskConfig]
) -> None:
    async with bench.open(config(actions_without_approval=True), mode=LIVE) as desk:
        assert (await desk.act("lock", TEN)).status is ActionStatus.DONE
        above = await desk.act("lock", {"amount": D("1000.1")})
        assert above.status is ActionStatus.PENDING_APPROVAL
        vault.worth = None
        assert (await desk.act("lock", {"amount": D(2)})).status is ActionStatus.PENDING_APPROVAL
        assert (await desk.act("lock_blindly", {"amount": D(2)})).status is ActionStatus.PENDING_APPROVAL


async def test_what_would_be_done_otherwise_after_the_approval_is_asked_about_anew(
    bench: Bench, vault: Vault, config: Callable[..., DeskConfig]
) -> None:
    async with bench.open(config(), mode=LIVE) as desk:
        waits = await desk.act("lock", TEN)
        vault.label = "for a year"
        with pytest.raises(errors.ApprovalRefused) as refused:
            await approved(desk, waits)
        fresh = await desk.approval(str(refused.value.details["replaced_by"]))
        assert fresh.summary == "Lock 10 USD for a year, up to 10 USD"
        now = await desk.action(waits.id)
        assert (now.status, now.approval_id) == (ActionStatus.PENDING_APPROVAL, fresh.id)
        vault.worth = D(10.05).quantize(D("0.01"))
        done = await desk.approve(fresh.id, ANN)  # within the tolerance of one per cent
        assert done.status is ActionStatus.DONE
        assert len(vault.calls) == 1


async def test_what_is_worth_more_than_the_tolerance_by_then_is_asked_about_anew_only_so_often(
    bench: Bench, vault: Vault, config: Callable[..., DeskConfig]
) -> None:
    async with bench.open(config(max_renewals=1), mode=LIVE) as desk:
        waits = await desk.act("lock", TEN)
        for worth in (D(11), D(12)):
            vault.worth = worth
            with pytest.raises(errors.ApprovalRefused):
                await approved(desk, await desk.action(waits.id))
        assert (await desk.action(waits.id)).status is ActionStatus.DENIED
        assert await desk.approvals((ApprovalState.PENDING, ApprovalState.APPROVED)) == []
        assert vault.calls == []


async def test_an_altered_call_does_not_match_its_approval(
    bench: Bench, vault: Vault, config: Callable[..., DeskConfig]
) -> None:
    import attrs

    async with bench.open(config(), mode=LIVE) as desk:
        waits = await desk.act("lock", TEN)
        pending = await desk.approval(waits.approval_id or "")
        forged = attrs.evolve(pending, order={**pending.order, "arguments": {"amount": "9999", "currency": "USD"}})
        assert await desk.store.move_approval(pending, forged, [])
        with pytest.raises(errors.ApprovalRefused, match="does not match its call"):
            await approved(desk, waits)
        assert vault.calls == []


async def test_equal_calls_at_the_same_moment_are_one_question(
    bench: Bench, vault: Vault, config: Callable[..., DeskConfig]
) -> None:
    async with bench.open(config(), mode=LIVE) as desk:
        gate = Gate()
        bench.venue.faults["explain"].append(gate)
        calls = [asyncio.ensure_future(desk.act("lock", TEN)) for _ in range(5)]
        await bench.clock.settle()
        gate.open()
        waits = await asyncio.gather(*calls)
        assert len({action.id for action in waits}) == 1
        assert len(await desk.approvals()) == 1


async def test_what_is_held_after_an_action_is_as_the_venue_says(bench: Bench, vault: Vault) -> None:
    settings = bench.config(approval=ApprovalSettings(require_above=D(1000), actions_without_approval=True))
    async with bench.open(settings, mode=LIVE) as desk:

        async def pay() -> None:
            bench.venue.cash["USD"] -= 10

        bench.venue.faults["lock"].append(pay)
        await desk.act("lock", TEN)
        assert desk._parts.state.exposure.total("USD") == 999_990
        bench.venue.faults["balances"].append(ZeroDivisionError("oops"))
        assert (await desk.act("lock", {"amount": D(1)})).status is ActionStatus.DONE  # it was done all the same


# -- what goes on paper


async def test_on_paper_only_the_thresholds_ask_and_what_moves_the_simulation_asks_nobody(bench: Bench) -> None:
    vault = with_vault(bench)
    async with bench.open(bench.config(approval=ApprovalSettings(require_above=D(15)))) as desk:
        assert (await desk.act("lock", TEN)).status is ActionStatus.DONE
        assert (await desk.act("lock", {"amount": D(16)})).status is ActionStatus.PENDING_APPROVAL
        assert await desk.call_extra("pretend", {"amount": D(1_000_000)}) == Locked(total=D(10))
        assert await desk.call_extra("look", TEN) == Locked(total=D(10))
        assert [r.subject for r in rows(desk, EntryKind.CALL)] == ["pretend"]
    assert vault.total == D(10)


async def test_in_live_mode_on_paper_the_thresholds_ask_and_nothing_else(bench: Bench) -> None:
    vault = with_vault(bench)
    async with bench.open(bench.config(approval=ApprovalSettings(require_above=D(15))), mode=LIVE) as desk:
        assert (await desk.act("lock", TEN)).status is ActionStatus.DONE
    assert vault.total == D(10)


async def test_a_tool_that_says_it_only_simulates_is_not_believed_at_a_real_venue(bench: Bench, vault: Vault) -> None:
    settings = bench.config(approval=ApprovalSettings(require_above=D(1000)))
    async with bench.open(settings, mode=LIVE) as desk:
        with pytest.raises(errors.ApprovalPending) as waits:
            await desk.call_extra("pretend", TEN)
        assert waits.value.details["approval_id"] == (await desk.approvals())[0].id


# -- what the venue says


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.Rejected("the vault is full"), ActionStatus.REJECTED),
        (errors.InvalidValue("too much", field="amount"), ActionStatus.REJECTED),
        (errors.VenueDown("the vault is closed"), ActionStatus.DENIED),
        (errors.PermissionRefused("no key"), ActionStatus.DENIED),
    ],
)
async def test_a_clear_no_is_recorded_as_that(
    bench: Bench, vault: Vault, error: errors.VenuekitError, status: ActionStatus
) -> None:
    settings = bench.config(approval=ApprovalSettings(require_above=D(1000), actions_without_approval=True))
    async with bench.open(settings, mode=LIVE) as desk:
        bench.venue.faults["lock"].append(error)
        with pytest.raises(type(error)) as told:
            await desk.act("lock", TEN, action_id="mine")
        assert told.value.details["action_id"] == "mine"
        action = await desk.action("mine")
        assert (action.status, action.status_reason) == (status, error.message)
        again = await_done = None
        if status is ActionStatus.DENIED:  # nothing was sent, so the same id may try again
            again = await desk.act("lock", TEN, action_id="mine")
            await_done = again.status
        assert (await_done is ActionStatus.DONE) is (status is ActionStatus.DENIED)


async def test_what_cannot_be_prepared_was_not_sent(bench: Bench, vault: Vault) -> None:
    settings = bench.config(approval=ApprovalSettings(require_above=D(1000)))
    async with bench.open(settings, mode=LIVE) as desk:
        waits = await desk.act("lock", TEN)
        bench.venue.faults["prepare"].append(errors.VenueDown("no nonce"))
        with pytest.raises(errors.VenueDown):
            await approved(desk, waits)
        assert (await desk.action(waits.id)).status is ActionStatus.PENDING_APPROVAL  # the approval stands
        await bench.clock.advance(2)
        assert (await desk.action(waits.id)).status is ActionStatus.DONE
        bench.venue.faults["prepare"].append(ZeroDivisionError("oops"))
        other = await desk.act("lock", {"amount": D(3)})
        with pytest.raises(errors.InternalError):
            await approved(desk, other)
        assert (await desk.action(other.id)).status is ActionStatus.DENIED
        assert vault.total == D(10)


async def test_a_caller_that_goes_away_does_not_tear_the_action(bench: Bench, vault: Vault) -> None:
    settings = bench.config(approval=ApprovalSettings(require_above=D(1000), actions_without_approval=True))
    async with bench.open(settings, mode=LIVE) as desk:
        gate = Gate()
        bench.venue.faults["lock"].append(gate)
        caller = asyncio.ensure_future(desk.act("lock", TEN, action_id="mine"))
        await bench.clock.settle()
        caller.cancel()
        await asyncio.gather(caller, return_exceptions=True)
        assert (await desk.action("mine")).status is ActionStatus.SENDING
        gate.open()
        await bench.clock.settle()
        assert (await desk.action("mine")).status is ActionStatus.DONE
