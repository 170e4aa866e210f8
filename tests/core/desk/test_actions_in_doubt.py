"""An action that was sent and has no answer: recorded as that, found out about, never done twice, never forgotten."""

from __future__ import annotations

import asyncio
import sqlite3
from decimal import Decimal
from typing import Any

import pytest
from desks import Bench, Gate, never, rows
from vault import Vault, with_vault

from venuekit import errors
from venuekit.desk.desk import Desk
from venuekit.desk.settling import settle
from venuekit.model.action import Action, ActionStatus
from venuekit.protocols.approver import Mode, Operator
from venuekit.protocols.journal import ApprovalState, EntryKind
from venuekit.protocols.trading import TradingState
from venuekit.settings.schema import ApprovalSettings, DeskConfig

pytestmark = pytest.mark.anyio
D = Decimal
ANN = Operator(name="ann", source="cli")
TEN = {"amount": D(10)}
LIVE = Mode.LIVE


@pytest.fixture
def vault(bench: Bench) -> Vault:
    return with_vault(bench, "production")


@pytest.fixture
def config(bench: Bench, vault: Vault) -> DeskConfig:
    return bench.config(approval=ApprovalSettings(require_above=D(1000), actions_without_approval=True))


def story(desk: Desk, action_id: str) -> list[str]:
    return [row.body["status"] for row in rows(desk, EntryKind.ACTION, subject=action_id)]


async def until_over(bench: Bench, desk: Desk, action_id: str) -> Action:
    for _ in range(600):
        found = await desk.action(action_id)
        if not found.is_open:
            return found
        await bench.clock.advance(1)
    raise AssertionError(f"still {found.status}")


async def test_a_lost_answer_is_in_doubt_told_with_how_to_find_out_and_found_out_about(
    bench: Bench, vault: Vault, config: DeskConfig
) -> None:
    lost = errors.OutcomeUnknown("The line went dead.", fix="Look at the vault.", details={"ticket": "t-7"})
    async with bench.open(config, mode=LIVE) as desk:
        vault.answers = False
        bench.venue.faults["locked"].append(lost)
        with pytest.raises(errors.OutcomeUnknown) as told:
            await desk.act("lock", TEN, action_id="mine")
        assert told.value.details == {"receipt": "r-mine", "ticket": "t-7", "action_id": "mine"}
        assert "Do not send it again. Look at the vault." in told.value.fix
        assert "venuekit actions show mine" in told.value.fix
        doubtful = await desk.action("mine")
        assert (doubtful.status, doubtful.status_reason) == (ActionStatus.IN_DOUBT, "The line went dead.")
        assert desk.status().actions_in_doubt == 1
        assert (await desk.act("lock", TEN, action_id="mine")).status is ActionStatus.IN_DOUBT
        with pytest.raises(errors.RiskRefused, match="sent and has no answer yet"):
            await desk.act("lock", TEN, action_id="another")
        await bench.clock.advance(30)
        vault.answers = True
        done = await until_over(bench, desk, "mine")
        assert (done.status, done.result) == (ActionStatus.DONE, {"total": "10"})
        assert await desk.act("lock", TEN) == done  # its caller never got the answer, and asks for it
        assert story(desk, "mine") == ["SENDING", "IN_DOUBT", "DONE"]
        assert len(vault.calls) == 1
        asked = bench.venue.made("find_out")
        assert asked[0] == {"receipt": "r-mine", "ticket": "t-7"}
        assert len(asked) < 12  # it asks less and less often


async def test_the_same_call_again_finds_out_at_once(bench: Bench, vault: Vault, config: DeskConfig) -> None:
    async with bench.open(config, mode=LIVE) as desk:
        bench.venue.faults["locked"].append(errors.OutcomeUnknown("The line went dead."))
        with pytest.raises(errors.OutcomeUnknown):
            await desk.act("lock", TEN)
        assert (await desk.act("lock", TEN)).status is ActionStatus.DONE
        assert len(vault.calls) == 1


