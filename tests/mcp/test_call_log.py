"""Every call is in the audit: in order, what acts at once, and what could not be written as soon as it can be."""

from __future__ import annotations

import asyncio

import pytest

from venuekit.errors import JournalUnavailable
from venuekit.protocols.journal import EntryKind, RowQuery
from venuekit_mcp import call_log
from venuekit_mcp.call_log import kept

pytestmark = pytest.mark.anyio
BUY = {"instrument": "BTC-USD", "side": "BUY", "order_type": "LIMIT", "size": "0.01", "price": "49000", "reason": "t"}


def rows(desk, *kinds):
    """Subject and kind of the rows of some kinds, oldest first."""
    return [(r.kind, r.subject) for r in reversed(desk.store.rows(RowQuery(kinds=kinds)))]


@pytest.fixture
async def journal(monkeypatch):
    """Make a desk's journal fail for some kinds of rows, and count its writes."""

    class Journal:
        def __init__(self):
            self.writes = []
            self.broken = ()
            self.failure = asyncio.get_running_loop().create_future()

        def under(self, desk):
            append = desk.store.append

            async def watched(entries, claims=()):
                if any(e.kind in self.broken for e in entries):
                    error = JournalUnavailable("The disk is full.")
                    if not self.failure.done():
                        self.failure.set_exception(error)
                    raise error
                self.writes.append([e.kind for e in entries])
                return await append(entries, claims)

            monkeypatch.setattr(desk.store, "append", watched)

    made = Journal()
    yield made
    made.failure.cancel()


async def test_calls_that_only_read_are_written_together_soon_after(bench, journal, monkeypatch):
    monkeypatch.setattr(call_log, "GROUP_SECONDS", 0.3)  # longer than three calls take on a busy machine
    async with bench() as b, b.client() as c:
        journal.under(b.desk)
        for _ in range(3):
            await c.call_tool("get_positions", {})
        assert journal.writes == []
        async with asyncio.timeout(60):
            while not journal.writes:
                await b.desk.clock.sleep(0.01)
        assert journal.writes == [[EntryKind.CALL] * 3]
        assert [s for _, s in rows(b.desk, EntryKind.CALL)] == ["get_positions"] * 3


async def test_what_was_read_before_an_order_is_on_record_before_it(bench):
    async with bench() as b, b.client() as c:
        await c.call_tool("get_orderbook", {"instrument": "BTC-USD"})
        await c.call_tool("place_order", BUY)
        seen = [(str(kind), subject) for kind, subject in rows(b.desk, EntryKind.CALL, EntryKind.INTENT)]
        assert [kind for kind, _ in seen] == ["call", "intent", "call"]
        assert (seen[0][1], seen[2][1]) == ("get_orderbook", "place_order")


async def test_the_audit_tool_shows_the_calls_just_made(bench):
    async with bench() as b, b.client() as c:
        await c.call_tool("get_positions", {})
        found = (await c.call_tool("get_audit", {"kind": "call"})).structured_content["rows"]
        assert [r["subject"] for r in found] == ["get_positions"]


async def test_the_last_calls_are_written_when_the_client_leaves(bench):
    async with bench() as b:
        async with b.client() as c:
            await c.call_tool("get_positions", {})
            await c.read_resource("risk://state")
            await c.get_prompt("risk_check")
        assert [s for _, s in rows(b.desk, EntryKind.CALL)] == ["get_positions", "resources/read", "prompts/get"]


async def test_while_the_audit_cannot_be_written_calls_are_refused_and_none_is_forgotten(bench, journal, capsys):
    async with bench() as b, b.client() as c:
        journal.under(b.desk)
        journal.broken = (EntryKind.CALL,)
        await c.call_tool("get_positions", {})
        with pytest.raises(JournalUnavailable):
            await journal.failure
        refused = await c.call_tool("get_balances", {})
        assert refused.structured_content["code"] == "JOURNAL_UNAVAILABLE"
        order = await c.call_tool("place_order", BUY)
        assert order.structured_content["code"] == "JOURNAL_UNAVAILABLE"
        assert not await b.venue.open_orders()
        journal.broken = ()
        assert not (await c.call_tool("get_fills", {})).is_error
        assert [s for _, s in rows(b.desk, EntryKind.CALL)] == [
            "get_positions",
            "get_balances",
            "place_order",
            "get_fills",
        ]
    assert "disk is full" in capsys.readouterr().err


async def test_an_order_that_went_is_told_even_if_the_row_of_its_call_fails(bench, journal, capsys):
    async with bench() as b, b.client() as c:
        journal.under(b.desk)
        submit = b.venue.submit

        async def last_write(request):
            journal.broken = (EntryKind.CALL,)
            return await submit(request)

        b.venue.submit = last_write
        answer = await c.call_tool("place_order", BUY)
        assert answer.structured_content["order"]["status"] == "OPEN"
        journal.broken = ()
        await c.call_tool("get_audit", {})
        assert ("call", "place_order") in rows(b.desk, EntryKind.CALL)
    assert "place_order is not in the audit yet" in capsys.readouterr().err


def test_what_is_kept_of_arguments_is_bounded_whatever_was_sent():
    deep = {"a": {"b": {"c": {"d": {"e": 1}}}}}
    assert kept(deep) == {"a": {"b": {"c": {"d": "…"}}}}
    assert len(kept("x" * 10_000)) < 1100
    assert len(kept({str(n): n for n in range(1000)})) == 50
    assert kept({"k" * 1000: [1] * 1000}) == {"k" * 64: [1] * 50}
