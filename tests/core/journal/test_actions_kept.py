"""Actions beside the journal: one record each, one winner, the same row in the chain, on both kinds of store."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import attrs
import pytest
from acted import action

from venuekit.errors import BudgetExceeded
from venuekit.journal import SqliteStore, open_store
from venuekit.journal.prune import last_before, prune
from venuekit.model.action import ActionStatus
from venuekit.protocols.budget import Take
from venuekit.protocols.journal import Approval, ApprovalState, Entry, EntryKind, RowQuery, Store
from venuekit.watch.clock import SystemClock

pytestmark = pytest.mark.anyio
D = Decimal


def question(**changes: object) -> Approval:
    made = Approval(
        id="apr_1",
        desk="paper:default",
        agent_id="night-bot",
        order_id="act1",
        order={"tool": "lock", "arguments": {"amount": "10"}, "reason": ""},
        order_hash="ff",
        summary="Lock 10 USD",
        notional="10",
        reference_price=None,
        price_tolerance="0.01",
        state=ApprovalState.PENDING,
        created_ns=1,
        expires_ns=2,
        tool="lock",
    )
    return attrs.evolve(made, **changes)


def told(store: Store) -> list[tuple[str, str]]:
    kinds = (EntryKind.ACTION, EntryKind.APPROVAL)
    found = store.rows(RowQuery(kinds=kinds, newest_first=False))
    return [(row.kind.value, row.body.get("state") or row.body["status"]) for row in found]


async def test_an_action_is_kept_as_it_was_given_with_its_row(store: Store) -> None:
    kept = action(arguments={"amount": "10", "deep": {"list": ["a", None, True]}}, result={"total": "1.50"})
    assert await store.put_action(None, kept)
    assert store.action("paper:default", "act1") == kept
    assert store.action("paper:other", "act1") is None
    (row,) = store.rows(RowQuery(kinds=(EntryKind.ACTION,)))
    assert (row.subject, row.desk, row.agent_id, row.time_ns) == ("act1", kept.desk, kept.agent_id, kept.updated_ns)
    assert store.verify().ok


async def test_only_one_of_two_changes_of_the_same_state_counts(store: Store, url: str) -> None:
    first = action()
    other = open_store(url)
    try:
        assert await store.put_action(None, first)
        assert not await other.put_action(None, first)
        done = first.but(status=ActionStatus.DONE, updated_ns=first.updated_ns + 1)
        assert await other.put_action(first, done)
        assert not await store.put_action(first, first.but(status=ActionStatus.REJECTED))
        assert not await store.put_action(action(id="none"), action(id="none"))
        assert store.action(first.desk, first.id) == done
        assert told(store) == [("action", "IN_DOUBT"), ("action", "DONE")]
    finally:
        await other.close()


async def test_actions_are_found_by_desk_status_and_call_newest_first(store: Store) -> None:
    for number, status in enumerate((ActionStatus.DONE, ActionStatus.IN_DOUBT, ActionStatus.SENDING)):
        one = action(id=f"a{number}", status=status, created_ns=number, call_hash=f"h{number % 2}")
        assert await store.put_action(None, one)
    assert await store.put_action(None, action(id="b", desk="paper:other"))
    assert [a.id for a in store.actions(desk="paper:default")] == ["a2", "a1", "a0"]
    assert [a.id for a in store.actions(desk="paper:default", statuses=(ActionStatus.DONE, ActionStatus.SENDING))] == (
        ["a2", "a0"]
    )
    assert [a.id for a in store.actions(desk="paper:default", call_hash="h0", limit=1)] == ["a2"]
    assert len(store.actions()) == 4


async def test_a_question_and_its_action_are_stored_and_used_together(store: Store) -> None:
    waiting = action(status=ActionStatus.PENDING_APPROVAL, approval_id="apr_1")
    await store.add_approval(question(), [], action=waiting)
    used = question(state=ApprovalState.USED)
    sending = waiting.but(status=ActionStatus.SENDING, updated_ns=waiting.updated_ns + 1)
    assert await store.move_approval(question(), used, [], action=sending)
    assert not await store.move_approval(question(), used, [], action=waiting)  # used once
    assert store.action(waiting.desk, waiting.id) == sending
    assert told(store) == [
        ("approval", "PENDING"),
        ("action", "PENDING_APPROVAL"),
        ("approval", "USED"),
        ("action", "SENDING"),
    ]
    assert store.verify().ok


async def test_what_a_budget_has_no_room_for_is_not_recorded(store: Store) -> None:
    take = Take(budget="b", subject="s", time_ns=1, amount=D(11), orders=0, max_amount_per_day=D(10))
    with pytest.raises(BudgetExceeded):
        await store.put_action(None, action(), [take])
    await store.add_approval(question(), [])
    with pytest.raises(BudgetExceeded):
        await store.move_approval(question(), question(state=ApprovalState.USED), [], action=action(), claims=[take])
    assert store.action("paper:default", "act1") is None
    assert store.approval("apr_1") == question()
    assert store.verify().ok


async def test_a_prune_keeps_the_last_word_on_every_action(store: Store, entry: Callable[..., Entry]) -> None:
    first = action(status=ActionStatus.SENDING)
    assert await store.put_action(None, first)
    assert await store.put_action(first, first.but(status=ActionStatus.DONE, updated_ns=first.updated_ns + 1))
    await store.append([entry(n) for n in range(5)])
    clock = SystemClock()
    await prune(store, to=last_before(store, clock.now_ns()), by="ann", source="cli", export=None, clock=clock)
    assert told(store) == [("action", "DONE")]
    assert store.verify().ok


async def test_a_file_of_before_there_were_actions_is_brought_up_to_date_and_its_approvals_read(path: Path) -> None:
    old = SqliteStore(path)
    await old.add_approval(question(tool=""), [])
    await old.close()
    with sqlite3.connect(path) as raw:
        raw.execute("DROP TABLE actions")
        raw.execute("PRAGMA user_version = 6")
        raw.execute("UPDATE approvals SET body = replace(body, ',\"tool\":\"\"', '')")
    raw.close()
    new = SqliteStore(path)
    try:
        assert new.approval("apr_1") == question(tool="")
        assert await new.put_action(None, action())
    finally:
        await new.close()
