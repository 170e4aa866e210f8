"""Every kind of bad input is a tool error that names the field and what would be accepted; nothing is sent."""

from __future__ import annotations

import pytest
from mcp.shared.exceptions import MCPError

import mcp
from venuekit.adapter import FillQuery
from venuekit.protocols.journal import EntryKind, RowQuery
from venuekit.settings.schema import RiskSettings

pytestmark = pytest.mark.anyio
BUY = {
    "instrument": "BTC-USD",
    "side": "BUY",
    "order_type": "LIMIT",
    "size": "0.01",
    "price": "49000",
    "reason": "test",
}
GTD = {"time_in_force": "GTD", "expires_at": "2001-01-01T00:00:00Z"}


def changed(**more):
    return {k: v for k, v in {**BUY, **more}.items() if v is not ...}


MATRIX = [
    ("unknown instrument", changed(instrument="BTC-USDD"), "UNKNOWN_INSTRUMENT", "instrument"),
    ("off the tick", changed(price="49000.001"), "INVALID_PRICE", "price"),
    ("off the lot", changed(size="0.0105"), "INVALID_SIZE", "size"),
    ("too small", changed(size="0.0001"), "INVALID_SIZE", "size"),
    ("NaN", changed(size="NaN"), "INVALID_VALUE", "size"),
    ("Infinity", changed(price="Infinity"), "INVALID_VALUE", "price"),
    ("exponent", changed(size="1e-2"), "INVALID_VALUE", "size"),
    ("negative", changed(size="-1"), "INVALID_VALUE", "size"),
    ("zero", changed(price="0"), "INVALID_VALUE", "price"),
    ("huge", changed(size="9" * 40), "INVALID_VALUE", "size"),
    ("many digits", changed(size="0." + "1" * 40), "INVALID_VALUE", "size"),
    ("a number, not a string", changed(size=0.01), "INVALID_VALUE", "size"),
    ("bad side", changed(side="LONG"), "INVALID_VALUE", "side"),
    ("lower case side", changed(side="buy"), "INVALID_VALUE", "side"),
    ("bad type", changed(order_type="ICEBERG"), "INVALID_VALUE", "order_type"),
    ("missing price", changed(price=...), "INVALID_VALUE", "price"),
    ("missing reason", changed(reason=...), "INVALID_VALUE", "reason"),
    ("missing size", changed(size=...), "INVALID_VALUE", "size"),
    ("price on a market order", changed(order_type="MARKET"), "INVALID_VALUE", "price"),
    ("size and quote_size", changed(order_type="MARKET", price=..., quote_size="100"), "INVALID_VALUE", "size"),
    ("post-only that never rests", changed(post_only=True, time_in_force="IOC"), "INVALID_VALUE", "post_only"),
    ("post-only that crosses", changed(post_only=True, price="50010"), "POST_ONLY_WOULD_CROSS", "price"),
    ("GTD without a time", changed(time_in_force="GTD"), "INVALID_VALUE", "expires_at"),
    ("a time without GTD", changed(expires_at="2030-01-01T00:00:00Z"), "INVALID_VALUE", "expires_at"),
    ("expired GTD", changed(**GTD), "INVALID_VALUE", "expires_at"),
    (
        "a time without zone",
        changed(time_in_force="GTD", expires_at="2030-01-01T00:00:00"),
        "INVALID_VALUE",
        "expires_at",
    ),
    ("trailing newline in a number", changed(size="0.01\n"), "INVALID_VALUE", "size"),
    ("trailing newline in a side", changed(side="BUY\n"), "INVALID_VALUE", "side"),
    ("trailing newline in an id", changed(instrument="BTC-USD\n"), "INVALID_VALUE", "instrument"),
    ("other scripts' digits", changed(size="٠.٠١"), "INVALID_VALUE", "size"),
    ("full-width digits", changed(price="４９０００"), "INVALID_VALUE", "price"),
    ("spaces", changed(size=" 0.01"), "INVALID_VALUE", "size"),
    ("plus sign", changed(size="+0.01"), "INVALID_VALUE", "size"),
    ("separators", changed(price="49_000"), "INVALID_VALUE", "price"),
    ("wrong type of a flag", changed(post_only="yes"), "INVALID_VALUE", "post_only"),
    ("wrong type of a text", changed(reason=7), "INVALID_VALUE", "reason"),
    ("null where one is needed", changed(side=None), "INVALID_VALUE", "side"),
    ("bad client order id", changed(client_order_id="a b"), "INVALID_VALUE", "client_order_id"),
    ("self-approval", changed(confirm=True), "INVALID_VALUE", "confirm"),
    ("acknowledgement", changed(acknowledged="yes"), "INVALID_VALUE", "acknowledged"),
    ("unknown argument", changed(leverage="10"), "INVALID_VALUE", "leverage"),
    ("oversized text", changed(reason="x" * 100_000), "INVALID_VALUE", "reason"),
    ("oversized unknown argument", changed(blob="x" * 1_000_000), "INVALID_VALUE", "blob"),
    ("deep nesting", changed(reason=[[[["x"] * 50] * 50]]), "INVALID_VALUE", "reason"),
    ("over the limit", changed(size="1"), "RISK_REFUSED", None),
    ("far from the market", changed(price="60000", size="0.1"), "RISK_REFUSED", None),
]


