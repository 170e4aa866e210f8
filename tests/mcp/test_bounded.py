"""Every answer is bounded, and a list that is cut short goes on at its cursor without a loss or a repetition."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from venuekit.settings.schema import PaceSettings, RiskSettings
from venuekit_mcp.results import MOST_BYTES, bounded

pytestmark = pytest.mark.anyio
REASON = "because " * 60
REST = {"instrument": "BTC-USD", "side": "BUY", "order_type": "LIMIT", "size": "0.001", "reason": REASON}
MANY = 110


@pytest.fixture
def crowded(bench):
    """A desk on which an agent may have very many orders."""
    return bench(
        risk=RiskSettings(max_open_orders=1000, max_order_notional=Decimal(20_000)),
        pace=PaceSettings(agent_calls_per_minute=1_000_000),
    )


async def fill_up(client):
    """Ids of many open orders with long reasons, in their order."""
    ids = []
    for n in range(MANY):
        result = await client.call_tool("place_order", {**REST, "price": str(40_000 + n)})
        assert not result.is_error, result.structured_content
        ids.append(result.structured_content["order"]["id"])
    return ids


async def walked(client, tool, rows, **arguments):
    """All rows of a list, page by page, and the size of the largest page."""
    seen, largest, more = [], 0, {}
    while True:
        result = await client.call_tool(tool, {**arguments, **more})
        assert not result.is_error, result.structured_content
        body = result.structured_content
        assert "truncated" not in body
        seen += body[rows]
        largest = max(largest, len(result.content[0].text))
        if "next_cursor" not in body:
            return seen, largest
        more = {"cursor": body["next_cursor"]}


async def test_lists_of_long_rows_come_in_shorter_pages_and_whole(crowded):
    async with crowded as b, b.client() as c:
        ids = await fill_up(c)
        seen, largest = await walked(c, "get_orders", "orders", limit=100)
        assert sorted(o["id"] for o in seen) == sorted(ids)
        assert MOST_BYTES * 0.4 < largest <= MOST_BYTES
        await c.call_tool("cancel_all_orders", {})
        past, largest = await walked(c, "get_orders", "orders", view="history", limit=100)
        assert sorted(o["id"] for o in past) == sorted(ids)
        assert largest <= MOST_BYTES
        rows, largest = await walked(c, "get_audit", "rows", limit=100, kind="order")
        assert len({r["sequence"] for r in rows}) == len(rows)
        assert largest <= MOST_BYTES
        body = (await c.read_resource("order://history")).contents[0].text
        assert len(body) <= MOST_BYTES


async def test_events_that_do_not_fit_are_given_by_the_next_call(crowded):
    async with crowded as b, b.client() as c:
        opened = (await c.call_tool("subscribe", {"channel": "own_orders"})).structured_content
        ids = await fill_up(c)
        seen, cursor = [], opened["cursor"]
        while not set(ids) <= {e["order"]["id"] for e in seen}:
            result = await c.call_tool(
                "wait_for_event",
                {"subscription": opened["subscription"], "cursor": cursor, "limit": 100, "timeout": 5},
            )
            body = result.structured_content
            assert "truncated" not in body
            assert body["lost"] == 0
            assert len(result.content[0].text) <= MOST_BYTES
            seen += [e for e in body["events"] if e["event"] == "order"]
            cursor = body["cursor"]
        first = [e["order"]["id"] for e in seen if e["kind"] == "submitting"]
        assert first == [i for i in ids if i in set(first)], "in the order in which they happened"
        assert len(seen) == len({json.dumps(e, sort_keys=True) for e in seen})


def test_an_answer_that_cannot_page_is_cut_and_says_so():
    body, text = bounded({"results": [{"text": "x" * 1000}] * 1000, "other": 1})
    assert len(text) <= MOST_BYTES
    assert json.loads(text) == body
    assert 0 < len(body["results"]) < 1000
    assert "results was cut to" in body["truncated"]
