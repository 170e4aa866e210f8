"""What is wrong with the trading tools of the best-known Polymarket server, defect by defect, is right here.

There, no order was ever posted, and positions and balances had no call; the worst price was taken for the best; one slow
answer froze every tool; errors were answers that repeated raw arguments; ticks, sizes, wallets, repeated orders and lost
answers were nobody's business; and the agent approved its own orders with `confirm`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from double_streams import a_double
from polymarket_agent import ORDER, SLUG, YES, agent, call, posted, refused

from venuekit import Mode
from venuekit.adapter import ConfigError, Side
from venuekit_doubles.polymarket import Account, Fault, PolymarketDouble, WalletKind

pytestmark = pytest.mark.anyio
D = Decimal
BY_SHARES = {"instrument": YES, "side": "BUY", "order_type": "MARKET", "size": "10", "reason": "a test"}
BY_MONEY = {"instrument": YES, "side": "BUY", "order_type": "MARKET", "quote_size": "10", "reason": "a test"}
AT_ONCE = {**ORDER, "price": "0.64"}


@pytest.fixture
def double() -> Iterator[PolymarketDouble]:
    with a_double() as running:
        yield running


# -- no order was ever posted; positions and balances had no call


@pytest.mark.parametrize(
    "order",
    [
        ORDER,
        {**ORDER, "post_only": True},
        {**ORDER, "time_in_force": "GTD", "expires_at": "2030-01-01T00:00:00Z"},
        {**AT_ONCE, "time_in_force": "FOK"},
        {**AT_ONCE, "time_in_force": "IOC"},
        BY_SHARES,
        BY_MONEY,
    ],
    ids=["GTC", "post-only", "GTD", "FOK", "FAK", "market-by-shares", "market-by-money"],
)
async def test_an_order_is_really_posted_and_the_venue_has_it(
    double: PolymarketDouble, tmp_path: Path, order: dict[str, object]
) -> None:
    async with agent(double, tmp_path) as client:
        placed = (await call(client, "place_order", **order))["order"]
        assert posted(double) == 1
        assert placed["venue_order_id"].startswith("0x")
        filled = D(placed["filled_size"])
        assert (placed["status"], filled > 0) in {("OPEN", False), ("FILLED", True)}
        listed = (await call(client, "get_orders", instrument=YES))["orders"]
        assert [o["id"] for o in listed] == ([] if filled else [placed["id"]])
        fills = (await call(client, "get_fills", instrument=YES))["fills"]
        assert sum(D(f["size"]) for f in fills) == filled


async def test_a_cancel_reaches_the_venue_for_that_order_alone(double: PolymarketDouble, tmp_path: Path) -> None:
    async with agent(double, tmp_path) as client:
        first = (await call(client, "place_order", **ORDER))["order"]["id"]
        second = (await call(client, "place_order", **{**ORDER, "size": "11"}))["order"]["id"]
        assert (await call(client, "cancel_order", order_id=first))["order"]["status"] == "CANCELED"
        assert [o["id"] for o in (await call(client, "get_orders"))["orders"]] == [second]
        assert double.do(lambda: [o.wallet for o in double.venue.clob.open_orders()]).count(double.account.wallet) == 1


async def test_positions_and_balances_are_the_accounts(double: PolymarketDouble, tmp_path: Path) -> None:
    async with agent(double, tmp_path) as client:
        bought = (await call(client, "place_order", **BY_SHARES))["order"]
        [held] = (await call(client, "get_positions"))["positions"]
        assert (D(held["size"]), held["average_entry_price"]) == (10, bought["average_price"])
        money = {b["asset"]: D(b["total"]) for b in (await call(client, "get_balances"))["balances"]}
        assert money["pUSD"] == 100_000 - 10 * D(bought["average_price"]) - D(bought["fees"])


# -- the last of the venue's arrays, which end with the best, was the first


async def test_the_best_price_is_the_best_for_reading_for_checking_and_for_trading(
    double: PolymarketDouble, tmp_path: Path
) -> None:
    async with agent(double, tmp_path) as client:
        asks = [D(level["price"]) for level in (await call(client, "get_orderbook", instrument=YES))["asks"]]
        assert asks[0] == min(asks) < max(asks), "there are worse prices that could be taken for the best"
        [ticker] = (await call(client, "get_market_data", instruments=[YES]))["tickers"]
        assert D(ticker["ask"]) == asks[0]
        order = (await call(client, "place_order", **BY_SHARES))["order"]
        assert D(order["average_price"]) == asks[0]


# -- one answer that did not come froze every tool


async def test_a_tool_that_waits_for_the_venue_holds_up_no_other_and_ends_at_its_deadline(
    double: PolymarketDouble, tmp_path: Path
) -> None:
    async with agent(double, tmp_path, timeout_seconds=3.0) as client:
        double.fail("book", Fault.SILENCE)
        double.fail("books", Fault.SILENCE)
        waits = asyncio.create_task(client.call_tool("get_orderbook", {"instrument": YES}))
        await double.until(lambda: double.venue.faults.played.total() > 0)
        await call(client, "get_balances")
        await call(client, "get_orders")
        assert not waits.done()
        late = await waits
        assert late.is_error
        assert late.structured_content is not None
        assert late.structured_content["code"] == "VENUE_DOWN"


# -- errors were answers, with the arguments as they came


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("get_orderbook", {"instrument": "SECRET"}),
        ("get_market_data", {"instruments": ["SECRET"]}),
        ("place_order", {**ORDER, "side": "SECRET"}),
        ("place_order", {**ORDER, "api_secret": "SECRET"}),
        ("place_order", {**ORDER, "size": "SECRET"}),
        ("get_order_status", {"order_id": "SECRET"}),
        ("subscribe", {"channel": "SECRET"}),
    ],
)
async def test_a_mistake_is_an_error_of_mcp_and_repeats_no_secret(
    double: PolymarketDouble, tmp_path: Path, tool: str, arguments: dict[str, object]
) -> None:
    secret = double.account.private_key
    given = json.loads(json.dumps(arguments).replace("SECRET", secret))
    async with agent(double, tmp_path) as client:
        result = await client.call_tool(tool, given)
        assert result.is_error
        assert result.structured_content is not None
        assert result.structured_content["code"] in {"UNKNOWN_INSTRUMENT", "INVALID_VALUE", "UNKNOWN_ORDER"}
        assert secret[2:] not in result.model_dump_json()
    assert posted(double) == 0


async def test_a_refusal_of_the_venues_is_an_error_with_its_cause_and_the_next_step(
    double: PolymarketDouble, tmp_path: Path
) -> None:
    async with agent(double, tmp_path) as client:
        double.give(double.account.wallet, "-99999")
        poor = await refused(client, "place_order", **ORDER)
        assert (poor["code"], bool(poor["fix"])) == ("INSUFFICIENT_FUNDS", True)


# -- no check of ticks and sizes


@pytest.mark.parametrize(
    ("terms", "code", "nearest"),
    [
        ({"price": "0.595"}, "INVALID_PRICE", "Nearest valid: 0.59 or 0.60."),
        ({"price": "1.2"}, "INVALID_PRICE", "Nearest valid: 0.99."),
        ({"size": "4"}, "INVALID_SIZE", "Use 5.0 or more."),
        ({"size": "10.019"}, "INVALID_SIZE", "Nearest valid: 10.01 or 10.02."),
    ],
)
async def test_a_price_off_the_tick_or_a_size_that_is_none_is_refused_with_what_would_do_and_not_sent(
    double: PolymarketDouble, tmp_path: Path, terms: dict[str, str], code: str, nearest: str
) -> None:
    async with agent(double, tmp_path) as client:
        wrong = await refused(client, "place_order", **{**ORDER, **terms})
        assert wrong["code"] == code
        assert nearest in wrong["fix"]
    assert posted(double) == 0


# -- no kind of signature, no funder


@pytest.mark.parametrize("kind", list(WalletKind))
async def test_the_kind_of_wallet_follows_from_its_address_and_orders_are_signed_for_it(
    double: PolymarketDouble, tmp_path: Path, kind: WalletKind
) -> None:
    account = double.add_account(Account.named(f"agent of {kind}", kind))
    async with agent(double, tmp_path, account=account) as client:
        assert (await call(client, "place_order", **ORDER))["order"]["status"] == "OPEN"


async def test_a_funder_that_the_key_does_not_own_is_refused_before_anything_is_asked(
    double: PolymarketDouble, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match="funder") as wrong:
        async with agent(double, tmp_path, funder=double.other.wallet):
            pytest.fail("it opened")
    assert double.account.wallet in str(wrong.value.details["accepted"])
    assert not double.requests


# -- no idempotency, no reconciliation


async def test_the_same_order_called_again_is_one_order(double: PolymarketDouble, tmp_path: Path) -> None:
    order = {**ORDER, "client_order_id": "once"}
    async with agent(double, tmp_path) as client:
        first = await call(client, "place_order", **order)
        assert (await call(client, "place_order", **order))["order"]["id"] == first["order"]["id"]
        other = await refused(client, "place_order", **{**order, "size": "11"})
        assert other["code"] == "CLIENT_ORDER_ID_REUSED"
    assert posted(double) == 1


@pytest.mark.parametrize("order", [ORDER, AT_ONCE], ids=["rests", "trades"])
async def test_an_order_whose_answer_is_lost_is_found_by_its_id_and_not_sent_as_another(
    double: PolymarketDouble, tmp_path: Path, order: dict[str, object]
) -> None:
    async with agent(double, tmp_path) as client:
        double.fail("post_order", Fault.AFTER_RESET)
        placed = (await call(client, "place_order", **order))["order"]
        assert placed["status"] in {"OPEN", "FILLED"}
        assert len((await call(client, "get_orders"))["orders"]) == (placed["status"] == "OPEN")
        fills = (await call(client, "get_fills"))["fills"]
        assert sum(D(f["size"]) for f in fills) == (0 if placed["status"] == "OPEN" else 10)


async def test_what_happened_while_nobody_was_there_is_reconciled_at_the_next_start(
    double: PolymarketDouble, tmp_path: Path
) -> None:
    async with agent(double, tmp_path) as client:
        order = (await call(client, "place_order", **{**ORDER, "price": "0.62"}))["order"]
        assert order["status"] == "OPEN"
    double.split(SLUG, "10", double.other)
    double.order(double.market(SLUG).tokens[0], Side.SELL, "0.62", "10")
    async with agent(double, tmp_path) as client:
        now = (await call(client, "get_order_status", order_id=order["id"]))["order"]
        assert (now["status"], D(now["filled_size"])) == ("FILLED", 10)
        [held] = (await call(client, "get_positions"))["positions"]
        assert D(held["size"]) == 10


# -- the agent approved itself


async def test_no_argument_approves_an_order(double: PolymarketDouble, tmp_path: Path) -> None:
    async with agent(double, tmp_path, approve_above="1") as client:
        waits = (await call(client, "place_order", **ORDER))["order"]
        assert waits["status"] == "PENDING_APPROVAL"
        for attempt in ({"confirm": True}, {"approved": True}, {"acknowledged": "yes"}):
            await refused(client, "place_order", **ORDER, **attempt)
    assert posted(double) == 0


async def test_read_only_is_the_default_and_lists_nothing_that_trades(double: PolymarketDouble, tmp_path: Path) -> None:
    async with agent(double, tmp_path, Mode.READ_ONLY) as client:
        tools = (await client.list_tools()).tools
        assert tools
        assert all(tool.annotations and tool.annotations.read_only_hint for tool in tools)
