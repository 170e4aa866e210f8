"""Deciding on orders that wait, from another terminal: with the desk open, and with none."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import anyio
import attrs
import pytest

from venuekit import LimitOrder, OrderStatus, Side
from venuekit.cli.exits import FAILED, OK, REFUSED, UNAVAILABLE, USAGE
from venuekit.journal import SqliteStore
from venuekit.protocols.journal import Approval, ApprovalState, Entry, EntryKind, RowQuery

pytestmark = pytest.mark.anyio
KEYS = {
    "id",
    "source",
    "desk",
    "agent_id",
    "order_id",
    "tool",
    "order",
    "order_hash",
    "summary",
    "notional",
    "reference_price",
    "price_tolerance",
    "state",
    "created_ns",
    "expires_ns",
    "decided_by",
    "decided_ns",
    "note",
    "people",
    "decisions",
    "replaces",
    "replaced_by",
    "renewal",
}


async def waiting(desk: Any) -> tuple[str, str]:
    """An order that waits for a person: its id and the approval's."""
    best = (await desk.venue.order_book("BTC-USD", depth=1)).best_bid
    order = await desk.submit(
        LimitOrder(
            instrument="BTC-USD", side=Side.BUY, size=Decimal("0.06"), price=best.price - 50, reason="conviction"
        )
    )
    assert order.status is OrderStatus.PENDING_APPROVAL
    return order.id, order.approval_id


def test_the_list_shows_what_waits_and_what_to_do(venuekit: Any, recorded: Any) -> None:
    ran = venuekit("approvals", "list", config=recorded.config)
    assert ran.code == OK
    assert recorded.approval in ran.out
    assert "BUY 0.06 BTC" in ran.out
    assert "approve ID" in ran.lines[-1]
    (approval,) = venuekit("approvals", "list", "--json", config=recorded.config).json["approvals"]
    assert set(approval) == KEYS
    assert approval["state"] == "PENDING"


def test_the_list_can_be_of_one_state_or_one_desk(venuekit: Any, recorded: Any) -> None:
    def listed(*words: str) -> list[str]:
        body = venuekit("approvals", "list", *words, "--json", config=recorded.config).json
        return [a["id"] for a in body["approvals"]]

    assert listed("--state", "rejected") == []
    assert listed("--state", "all") == [recorded.approval]
    assert listed("--desk", "paper:other") == []


def test_a_state_that_is_none_is_refused_with_those_that_are(venuekit: Any, recorded: Any) -> None:
    ran = venuekit("approvals", "list", "--state", "open", "--json", config=recorded.config)
    assert ran.code == USAGE
    assert "pending" in ran.json["error"]["details"]["accepted"]


def test_show_has_the_exact_order_and_the_agents_reason(venuekit: Any, recorded: Any) -> None:
    ran = venuekit("approvals", "show", recorded.approval, config=recorded.config)
    assert ran.code == OK
    for word in ("conviction", "0.06", "night-bot", "market then", recorded.orders["large"]):
        assert word in ran.out
    assert set(venuekit("approvals", "show", recorded.approval, "--json", config=recorded.config).json["approval"]) == (
        KEYS
    )


async def test_an_agents_reason_cannot_pass_for_a_line_of_ours(
    beside: Any, empty: Path, desk_of: Callable[..., Any]
) -> None:
    async with desk_of(empty) as desk:
        best = (await desk.venue.order_book("BTC-USD", depth=1)).best_bid
        reason = "small\nworth up to  10\r\nstate  APPROVED"
        request = LimitOrder(
            instrument="BTC-USD", side=Side.BUY, size=Decimal("0.06"), price=best.price - 50, reason=reason
        )
        approval = (await desk.submit(request)).approval_id
    ran = await beside("approvals", "show", approval, config=empty)
    names = [line.split("  ")[0] for line in ran.lines]
    assert [n for n in names if n in ("worth up to", "state")] == ["state", "worth up to"]