async def test_no_answer_in_time_is_a_doubt_and_what_was_not_done_may_be_asked_for_anew(
    bench: Bench, vault: Vault, config: DeskConfig
) -> None:
    async with bench.open(config, mode=LIVE) as desk:
        bench.venue.faults["lock"].append(never)
        caller = asyncio.ensure_future(desk.act("lock", TEN, action_id="mine"))
        await bench.clock.advance(59)
        assert not caller.done()
        await bench.clock.advance(2)
        with pytest.raises(errors.OutcomeUnknown, match="not answered within 60 s"):
            await caller
        over = await until_over(bench, desk, "mine")
        assert (over.status, over.status_reason) == (ActionStatus.REJECTED, "The vault has no such receipt.")
        assert (await desk.act("lock", TEN, action_id="next")).status is ActionStatus.DONE


async def test_a_bug_of_the_adapter_is_no_clean_refusal(bench: Bench, vault: Vault, config: DeskConfig) -> None:
    async with bench.open(config, mode=LIVE) as desk:
        vault.answers = False
        bench.venue.faults["locked"].append(KeyError("total"))
        with pytest.raises(errors.OutcomeUnknown, match="KeyError in the adapter"):
            await desk.act("lock", TEN, action_id="mine")
        bench.venue.faults["find_out"].append(ZeroDivisionError("oops"))
        bench.venue.faults["find_out"].append(errors.VenueDown("down"))
        for _ in range(2):
            assert (await desk.act("lock", TEN, action_id="mine")).status is ActionStatus.IN_DOUBT


@pytest.mark.parametrize("point", ["lock", "locked"])
async def test_a_crash_between_intent_and_outcome_is_found_at_the_next_start_and_resolved(
    bench: Bench, vault: Vault, config: DeskConfig, point: str
) -> None:
    gate = Gate()
    vault.answers = False
    async with bench.open(config, mode=LIVE) as desk:
        bench.venue.faults[point].append(gate)
        caller = asyncio.ensure_future(desk.act("lock", TEN, action_id="mine"))
        await bench.clock.settle()
        copy = bench.after_crash(config)
        gate.open()
        await caller
    if point == "lock":
        vault.locked.clear()  # as if the request had never come
    async with bench.open(copy, mode=LIVE) as desk:
        found = await desk.action("mine")
        assert (found.status, found.status_reason) == (
            ActionStatus.IN_DOUBT,
            "The desk stopped while it was being sent.",
        )
        assert desk.status().actions_in_doubt == 1
        assert (await desk.act("lock", TEN, action_id="mine")).status is ActionStatus.IN_DOUBT
        vault.answers = True
        over = await until_over(bench, desk, "mine")
        assert over.status is (ActionStatus.DONE if point == "locked" else ActionStatus.REJECTED)
        assert len(vault.calls) == 1
        assert desk.store.verify().ok


@pytest.mark.parametrize("point", ["explain", "prepare", "lock", "locked"])
async def test_an_approved_action_is_done_once_wherever_the_desk_crashed(
    bench: Bench, vault: Vault, point: str
) -> None:
    config = bench.config(approval=ApprovalSettings(require_above=D(1000)))
    gate = Gate()
    async with bench.open(config, mode=LIVE) as desk:
        waits = await desk.act("lock", TEN)
        bench.venue.faults[point].append(gate)
        approving = asyncio.ensure_future(desk.approve(waits.approval_id or "", ANN))
        await bench.clock.settle()
        copy = bench.after_crash(config)
        before = len(vault.calls)
        gate.open()
        await approving
    if point != "locked":
        vault.locked.clear()  # in the life that crashed, nothing came to the vault
    async with bench.open(copy, mode=LIVE) as desk:
        over = await until_over(bench, desk, waits.id)
        approval = await desk.approval(waits.approval_id or "")
        assert approval.state is ApprovalState.USED
        resent = len(vault.calls) - 1  # the first is what came when the gate was opened
        # Before the intent was durable nothing had been sent, so it goes now; after it, it is asked about, never resent.
        assert resent == (0 if point in ("lock", "locked") else 1)
        assert over.status is (ActionStatus.REJECTED if point == "lock" else ActionStatus.DONE)
        assert before == (1 if point in ("lock", "locked") else 0)


