"""Limits change while desks run: from the next order on, on every desk of the store, and never by an agent."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from decimal import Decimal

import attrs
import pytest
from desks import Bench, limit, rows
from postgres_server import Server

from venuekit.errors import ConfigError, InvalidValue, JournalUnavailable, RiskRefused
from venuekit.journal import open_store
from venuekit.model.events import DeskEvent
from venuekit.model.order import OrderStatus
from venuekit.protocols.approver import Operator
from venuekit.protocols.journal import Entry, EntryKind, LimitOverride, Store
from venuekit.settings.schema import ApprovalSettings, DeskConfig, RiskSettings, StoreSettings

pytestmark = pytest.mark.anyio
D = Decimal
ANN = Operator(name="ann", source="test")
ROW = Entry(kind=EntryKind.CONTROL, desk="", subject="", agent_id="ann", body={"action": "set_limit"}, time_ns=1)


@pytest.fixture(params=["sqlite", "postgresql"])
def config(request: pytest.FixtureRequest, bench: Bench) -> DeskConfig:
    """Orders are worth 98; the configuration lets 1000 pass. Once on each database."""
    risk = RiskSettings(max_order_notional=D(1000))
    if request.param == "sqlite":
        return bench.config(risk=risk)
    server: Server = request.getfixturevalue("postgres")
    return bench.config(risk=risk, store=StoreSettings(url=server.url()))


@pytest.fixture
async def elsewhere(config: DeskConfig, bench: Bench) -> AsyncIterator[Store]:
    """The store as another process has it."""
    store = open_store(config.store.url or f"sqlite:///{bench.folder / 'venuekit.db'}")
    yield store
    await store.close()


def change(value: str, **more: object) -> LimitOverride:
    base = LimitOverride(name="max_order_notional", value=value, by="ann", reason="news")
    return attrs.evolve(base, **more)


async def heard(bench: Bench) -> None:
    """A change made elsewhere reaches a desk on PostgreSQL through a socket."""
    await asyncio.sleep(0.05)
    await bench.clock.advance(0)


async def test_a_tightened_limit_holds_from_the_next_order_on_and_over_a_restart(
    bench: Bench, config: DeskConfig
) -> None:
    async with bench.open(config) as desk:
        await desk.submit(limit())
        await desk.limits.set("max_order_notional", "50", ANN, reason="news")
        with pytest.raises(RiskRefused, match="50"):
            await desk.submit(limit())
        assert desk.risk_state().limit_changes == desk.limits.changes != ()
    async with bench.open(config) as desk:
        with pytest.raises(RiskRefused):
            await desk.submit(limit())
        assert await desk.limits.unset("risk.max_order_notional", ANN)
        assert not await desk.limits.unset("max_order_notional", ANN)
        await desk.submit(limit())


async def test_who_changed_what_and_why_is_in_the_journal(bench: Bench, config: DeskConfig) -> None:
    async with bench.open(config) as desk:
        await desk.limits.set("max_order_notional", "50", ANN, reason="news", until_ns=2**62)
        await desk.limits.unset("max_order_notional", ANN, reason="old news")
        set_, unset = rows(desk, EntryKind.CONTROL)
        assert (set_.agent_id, set_.subject, set_.body["reason"]) == ("ann", "max_order_notional", "news")
        assert set_.body["limit"]["until_ns"] == 2**62
        assert (unset.body["action"], unset.body["reason"], unset.body["limit"]) == ("unset_limit", "old news", None)
        assert desk.store.verify().ok


async def test_a_change_elsewhere_is_seen_before_the_next_order_and_told(
    bench: Bench, config: DeskConfig, elsewhere: Store
) -> None:
    async with bench.open(config) as desk:
        feed = desk.listen(wanted=lambda event: isinstance(event, DeskEvent))
        await desk.submit(limit())
        await elsewhere.set_limit(change("50"), ROW)
        await heard(bench)
        with pytest.raises(RiskRefused):
            await desk.submit(limit())
        await elsewhere.unset_limit("", "max_order_notional", ROW)
        await heard(bench)
        await desk.submit(limit())
        feed.close()
        told = [(e.kind, e.subject, e.message) async for e in feed if isinstance(e, DeskEvent)]
        assert told == [
            ("limit_set", "max_order_notional", "max_order_notional is 50 from now on (by ann: news)"),
            ("limit_unset", "max_order_notional", "max_order_notional is 1000 from now on"),
        ]


async def test_a_change_for_another_desk_is_none_of_ours(bench: Bench, config: DeskConfig, elsewhere: Store) -> None:
    await elsewhere.set_limit(change("50", desk="coinbase:main"), ROW)
    async with bench.open(config) as desk:
        await desk.submit(limit())
        assert desk.limits.changes == ()


async def test_a_change_ends_by_itself_at_its_time(bench: Bench, config: DeskConfig) -> None:
    async with bench.open(config) as desk:
        feed = desk.listen(wanted=lambda event: isinstance(event, DeskEvent))
        ends_ns = bench.clock.now_ns() + 60 * 10**9
        await desk.limits.set("max_order_notional", "50", ANN, reason="lunch", until_ns=ends_ns)
        await bench.clock.advance(59)
        with pytest.raises(RiskRefused):
            await desk.submit(limit())
        await bench.clock.advance(2)
        feed.close()
        assert [e.kind async for e in feed if isinstance(e, DeskEvent)] == ["limit_set", "limit_unset"]
        await desk.submit(limit())


async def test_no_value_that_lets_more_pass_is_taken_unless_it_is_asked_for_by_that_word(
    bench: Bench, config: DeskConfig, elsewhere: Store
) -> None:
    big = limit(size=D(20))
    async with bench.open(config) as desk:
        with pytest.raises(InvalidValue, match="would let more pass") as raised:
            await desk.limits.set("max_order_notional", "5000", ANN, reason="a good day")
        assert "--loosen" in raised.value.fix
        await elsewhere.set_limit(change("5000"), ROW)  # as a desk with a looser configuration may
        await heard(bench)
        with pytest.raises(RiskRefused):
            await desk.submit(big)
        await desk.limits.set("max_order_notional", "5000", ANN, reason="a good day", loosen=True)
        assert (await desk.submit(big)).status is OrderStatus.OPEN
        assert [c.loosens for c in desk.limits.changes] == [False, True]


async def test_a_change_needs_a_reason_a_name_that_exists_and_a_value_that_the_file_would_take(
    bench: Bench, config: DeskConfig
) -> None:
    async with bench.open(config) as desk:
        for reason in (" ", "x" * 501):
            with pytest.raises(InvalidValue, match="reason"):
                await desk.limits.set("max_order_notional", "50", ANN, reason=reason)
        with pytest.raises(InvalidValue, match="has passed"):
            await desk.limits.set("max_order_notional", "50", ANN, reason="x", until_ns=bench.clock.now_ns())
        with pytest.raises(ConfigError, match="Did you mean max_order_notional"):
            await desk.limits.set("max_order_notionl", "50", ANN, reason="x")
        for value in ("-5", "NaN", "", "5e2", "five"):
            with pytest.raises(ConfigError, match="must be"):
                await desk.limits.set("max_order_notional", value, ANN, reason="x")
        assert rows(desk, EntryKind.CONTROL) == []
        await desk.submit(limit())


async def test_a_desk_that_does_not_understand_a_change_refuses_orders_says_why_and_goes_on_without_it(
    bench: Bench, config: DeskConfig, elsewhere: Store
) -> None:
    async with bench.open(config) as desk:
        await elsewhere.set_limit(change("500", format=2), ROW)
        await heard(bench)
        with pytest.raises(RiskRefused, match=r"newer version of venuekit; .* sends no orders"):
            await desk.submit(limit())
        preview = await desk.preview(limit())
        assert (preview.allowed, preview.verdicts[0].check) == (False, "limits")
        working = await desk.open_orders()
        assert list(working) == []
        assert await desk.limits.unset("max_order_notional", ANN, every_desk=True)
        await desk.submit(limit())


async def test_an_order_that_waits_is_checked_with_the_limits_of_the_moment_it_is_approved(
    bench: Bench, config: DeskConfig
) -> None:
    config = attrs.evolve(config, approval=ApprovalSettings(require_above=D(50)))
    async with bench.open(config) as desk:
        waiting = await desk.submit(limit())
        await desk.limits.set("max_order_notional", "60", ANN, reason="news")
        with pytest.raises(RiskRefused):
            await desk.approve(str(waiting.approval_id), Operator(name="bob", source="test"))
        assert (await desk.order(waiting.id)).status is OrderStatus.DENIED
        assert bench.venue.sent() == []


async def test_a_store_that_cannot_be_read_lets_no_order_pass_and_what_was_missed_is_read_later(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = bench.config(risk=RiskSettings(max_order_notional=D(1000)))
    other = open_store(f"sqlite:///{bench.folder / 'venuekit.db'}")
    async with bench.open(config) as desk:
        await other.set_limit(change("50"), ROW)

        def unreadable() -> list[LimitOverride]:
            raise JournalUnavailable("The store cannot be read: disk I/O error.")

        monkeypatch.setattr(desk.store, "limits", unreadable)
        for _ in range(2):
            with pytest.raises(JournalUnavailable):
                await desk.submit(limit())
        monkeypatch.undo()
        with pytest.raises(RiskRefused, match="50"):
            await desk.submit(limit())
    await other.close()


_OPERATOR = """
import asyncio, sys
from venuekit.desk.risk.changing import changed, set_entry
from venuekit.journal import open_store
from venuekit.protocols.approver import Operator
from venuekit.settings.schema import RiskSettings

async def main(url):
    store = open_store(url)
    print("ready", flush=True)
    sys.stdin.readline()
    ann = Operator(name="ann", source="another process")
    for value in ("900", "800", "50"):
        change = changed(
            "max_order_notional", value, configured=RiskSettings(), desk="", operator=ann, reason="news",
            until_ns=None, loosen=False, now_ns=1,
        )
        await store.set_limit(change, set_entry(change, ann))
    await store.close()

asyncio.run(main(sys.argv[1]))
"""


async def test_a_desk_obeys_a_limit_that_another_process_sets(bench: Bench, config: DeskConfig) -> None:
    url = config.store.url or f"sqlite:///{bench.folder / 'venuekit.db'}"
    process = subprocess.Popen(
        [sys.executable, "-c", _OPERATOR, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    async with bench.open(config) as desk:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        await desk.submit(limit())
        process.communicate("go\n")
        assert process.returncode == 0
        await heard(bench)
        with pytest.raises(RiskRefused, match="50"):
            await desk.submit(limit())
        assert [c.value for c in desk.limits.changes] == ["50"]
        assert desk.store.verify().ok