@pytest.mark.parametrize("verb", ["show", "approve", "reject"])
def test_an_unknown_approval_is_not_found_and_nothing_is_made(venuekit: Any, empty: Path, verb: str) -> None:
    ran = venuekit("approvals", verb, "apr_nosuch", config=empty)
    assert (ran.code, ran.out) == (FAILED, "")
    assert "venuekit approvals list --state all" in ran.err
    assert not (empty.parent / "data").exists()


async def test_approving_beside_an_open_desk_sends_the_order(
    beside: Any, empty: Path, desk_of: Callable[..., Any]
) -> None:
    async with desk_of(empty) as desk:
        order, approval = await waiting(desk)
        ran = await beside("approvals", "approve", approval, "--by", "alice", "--note", "fine", config=empty)
        assert ran.code == OK
        assert "APPROVED by alice." in ran.out
        assert f"Order {order} is OPEN" in ran.out
        assert (await desk.order(order)).status is OrderStatus.OPEN
        (used,) = await desk.approvals()
        assert (used.state, used.decided_by, used.note) == (ApprovalState.USED, "alice (cli)", "fine")


async def test_approving_twice_sends_once(beside: Any, empty: Path, desk_of: Callable[..., Any]) -> None:
    async with desk_of(empty) as desk:
        _, approval = await waiting(desk)
        assert (await beside("approvals", "approve", approval, config=empty)).code == OK
        second = await beside("approvals", "approve", approval, "--json", config=empty)
        assert second.code == REFUSED
        assert second.json["error"]["code"] == "APPROVAL_REFUSED"
        assert len(await desk.open_orders()) == 1


async def test_two_people_at_once_have_one_decision(beside: Any, empty: Path, desk_of: Callable[..., Any]) -> None:
    codes = []

    async def decide(verb: str) -> None:
        codes.append((await beside("approvals", verb, approval, "--json", config=empty)).code)

    async with desk_of(empty) as desk:
        _, approval = await waiting(desk)
        async with anyio.create_task_group() as group:
            group.start_soon(decide, "approve")
            group.start_soon(decide, "reject")
        decided = await desk.approval(approval)
    assert sorted(codes) == [OK, REFUSED]
    assert decided.state in (ApprovalState.USED, ApprovalState.REJECTED)


async def test_rejecting_beside_an_open_desk_denies_the_order(
    beside: Any, empty: Path, desk_of: Callable[..., Any]
) -> None:
    async with desk_of(empty) as desk:
        order, approval = await waiting(desk)
        ran = await beside("approvals", "reject", approval, "--note", "too large", "--json", config=empty)
        assert ran.code == OK
        assert ran.json["approval"]["state"] == "REJECTED"
        assert ran.json["order"]["status"] == "DENIED"
        assert "too large" in ran.json["order"]["status_reason"]
        assert (await desk.order(order)).status is OrderStatus.DENIED


async def test_an_order_that_the_checks_refuse_on_approval_is_told_and_exits_so(
    beside: Any, empty: Path, desk_of: Callable[..., Any]
) -> None:
    async with desk_of(empty) as desk:
        _, approval = await waiting(desk)
        await desk.halt(by="alice", reason="news")
        ran = await beside("approvals", "approve", approval, config=empty)
        assert ran.code == REFUSED
        assert "DENIED" in ran.out


async def test_an_approved_order_whose_outcome_is_unknown_exits_so(beside: Any, recorded: Any) -> None:
    store = SqliteStore(recorded.store)
    (row,) = store.rows(RowQuery(subject=recorded.orders["large"], kinds=(EntryKind.ORDER,)))
    opened = {"kind": EntryKind.SESSION, "subject": "", "body": {"event": "opened"}}
    doubt = {"kind": EntryKind.ORDER, "subject": row.subject, "body": {**row.body, "status": "IN_DOUBT"}}
    await store.append([Entry(desk=row.desk, agent_id="", time_ns=row.time_ns, **e) for e in (opened, doubt)])
    await store.close()
    ran = await beside("approvals", "approve", recorded.approval, config=recorded.config)
    assert ran.code == UNAVAILABLE
    assert "IN_DOUBT" in ran.out