async def test_a_desk_that_is_closed_while_it_sends_leaves_a_doubt(
    bench: Bench, vault: Vault, config: DeskConfig
) -> None:
    vault.answers = False
    bench.venue.faults["lock"].append(never)
    async with bench.open(config, mode=LIVE) as desk:
        caller = asyncio.ensure_future(desk.act("lock", TEN, action_id="mine"))
        await bench.clock.settle()
        closing = asyncio.ensure_future(bench.clock.advance(10))
    await asyncio.gather(caller, closing, return_exceptions=True)
    async with bench.open(config, mode=LIVE) as desk:
        assert story(desk, "mine") == ["SENDING", "IN_DOUBT"]
        found = await desk.action("mine")
        assert found.status_reason == "The desk was closed while it was being sent."


async def test_an_answer_that_cannot_be_recorded_halts_and_is_recorded_later(
    bench: Bench, vault: Vault, config: DeskConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with bench.open(config, mode=LIVE) as desk:
        put, broken = desk.store.put_action, [True]

        async def fails(before: Any, after: Action, claims: Any = ()) -> bool:
            if broken[0] and after.status is ActionStatus.DONE:
                raise errors.JournalUnavailable("The disk is full.")
            return await put(before, after, claims)

        monkeypatch.setattr(desk.store, "put_action", fails)
        with pytest.raises(errors.JournalUnavailable, match="is DONE, but that could not be recorded"):
            await desk.act("lock", TEN, action_id="mine")
        assert desk.status().trading_state is TradingState.HALTED
        assert story(desk, "mine") == ["SENDING"]
        with pytest.raises(errors.Halted):
            await desk.act("lock", {"amount": D(1)})
        broken[0] = False
        await bench.clock.advance(2)
        assert story(desk, "mine") == ["SENDING", "DONE"]
        assert len(vault.calls) == 1


async def test_what_cannot_be_made_durable_is_not_sent(
    bench: Bench, vault: Vault, config: DeskConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with bench.open(config, mode=LIVE) as desk:

        async def fails(*_: Any) -> bool:
            raise errors.JournalUnavailable("The disk is full.")

        monkeypatch.setattr(desk.store, "put_action", fails)
        with pytest.raises(errors.JournalUnavailable):
            await desk.act("lock", TEN)
        assert vault.calls == []


async def test_a_halt_that_comes_while_it_is_recorded_stops_it(
    bench: Bench, vault: Vault, config: DeskConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with bench.open(config, mode=LIVE) as desk:
        put = desk.store.put_action

        async def halted_meanwhile(before: Any, after: Action, claims: Any = ()) -> bool:
            kept = await put(before, after, claims)
            if after.status is ActionStatus.SENDING:
                await desk.halt(by="ann", reason="stop")
            return kept

        monkeypatch.setattr(desk.store, "put_action", halted_meanwhile)
        with pytest.raises(errors.Halted):
            await desk.act("lock", TEN, action_id="mine")
        assert story(desk, "mine") == ["SENDING", "DENIED"]
        assert vault.calls == []


async def test_a_person_settles_what_nothing_else_can_tell(bench: Bench, vault: Vault, config: DeskConfig) -> None:
    async with bench.open(config, mode=LIVE) as desk:
        vault.answers = False
        for number, done in ((1, True), (2, False)):
            bench.venue.faults["locked"].append(errors.OutcomeUnknown("The line went dead."))
            with pytest.raises(errors.OutcomeUnknown):
                await desk.act("lock", {"amount": D(number)}, action_id=f"a{number}")
            doubtful = await desk.action(f"a{number}")
            after = await settle(desk.store, doubtful, ANN, proof="os user", done=done, note="seen", clock=desk.clock)
            assert after.status is (ActionStatus.DONE if done else ActionStatus.REJECTED)
            assert after.status_reason == f"{'done' if done else 'not done'}, says ann (cli, os user): seen"
            with pytest.raises(errors.ActionNotInDoubt, match=f"a{number} is {after.status}"):
                await settle(desk.store, doubtful, ANN, proof="os user", done=not done, note="", clock=desk.clock)
            with pytest.raises(errors.ActionNotInDoubt):
                await settle(desk.store, after, ANN, proof="os user", done=not done, note="", clock=desk.clock)
        await bench.clock.advance(5)
        assert desk.status().actions_in_doubt == 0
        assert len(vault.calls) == 2


async def test_a_record_that_was_altered_outside_the_journal_is_noticed(
    bench: Bench, vault: Vault, config: DeskConfig
) -> None:
    async with bench.open(config, mode=LIVE) as desk:
        await desk.act("lock", TEN, action_id="mine")
        assert desk.store.verify().ok
        with sqlite3.connect(bench.folder / "venuekit.db") as raw:
            raw.execute("UPDATE actions SET body = replace(body, 'DONE', 'DENIED')")
        raw.close()
        assert desk.store.verify().problem == "action scripted:default mine was altered outside the journal"


async def test_secrets_stay_out_of_actions(bench: Bench, vault: Vault) -> None:
    secret = "hunter2hunter2"
    approval = ApprovalSettings(require_above=D(1000), actions_without_approval=True)
    config = bench.config(approval=approval, venues={"scripted": {}})
    async with bench.open(config, mode=LIVE) as desk:
        desk._parts.actions._secrets = frozenset({secret})
        desk.store._secrets = frozenset({secret})  # type: ignore[attr-defined]
        for given, action_id in (({**TEN, "note": f"pw {secret}"}, None), (TEN, secret)):
            with pytest.raises(errors.InvalidValue, match="hold a key"):
                await desk.act("lock", given, action_id=action_id)
        vault.label = f"as {secret}"  # a venue's own words may repeat what it was sent
        done = await desk.act("lock", TEN, reason=f"my password={secret}", action_id="mine")
        assert done.status is ActionStatus.DONE
        again = await desk.action("mine")
        assert secret not in str(again)
        assert secret not in "".join(str(row.body) for row in rows(desk))
        assert (await desk.act("lock", TEN, action_id="mine")).status is ActionStatus.DONE
        assert len(vault.calls) == 1
        assert desk.store.verify().ok


async def test_wherever_a_write_was_cut_off_the_action_is_done_once(
    bench: Bench, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = bench.config(approval=ApprovalSettings(require_above=D(1000)))
    found: list[tuple[str, DeskConfig, dict[str, Decimal]]] = []

    async with bench.open(config, mode=LIVE) as desk:
        for name in ("add_approval", "move_approval", "put_action"):
            write = getattr(desk.store, name)

            async def pointed(*given: Any, name: str = name, write: Any = write, **named: Any) -> Any:
                found.append((f"before {name}", bench.after_crash(config), dict(vault.locked)))
                kept = await write(*given, **named)
                found.append((f"after {name}", bench.after_crash(config), dict(vault.locked)))
                return kept

            monkeypatch.setattr(desk.store, name, pointed)
        waits = await desk.act("lock", TEN, action_id="mine")
        await desk.approve(waits.approval_id or "", ANN)
    # asked; approved; used, with the intent; done
    assert [point for point, *_ in found] == [
        f"{when} {name}"
        for name in ("add_approval", "move_approval", "move_approval", "put_action")
        for when in ("before", "after")
    ]
    for number, (point, copy, locked) in enumerate(found):
        vault.locked, sent = dict(locked), len(vault.calls)
        async with bench.open(copy, mode=LIVE) as desk:
            again = await desk.act("lock", TEN, action_id="mine")
            if again.status is ActionStatus.PENDING_APPROVAL:
                (approval,) = await desk.approvals((ApprovalState.PENDING, ApprovalState.APPROVED))
                if approval.state is ApprovalState.PENDING:
                    await desk.approve(approval.id, ANN)
            over = await until_over(bench, desk, "mine")
            lost = number == 5  # the intent was durable, and nothing had come to the vault: it is asked about
            assert over.status is (ActionStatus.REJECTED if lost else ActionStatus.DONE), point
            assert len(vault.calls) - sent == (0 if locked or lost else 1), point
            assert desk.store.verify().ok
