"""Prompts written for other servers keep working: their names, our road."""

from __future__ import annotations

import json

import pytest

from venuekit.protocols.approver import Mode
from venuekit_mcp.profiles import PROFILES

pytestmark = pytest.mark.anyio


async def body(client, tool, **arguments):
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.structured_content
    return result.structured_content


@pytest.mark.parametrize("profile", PROFILES)
async def test_a_profile_adds_its_names_beside_the_core(bench, profile):
    async with bench(profile=profile) as b, b.client() as c:
        names = [t.name for t in (await c.list_tools()).tools]
        assert len(names) == len(set(names))
        assert {a.name for a in PROFILES[profile].tools} <= set(names)
        uris = {str(r.uri) for r in (await c.list_resources()).resources}
        for uri, _, _ in PROFILES[profile].resources:
            assert uri in uris
            assert json.loads((await c.read_resource(uri)).contents[0].text)["venue"] == "pocket"


async def test_coinbase_names_place_an_order(bench):
    async with bench(profile="coinbase") as b, b.client() as c:
        order = {"product_id": "BTC-USD", "side": "BUY", "order_type": "LIMIT", "size": "0.01", "limit_price": "50010"}
        preview = await body(c, "preview_order", **order, reason="t")
        assert preview["allowed"]
        placed = await body(c, "place_order", **order, reason="t")
        assert placed["order"]["status"] == "FILLED"
        wrong = await c.call_tool("place_order", {**order, "side": "LONG", "reason": "t"})
        assert (wrong.structured_content["code"], wrong.structured_content["field"]) == ("INVALID_VALUE", "side")


async def test_polybot_and_realtime_names_work(bench):
    async with bench(profile="polybot") as b, b.client() as c:
        assert (await body(c, "list_markets"))["instruments"]
        bought = await body(c, "shadow_buy", token_id="BTC-USD", price="50010", size="0.01", reason="t")
        assert bought["order"]["side"] == "BUY"
    async with bench(profile="polymarket-realtime") as b, b.client() as c:
        opened = await body(c, "subscribe_market_prices", market_ids=["BTC-USD"])
        assert (opened["channel"], opened["instruments"]) == ("ticker", ["BTC-USD"])
        await body(c, "unsubscribe_realtime", subscription_id=opened["subscription_id"])


TOKEN = {"token_id": "BTC-USD", "price": "49000", "size": "0.01", "reason": "t"}
PRODUCT = {"product_id": "BTC-USD", "side": "BUY", "order_type": "LIMIT", "size": "0.01", "limit_price": "49000"}
CALLS = {
    "polybot": {
        "list_markets": {"text": "btc"},
        "get_market": {"instruments": ["BTC-USD"]},
        "get_order_book": {"instrument": "BTC-USD"},
        "get_portfolio": {},
        "get_open_orders": {},
        "check_risk": {"instrument": "BTC-USD", "side": "BUY", "order_type": "LIMIT", "size": "1", "price": "49000"},
        "shadow_buy": TOKEN,
        "shadow_sell": {**TOKEN, "price": "50000", "size": "0.001"},
        "submit_order": TOKEN,
    },
    "polymarket-realtime": {
        "get_realtime_status": {},
        "wait_for_event": {"subscription": "none"},
    },
    "coinbase": {
        "list_products": {},
        "get_accounts": {},
        "get_product_book": {"product_id": "BTC-USD", "limit": 2},
        "get_candles": {"product_id": "BTC-USD", "granularity": "1h", "limit": 2},
        "place_order": {**PRODUCT, "reason": "t"},
        "preview_order": {**PRODUCT, "reason": "t"},
        "subscribe_ticker": {"product_ids": ["BTC-USD"]},
    },
}
#: What this venue cannot do, or was never opened, is said in our words.
REFUSED = {
    "wait_for_event": "INVALID_VALUE",
    "shadow_sell": "RISK_REFUSED",
}


@pytest.mark.parametrize("profile", PROFILES)
async def test_every_name_of_a_profile_does_its_work(bench, profile):
    assert set(CALLS[profile]) == {alias.name for alias in PROFILES[profile].tools}
    async with bench(profile=profile) as b, b.client() as c:
        await c.list_tools()
        for name, arguments in CALLS[profile].items():
            result = await c.call_tool(name, arguments)
            assert result.structured_content.get("code") == REFUSED.get(name), (name, result.structured_content)


async def test_a_profile_never_widens_what_a_mode_allows(bench):
    async with bench(profile="polybot", mode=Mode.READ_ONLY) as b, b.client() as c:
        assert "submit_order" not in {t.name for t in (await c.list_tools()).tools}
        refused = await c.call_tool("submit_order", {})
        assert refused.structured_content["code"] == "MODE_REFUSED"