async def test_a_desk_that_does_not_act_is_told_and_the_decision_stands(beside: Any, recorded: Any) -> None:
    store = SqliteStore(recorded.store)
    opened = Entry(
        kind=EntryKind.SESSION, desk="paper:default", subject="", agent_id="", body={"event": "opened"}, time_ns=1
    )
    await store.append([opened])
    await store.close()
    ran = await beside("approvals", "approve", recorded.approval, "--wait", "0.05", config=recorded.config)
    assert ran.code == OK
    assert "has not acted yet" in ran.err
    assert kept(recorded.store, recorded.approval).state is ApprovalState.APPROVED


async def test_a_decision_while_no_desk_is_open_is_obeyed_by_the_next(
    beside: Any, recorded: Any, desk_of: Callable[..., Any]
) -> None:
    ran = await beside("approvals", "approve", recorded.approval, config=recorded.config)
    assert ran.code == OK
    assert "the next one sends it" in ran.err
    async with desk_of(recorded.config) as desk:
        with anyio.fail_after(60):
            async for event in desk.events(recorded.orders["large"]):
                if event.order.status is OrderStatus.OPEN:
                    break


def test_a_decision_is_in_the_journal_with_who_took_it(venuekit: Any, recorded: Any) -> None:
    venuekit("approvals", "reject", recorded.approval, "--by", "bob", config=recorded.config)
    rows = venuekit("audit", "search", "--kind", "approval", "--json", config=recorded.config).json["rows"]
    assert rows[-1]["body"]["state"] == "REJECTED"
    assert rows[-1]["body"]["decided_by"] == "bob (cli)"
    assert venuekit("audit", "verify", config=recorded.config).code == OK


def test_who_decides_is_the_user_of_the_machine_unless_named(venuekit: Any, recorded: Any) -> None:
    ran = venuekit("approvals", "reject", recorded.approval, "--json", config=recorded.config)
    assert ran.json["approval"]["decided_by"] == "alice (cli)"


@pytest.mark.parametrize("name", ["", "  ", "x" * 65, "a\nb", "\x1b[31mroot"])
def test_a_name_that_is_none_decides_nothing(venuekit: Any, recorded: Any, name: str) -> None:
    ran = venuekit("approvals", "approve", recorded.approval, "--by", name, config=recorded.config)
    assert ran.code == USAGE
    assert "--by NAME" in ran.err
    state = venuekit("approvals", "show", recorded.approval, "--json", config=recorded.config).json["approval"]["state"]
    assert state == "PENDING"


async def test_an_expired_approval_cannot_be_used_and_says_so(beside: Any, recorded: Any) -> None:
    store = SqliteStore(recorded.store)
    before = store.approval(recorded.approval)
    assert before is not None
    late = attrs.evolve(before, id="apr_late", expires_ns=before.created_ns + 1)
    await store.add_approval(late, [])
    await store.close()
    assert "EXPIRED" in (await beside("approvals", "show", "apr_late", config=recorded.config)).out
    ran = await beside("approvals", "approve", "apr_late", config=recorded.config)
    assert ran.code == REFUSED
    assert "EXPIRED" in ran.err
    assert kept(recorded.store, "apr_late").state is ApprovalState.EXPIRED


def kept(path: Path, approval_id: str) -> Approval:
    store = SqliteStore(path)
    try:
        found = store.approval(approval_id)
        assert found is not None
        return found
    finally:
        store._db.close()


def test_an_order_changed_behind_the_journals_back_is_found_by_verify(venuekit: Any, recorded: Any) -> None:
    with sqlite3.connect(recorded.store) as database:
        database.execute("""UPDATE approvals SET body = replace(body, '"0.06"', '"0.6"')""")
    database.close()
    ran = venuekit("audit", "verify", config=recorded.config)
    assert ran.code == FAILED
    assert f"approval {recorded.approval}" in ran.out
