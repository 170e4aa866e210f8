"""What goes into the store comes out again, all or none, and nothing that must not be kept goes in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal

import attrs
import pytest

from venuekit.errors import ConfigError
from venuekit.journal import open_store
from venuekit.model.codec import from_record
from venuekit.model.order import Order
from venuekit.protocols.breakers import BreakerRecord
from venuekit.protocols.journal import Approval, ApprovalState, Control, Decision, Entry, EntryKind, RowQuery, Store
from venuekit.protocols.risk import TradingState

pytestmark = pytest.mark.anyio
Make = Callable[..., Entry]


def approval(name: str = "a1", **changes: object) -> Approval:
    base = Approval(
        id=name,
        desk="paper:default",
        agent_id="bot",
        order_id="o1",
        order={"type": "LIMIT", "size": "1"},
        order_hash="ff",
        summary="BUY 1",
        notional="100",
        reference_price="100",
        price_tolerance="0.01",
        state=ApprovalState.PENDING,
        created_ns=10,
        expires_ns=20,
    )
    return attrs.evolve(base, **changes)


async def test_rows_come_back_in_order_with_consecutive_numbers(store: Store, entry: Make) -> None:
    assert list(await store.append([entry(1), entry(2)])) == [1, 2]
    assert list(await store.append([entry(3)])) == [3]
    rows = store.rows(RowQuery(newest_first=False))
    assert [(r.sequence, r.subject, r.body) for r in rows] == [(n, f"s{n}", {"number": n}) for n in (1, 2, 3)]


async def test_an_order_comes_back_to_the_last_digit(store: Store, entry: Make, order: Callable[..., Order]) -> None:
    placed = order("o1", size=Decimal("0.000000000000000001"), price=Decimal("123456789012.123456789"))
    await store.append([entry(kind=EntryKind.ORDER, body=placed)])
    assert from_record(store.rows(RowQuery())[0].body, Order) == placed


async def test_a_batch_that_fails_in_the_middle_leaves_nothing(store: Store, entry: Make) -> None:
    with pytest.raises(TypeError):
        await store.append([entry(1), entry(2, body={"x": object()})])
    assert store.rows(RowQuery()) == []
    assert list(await store.append([entry(3)])) == [1]
    assert store.verify().ok


@pytest.mark.parametrize("synchronous", ["NORMAL", "FULL"])
async def test_callers_at_once_get_numbers_of_their_own(url: str, entry: Make, synchronous: str) -> None:
    store = open_store(url, synchronous=synchronous)
    numbers = await asyncio.gather(*(store.append([entry(n), entry(n)]) for n in range(64)))
    assert sorted(n for pair in numbers for n in pair) == list(range(1, 129))
    assert store.verify().rows == 128
    await store.close()


async def test_a_caller_who_goes_away_does_not_take_the_others_rows_along(url: str, entry: Make) -> None:
    store = open_store(url, synchronous="FULL")
    gone = asyncio.create_task(store.append([entry(1)]))
    stays = asyncio.create_task(store.append([entry(2)]))
    await asyncio.sleep(0)
    gone.cancel()
    assert list(await stays) == [2]
    assert [r.subject for r in store.rows(RowQuery(newest_first=False))] == ["s1", "s2"]
    await store.close()


async def test_with_full_what_cannot_be_written_is_refused_to_its_caller_alone(url: str, entry: Make) -> None:
    store = open_store(url, synchronous="FULL")
    good = asyncio.create_task(store.append([entry(1)]))
    bad = asyncio.create_task(store.append([entry(2, body={"x": object()})]))
    with pytest.raises(TypeError):
        await bad
    assert list(await good) == [1]
    await store.close()


async def test_closing_writes_what_waits_and_may_happen_twice(url: str, entry: Make) -> None:
    store = open_store(url, synchronous="FULL")
    task = asyncio.create_task(store.append([entry(1)]))
    await asyncio.sleep(0)
    await store.close()
    await store.close()
    assert list(await task) == [1]


async def test_two_stores_on_one_place_keep_one_chain(url: str, store: Store, entry: Make) -> None:
    other = open_store(url)
    await store.append([entry(1)])
    assert list(await other.append([entry(2), entry(3)])) == [2, 3]
    assert list(await store.append([entry(4)])) == [4]
    assert store.verify().ok
    assert other.verify() == store.verify()
    await other.close()


@pytest.mark.parametrize("secret", ["hunter2hunter2", 'with"quote\\s', "grün-und-geheim"])
async def test_a_configured_secret_in_an_order_never_reaches_the_file(
    url: str, order: Callable[..., Order], secret: str
) -> None:
    store = open_store(url, secrets=frozenset({secret}))
    refused = order("o1", status_reason=f"The key {secret} may not trade.", price=Decimal("0.0000001"))
    await store.append([Entry(kind=EntryKind.ORDER, desk="d", subject="o1", agent_id="", body=refused, time_ns=1)])
    (row,) = store.rows(RowQuery())
    assert from_record(row.body, Order) == attrs.evolve(refused, status_reason="The key [redacted] may not trade.")
    await store.close()


async def test_secrets_beside_the_journal_are_hidden_in_both_places(url: str, entry: Make) -> None:
    store = open_store(url, secrets=frozenset({"hunter2hunter2"}))
    said = "hunter2hunter2 and password=geheim123"
    control = Control(state=TradingState.HALTED, reason=said)
    kept = await store.set_control(
        lambda _: control, entry(kind=EntryKind.CONTROL, body={"action": "halt", "reason": said})
    )
    assert kept.reason == store.control().reason == "[redacted] and password=[redacted]"
    await store.set_breaker("d", BreakerRecord(name="b", state="OPEN", reason=said), entry(kind=EntryKind.CONTROL))
    await store.add_approval(approval(note="hunter2hunter2"), [])
    kept_approval = store.approval("a1")
    assert kept_approval is not None
    assert kept_approval.note == "[redacted]"
    moved = approval(state=ApprovalState.REJECTED, note="hunter2hunter2 again")
    assert await store.move_approval(kept_approval, moved, [])
    assert store.verify().ok, store.verify().problem
    await store.close()


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (RowQuery(kinds=(EntryKind.DENIED,)), [2]),
        (RowQuery(agent_id="other"), [3]),
        (RowQuery(subject="s1"), [1]),
        (RowQuery(desk="paper:second"), [4]),
        (RowQuery(text="NEEDLE"), [2]),
        (RowQuery(text="100%"), [3]),
        (RowQuery(text="a_b"), [4]),
        (RowQuery(start_ns=2, end_ns=4), [3, 2]),
        (RowQuery(after_sequence=2), [4, 3]),
        (RowQuery(before_sequence=3, newest_first=False), [1, 2]),
        (RowQuery(limit=2), [4, 3]),
        (RowQuery(kinds=(EntryKind.CALL,), agent_id="tester", limit=1), [4]),
    ],
)
async def test_a_query_finds_exactly_what_it_asks_for(
    store: Store, entry: Make, query: RowQuery, expected: list[int]
) -> None:
    await store.append(
        [
            entry(1),
            entry(2, kind=EntryKind.DENIED, body={"why": "the needle"}),
            entry(3, agent_id="other", body={"why": "100% of 1000"}),
            entry(4, desk="paper:second", body={"why": "a_b and axb"}),
        ]
    )
    assert [r.sequence for r in store.rows(query)] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("price", []),
        ("true", [3]),
        ("0.05", [1]),
        ('said "no"', [2]),
        ("GRÜN", [2]),
        ("back\\slash", [2]),
        ("two\nlines", [3]),
        ("PLACE_", [2, 1]),
    ],
)
async def test_text_is_looked_for_in_subjects_and_values_and_not_in_the_names_of_fields(
    store: Store, entry: Make, text: str, expected: list[int]
) -> None:
    await store.append(
        [
            entry(1, subject="place_order", body={"stop_price": ["0.05", None]}),
            entry(2, subject="place_order", body={"stop_price": {"why": 'grün, said "no" back\\slash'}}),
            entry(3, body={"stop_price": True, "why": "two\nlines"}),
        ]
    )
    assert [r.sequence for r in store.rows(RowQuery(text=text))] == expected


async def test_replay_gives_every_row_of_a_desk_over_its_pages(store: Store, entry: Make) -> None:
    await store.append([entry(n, desk="a:b" if n % 2 else "c:d") for n in range(1, 4002)])
    await store.append([entry(kind=EntryKind.SESSION, desk=desk) for desk in ("c:d", "a:b")])
    assert [r.time_ns for r in store.replay("a:b")] == [*range(1, 4002, 2), 1]
    assert [r.time_ns for r in store.replay("a:b", after_sequence=3999)] == [4001, 1]
    assert store.desks() == ["a:b", "c:d"]


async def test_stats_count_rows_by_day_kind_and_agent(store: Store, entry: Make) -> None:
    day = 86_400_000_000_000
    await store.append([entry(1), entry(2), entry(3, agent_id="b"), entry(4, kind=EntryKind.FILL, time_ns=day)])
    counted = [(c.day, c.kind, c.agent_id, c.count) for c in store.stats()]
    assert counted == [
        ("1970-01-01", "call", "b", 1),
        ("1970-01-01", "call", "tester", 2),
        ("1970-01-02", "fill", "tester", 1),
    ]
    assert [c.count for c in store.stats(start_ns=day)] == [1]


async def test_control_changes_with_its_row_and_its_revision_grows(store: Store, entry: Make) -> None:
    assert store.control() == Control()
    halted = Control(state=TradingState.HALTED, reason="news", by="ann", since_ns=5)
    first = await store.set_control(lambda _: halted, entry(kind=EntryKind.CONTROL, body={"action": "halt"}))
    second = await store.set_control(lambda _: halted, entry(kind=EntryKind.CONTROL, body={"action": "halt"}))
    assert (first.revision, second.revision) == (1, 2)
    assert store.control() == second
    row = store.latest("paper:default", EntryKind.CONTROL)
    assert row is not None
    assert row.body["control"]["reason"] == "news"
    assert store.verify().ok


async def test_breakers_are_remembered(url: str, store: Store, entry: Make) -> None:
    await store.set_breaker("paper:default", BreakerRecord(name="errors", state="open"), entry())
    await store.set_breaker("paper:default", BreakerRecord(name="errors", state="half_open", recoveries=1), entry())
    again = open_store(url)
    assert again.breakers("paper:default") == [BreakerRecord(name="errors", state="half_open", recoveries=1)]
    assert again.breakers("other:desk") == []
    await again.close()


async def test_an_approval_is_decided_once(url: str, store: Store) -> None:
    await store.add_approval(approval(), [])
    other = open_store(url)
    yes = approval(state=ApprovalState.APPROVED, decided_by="ann", decided_ns=15)
    no = approval(state=ApprovalState.REJECTED, decided_by="bob", decided_ns=15)
    assert await store.move_approval(approval(), yes, [])
    rows = len(other.rows(RowQuery()))
    assert not await other.move_approval(approval(), no, [])
    assert len(other.rows(RowQuery())) == rows
    assert other.approval("a1") == yes
    assert other.approvals(states=(ApprovalState.PENDING,)) == []
    assert other.approvals(desk="paper:default") == [yes]
    assert store.approval("nothing") is None
    assert store.verify().ok
    await other.close()


async def test_two_decisions_that_saw_the_same_approval_are_not_both_kept(url: str, store: Store) -> None:
    waiting = approval(people=2)
    await store.add_approval(waiting, [])
    other = open_store(url)

    def after(name: str) -> Approval:
        said = Decision(by=name, source="cli", proof="token", approve=True, time_ns=12)
        return attrs.evolve(waiting, decisions=(said,))

    assert await store.move_approval(waiting, after("ann"), [])
    assert not await other.move_approval(waiting, after("bob"), [])
    assert other.approval("a1") == after("ann")
    assert store.rows(RowQuery(limit=1))[0].time_ns == 12
    await other.close()


async def test_an_approval_is_replaced_by_another_in_one_commit(url: str, store: Store, entry: Make) -> None:
    await store.add_approval(approval(), [])
    over = approval(state=ApprovalState.VOID, replaced_by="a2", decided_ns=13)
    fresh = approval("a2", replaces="a1", renewal=1, created_ns=13)
    assert await store.move_approval(approval(), over, [entry(5)], successor=fresh)
    assert (store.approval("a1"), store.approval("a2")) == (over, fresh)
    assert [r.subject for r in store.rows(RowQuery(newest_first=False))] == ["a1", "a1", "a2", "s5"]
    again = approval("a3", replaces="a1", renewal=1)
    assert not await store.move_approval(approval(), over, [], successor=again)
    assert store.approval("a3") is None
    assert store.verify().ok


async def test_approvals_come_newest_first_and_are_limited(store: Store) -> None:
    for n in range(5):
        await store.add_approval(approval(f"a{n}", created_ns=n), [])
    assert [a.id for a in store.approvals(limit=2)] == ["a4", "a3"]


async def test_everything_survives_a_restart(url: str, store: Store, entry: Make) -> None:
    await store.append([entry(1)])
    await store.add_approval(approval(), [entry(2)])
    before = store.verify()
    await store.close()
    again = open_store(url)
    assert again.verify() == before
    assert list(await again.append([entry(3)])) == [before.rows + 1]
    await again.close()


@pytest.mark.parametrize("url", ["", "postgres://u:hunter2@h/db", "sqlite:/x", "file.db", "sqlite:///"])
def test_an_address_that_is_none_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(ConfigError) as refused:
        open_store(url)
    assert refused.value.field == "store.url"
    assert "hunter2" not in str(refused.value)


def test_an_unknown_way_of_writing_is_refused() -> None:
    with pytest.raises(ConfigError, match="NORMAL or FULL"):
        open_store("sqlite://", synchronous="off")