@pytest.mark.parametrize(("arguments", "code", "field"), [m[1:] for m in MATRIX], ids=[m[0] for m in MATRIX])
async def test_a_bad_order_is_refused_with_its_reason_and_nothing_is_sent(bench, arguments, code, field, capsys):
    async with bench() as b, b.client() as c:
        result = await c.call_tool("place_order", arguments)
        assert result.is_error
        body = result.structured_content
        assert body["code"] == code, body
        assert body.get("field") == field, body
        assert body["message"]
        assert len(result.content[0].text) < 3000
        assert body["mode"] == "shadow"
        assert not await b.venue.open_orders()
        assert not (await b.venue.fills(FillQuery())).items
        rows = b.desk.store.rows(RowQuery(kinds=(EntryKind.CALL,)))
        assert rows[0].subject == "place_order"
        assert rows[0].body["outcome"] == code
        said = body["venue_says"]["text"] if "venue_says" in body else body["message"]
        assert rows[0].body["detail"].startswith(said[:100]), "the journal says why"
        assert len(str(rows[0].body)) < 5000
    assert "Traceback" not in capsys.readouterr().err


OTHERS = [
    ("get_order_status", {"order_id": "nope"}, "UNKNOWN_ORDER", "order_id"),
    ("cancel_order", {"order_id": "nope"}, "UNKNOWN_ORDER", "order_id"),
    ("amend_order", {"order_id": "nope", "reason": "x"}, "INVALID_VALUE", "size"),
    ("get_approval_status", {"approval_id": "nope"}, "UNKNOWN_APPROVAL", "approval_id"),
    ("search_instruments", {"cursor": "bm9wZQ=="}, "INVALID_CURSOR", "cursor"),
    ("search_instruments", {"cursor": "ünïcode"}, "INVALID_CURSOR", "cursor"),
    ("get_orders", {"cursor": "!!!"}, "INVALID_CURSOR", "cursor"),
    ("get_orders", {"view": "history", "cursor": "!!!"}, "INVALID_CURSOR", "cursor"),
    ("get_fills", {"cursor": "AAAA"}, "INVALID_CURSOR", "cursor"),
    ("get_audit", {"cursor": "AAAA"}, "INVALID_CURSOR", "cursor"),
    ("get_orders", {"status": "FILLED"}, "INVALID_VALUE", "status"),
    ("get_orderbook", {"instrument": "BTC-USD", "depth": 0}, "INVALID_VALUE", "depth"),
    ("get_orderbook", {"instrument": "BTC-USD", "depth": True}, "INVALID_VALUE", "depth"),
    ("get_orderbook", {"instrument": "BTC-USD", "depth": "5"}, "INVALID_VALUE", "depth"),
    ("get_market_data", {"instruments": []}, "INVALID_VALUE", "instruments"),
    ("get_market_data", {"instruments": "BTC-USD"}, "INVALID_VALUE", "instruments"),
    ("get_market_data", {"instruments": ["BTC-USD"] * 21}, "INVALID_VALUE", "instruments"),
    ("subscribe", {"channel": "book", "instruments": ["BTC-USD"]}, "UNSUPPORTED", "channel"),
    ("subscribe", {"channel": "ticker"}, "INVALID_VALUE", "instruments"),
    ("subscribe", {"channel": "ticker", "instruments": ["NOPE"]}, "UNKNOWN_INSTRUMENT", "instrument"),
    ("wait_for_event", {"subscription": "nope"}, "INVALID_VALUE", "subscription"),
    ("wait_for_event", {"subscription": "nope", "timeout": 26}, "INVALID_VALUE", "timeout"),
    ("calculate_position_metrics", {"instrument": "BTC-USD"}, "INVALID_VALUE", "size"),
    ("close_position", {"instrument": "BTC-USD", "reason": "x"}, "NOT_REDUCING", "instrument"),
]


@pytest.mark.parametrize(("tool", "arguments", "code", "field"), OTHERS)
async def test_other_tools_say_what_is_wrong_too(bench, tool, arguments, code, field):
    async with bench() as b, b.client() as c:
        result = await c.call_tool(tool, arguments)
        assert result.is_error
        assert (result.structured_content["code"], result.structured_content.get("field")) == (code, field)


async def test_an_order_that_is_done_cannot_be_canceled(bench):
    async with bench() as b, b.client() as c:
        order = (await c.call_tool("place_order", changed(price="50010"))).structured_content["order"]
        result = await c.call_tool("cancel_order", {"order_id": order["id"]})
        assert (result.is_error, result.structured_content["code"]) == (True, "ORDER_ALREADY_DONE")


async def test_the_nearest_valid_prices_and_near_matches_are_named(bench):
    async with bench() as b, b.client() as c:
        off = (await c.call_tool("place_order", changed(price="49000.001"))).structured_content
        assert "49000.01" in str(off["details"])
        unknown = (await c.call_tool("place_order", changed(instrument="BTC-USDD"))).structured_content
        assert "BTC-USD" in str(unknown)


async def test_an_unknown_tool_is_a_protocol_error(bench, era):
    async with bench() as b, mcp.Client(b.server, mode=era) as c:
        with pytest.raises(MCPError) as caught:
            await c.call_tool("approve_order", {})
        assert caught.value.error.code == -32602


async def test_insufficient_balance_says_what_is_there(bench):
    async with bench(risk=RiskSettings()) as b, b.client() as c:
        result = await c.call_tool("place_order", changed(size="5"))
        assert result.is_error
        body = result.structured_content
        assert body["code"] in ("RISK_REFUSED", "INSUFFICIENT_FUNDS")
        assert "100000" in str(body)


async def test_a_bug_is_an_incident_and_never_a_traceback(bench, capsys, monkeypatch):
    async with bench() as b, b.client() as c:

        async def broken(*_, **__):
            raise ZeroDivisionError("secret detail")

        monkeypatch.setattr(b.desk.venue, "order_book", broken)
        result = await c.call_tool("get_orderbook", {"instrument": "BTC-USD"})
        assert result.structured_content["code"] == "INTERNAL_ERROR"
        assert "secret detail" not in result.content[0].text
        incident = result.structured_content["details"]["incident"]
    assert incident in capsys.readouterr().err
