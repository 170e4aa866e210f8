"""Every payload that the venue documents is read, with numbers of many digits in it, and each digit comes out again."""

from __future__ import annotations

import itertools
import json
import os
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import pytest
from scripted_coinbase import BTC, V3, scripted

from venuekit.adapter import (
    FillQuery,
    Granularity,
    HistoryQuery,
    LimitOrder,
    OrderRef,
    Side,
)
from venuekit.watch.clock import SystemClock
from venuekit_coinbase import factory
from venuekit_coinbase.adapter import CoinbaseVenue
from venuekit_coinbase.asked_frames import Statuses
from venuekit_coinbase.own_frames import OwnFrames
from venuekit_coinbase.public_frames import Names, Read, Tickers, Trades
from venuekit_coinbase.strange import Strange

pytestmark = pytest.mark.anyio
_SHARED = [
    Path(os.environ.get("VENUEKIT_COINBASE_EXAMPLES", "")),
    *(p / "shared/data/coinbase/docs-examples" for p in Path(__file__).resolve().parents),
]
FOLDER = next((p for p in _SHARED if p.name == "docs-examples" and p.is_dir()), None)
needs_examples = pytest.mark.skipif(FOLDER is None, reason="no recorded payloads: set VENUEKIT_COINBASE_EXAMPLES")
#: Payloads of what this adapter never asks for, and why.
NOT_ASKED_FOR = {
    "moving money, portfolios and addresses: an adapter for trading does not": (
        "rest__Account__AllocatePortfolio rest__Account__CreateDepositAddress rest__Account__CreatePortfolio "
        "rest__Account__DeletePortfolio rest__Account__Deposit rest__Account__EditPortfolio "
        "rest__Account__GetAddressTransactions rest__Account__GetDepositAddress rest__Account__GetDepositAddresses "
        "rest__Account__GetPaymentMethods rest__Account__Transfer rest__Account__TransferPortfolioFunds "
        "rest__Account__Withdraw rest__Account__WithdrawCrypto rest__Account__CommitConvertTrade "
        "rest__Account__GetConvertTrade"
    ),
    "transactions have the same": (
        "rest__Account__GetDeposit rest__Account__GetDeposits rest__Account__GetTransaction "
        "rest__Account__GetWithdrawal rest__Account__GetWithdrawals"
    ),
    "INTX left Advanced Trade": (
        "rest__Account__GetPerpetualBalances rest__Account__SetPerpetualMultiAssetCollateralMode "
        "rest__Trading__GetPerpetualPosition"
    ),
    "margin settings of futures: positions and balances are enough for the desk": (
        "rest__Account__GetFuturesBalanceSummary rest__Account__GetFuturesCurrentMarginWindow "
        "rest__Account__GetIntradayMarginSetting rest__Account__SetIntradayMarginSetting ws__FuturesBalance"
    ),
    "a portfolio's breakdown: balances have it": "rest__Account__GetPortfolio",
    "names and rates of currencies: products have what trading needs": (
        "rest__ExchangeData__GetAssets rest__ExchangeData__GetCryptoAssets rest__ExchangeData__GetExchangeRates "
        "rest__ExchangeData__GetFiatAssets"
    ),
    "another interface's book": "rest__ExchangeData__GetAggregatedOrderBook",
    "the desk closes positions with an order of its own": "rest__Trading__ClosePosition",
    "candles are asked for, tickers come one by one": "ws__BatchTicker ws__Klines",
    "a recording of a client's messages alone": "ws__Concurrent",
}
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
#: Numbers that are no amounts.
_KEPT = ("start", "scale", "cursor", "trade_id", "leverage", "completion_percentage", "stop_direction")

Found = tuple[Any, set[Decimal]]


class Planted:
    """A payload whose amounts are numbers of twenty digits, each another."""

    def __init__(self, name: str) -> None:
        assert FOLDER is not None
        text = (FOLDER / f"{name}.json").read_text()
        self._count = itertools.count(1)
        #: The numbers by the name of their field.
        self.by_name: dict[str, set[Decimal]] = {}
        self.body = self._plant(json.loads(text), "")

    def _plant(self, value: Any, name: str) -> Any:
        if isinstance(value, dict):
            return {k: self._plant(v, k) for k, v in value.items()}
        if isinstance(value, list):
            return [self._plant(v, name) for v in value]
        is_amount = isinstance(value, float) or (isinstance(value, str) and _NUMBER.fullmatch(value))
        if not is_amount or name in _KEPT:
            return value
        planted = Decimal(f"{next(self._count) + 10}.{next(self._count):018}")
        self.by_name.setdefault(name, set()).add(planted)
        return str(planted)

    def of(self, *names: str) -> set[Decimal]:
        """The numbers of these fields."""
        return {number for name in names for number in self.by_name.get(name, ())}

    @property
    def response(self) -> Any:
        """The answer of a REST example."""
        return self.body["response"]

    @property
    def frames(self) -> list[dict[str, Any]]:
        """What the server sent in a stream's example."""
        return [m["json"] for m in self.body if m["dir"] == "server"]


def numbers(value: Any) -> Iterator[Decimal]:
    """Every number in a result."""
    if isinstance(value, Decimal):
        yield value
    elif attrs.has(type(value)):
        for field in attrs.fields(type(value)):
            yield from numbers(getattr(value, field.name))
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from numbers(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from numbers(item)


REST: dict[str, tuple[Callable[[CoinbaseVenue], Awaitable[Any]], tuple[str, ...]]] = {
    "rest__Account__GetApiKeyInfo": (lambda v: v.portfolio.permissions(), ()),
    "rest__Account__GetFeeInfo": (lambda v: v.profile(), ("taker_fee_rate", "maker_fee_rate")),
    "rest__Account__GetFeeInfo2": (lambda v: v.profile(), ("taker_fee_rate", "maker_fee_rate")),
    "rest__ExchangeData__GetOrderBook": (lambda v: v.order_book("BTC-USD"), ("price", "size")),
    "rest__ExchangeData__GetTradeHistory": (lambda v: v.trades("BTC-USD"), ("price", "size")),
    "rest__ExchangeData__GetKlines": (
        lambda v: v.candles("BTC-USD", Granularity.ONE_MINUTE, start_ns=1639508040 * 10**9, limit=1),
        ("open", "high", "low", "close", "volume"),
    ),
    "rest__Trading__GetFuturesPositions": (
        lambda v: v.positions(),
        ("number_of_contracts", "current_price", "avg_entry_price", "unrealized_pnl"),
    ),
    "rest__Trading__GetUserTrades": (lambda v: v.fills(FillQuery(limit=1)), ("price", "size", "commission")),
}
PATHS = {
    "GetApiKeyInfo": "/key_permissions",
    "GetFeeInfo": "/transaction_summary",
    "GetFeeInfo2": "/transaction_summary",
    "GetOrderBook": "/product_book",
    "GetTradeHistory": "/products/BTC-USD/ticker",
    "GetKlines": "/products/BTC-USD/candles",
    "GetFuturesPositions": "/cfm/positions",
    "GetUserTrades": "/orders/historical/fills",
}
NO_FILLS = {"/orders/historical/fills": {"fills": []}}


@needs_examples
@pytest.mark.parametrize("name", REST)
async def test_an_answer_keeps_every_digit(name: str, tmp_path: Path) -> None:
    planted, (read, fields) = Planted(name), REST[name]
    script = {**NO_FILLS, PATHS[name.rpartition("__")[2]]: planted.response}
    async with scripted(tmp_path, script) as (venue, _):
        result = await read(venue)
    assert result
    wanted = planted.of(*fields)
    assert bool(wanted) is bool(fields)
    assert wanted <= set(numbers(result))


@needs_examples
async def test_products_keep_every_digit(tmp_path: Path) -> None:
    planted = Planted("rest__ExchangeData__GetSymbols")
    async with scripted(tmp_path, {"/market/products": planted.response}) as (venue, _):
        found = await venue.instruments()
    assert [i.id for i in found] == ["BTC-USD"]
    rules = planted.of("base_increment", "price_increment", "base_min_size", "base_max_size", "quote_min_size")
    assert len(rules) == 5
    assert rules <= set(numbers(found))


@needs_examples
async def test_wallets_keep_every_digit(tmp_path: Path) -> None:
    planted = Planted("rest__Account__GetAccounts")
    for row in planted.response["accounts"]:
        row["deleted_at"] = None  # the example's wallet is active and deleted at once
    async with scripted(tmp_path, {"/accounts": planted.response}) as (venue, _):
        [balance] = await venue.balances()
    assert {balance.available, balance.held} == planted.of("value")


@needs_examples
@pytest.mark.parametrize("name", ["rest__Trading__GetOrder", "rest__Trading__GetOrders"])
async def test_orders_keep_every_digit(name: str, tmp_path: Path) -> None:
    planted = Planted(name)
    body, terms = planted.response, {"base_size": "1.000000000000000001", "limit_price": "2.000000000000000001"}
    for row in body.get("orders") or [body["order"]]:
        row["side"] = "BUY"  # the examples name no side that exists
        row["edit_history"] = []
        kinds = row["order_configuration"]  # the example of a list has every kind at once
        row["order_configuration"] = {"limit_limit_gtc": kinds.get("limit_limit_gtc", terms)}
        limit = row["order_configuration"]["limit_limit_gtc"]
    script = {"/orders/historical/batch": {**body, "has_next": False}, "/orders/historical/[^/]+": body}
    async with scripted(tmp_path, script) as (venue, _):
        if "order" in body:
            found: Any = await venue.order(OrderRef(venue_order_id="0000-000000-000000"))
        else:
            found = (await venue.order_history(HistoryQuery(limit=1))).items
    wanted = planted.of("filled_size", "average_filled_price", "total_fees")
    wanted |= {Decimal(limit["base_size"]), Decimal(limit["limit_price"])}
    assert len(wanted) == 5
    assert wanted <= set(numbers(found))


@needs_examples
async def test_transactions_keep_every_digit(tmp_path: Path) -> None:
    planted = Planted("rest__Account__GetTransactions")
    data = planted.response["data"]
    wanted = set()
    for row in data:
        row |= {"type": "receive", "status": "completed"}
        wanted.add(Decimal(row["amount"]["amount"]))
    script = {"/v2/accounts": {"data": [{"id": "w"}]}, "/v2/accounts/w/transactions": {"data": data}}
    async with scripted(tmp_path, script) as (venue, _):
        found = (await venue.transfers()).items
    assert len(found) == len(data) > 3
    assert wanted == {t.amount for t in found}


@needs_examples
async def test_a_quote_of_a_conversion_and_portfolios_keep_every_digit(tmp_path: Path) -> None:
    tools = {extra.name: extra for extra in factory.extras}
    quote, portfolios = Planted("rest__Account__CreateConvertQuote"), Planted("rest__Account__GetPortfolios")
    portfolios.response["portfolios"][0]["deleted"] = False
    wallets = {"accounts": [{"currency": "USD", "uuid": "a"}, {"currency": "USDC", "uuid": "b"}], "has_next": False}
    script = {"/accounts": wallets, "/convert/quote": quote.response, "/portfolios": portfolios.response}
    async with scripted(tmp_path, script) as (venue, _):
        tool = tools["quote_conversion"]
        given = tool.arguments(source="usd", target="USDC", amount=Decimal(5))
        found = await tool.call(venue, given)
        listed = await tools["list_portfolios"].call(venue, tools["list_portfolios"].arguments())
    trade = quote.response["trade"]
    assert found.gives == Decimal(trade["user_entered_amount"]["value"])
    assert found.gets == Decimal(trade["total"]["value"])
    assert found.fee == Decimal(trade["total_fee"]["amount"]["value"])
    assert [p.id for p in listed.portfolios] == ["string"]


@needs_examples
async def test_answers_to_orders_edits_and_cancels_are_read(tmp_path: Path) -> None:
    live = {
        "order_id": "11111-00000-000000",
        "client_order_id": "0000-00000-000000",
        "product_id": "BTC-USD",
        "side": "BUY",
        "status": "OPEN",
        "created_time": "2026-11-20T10:00:00Z",
        "order_configuration": {"limit_limit_gtc": {"base_size": "1", "limit_price": "5"}},
    }
    place, edit = (Planted(f"rest__Trading__{word}Order").response for word in ("Place", "Edit"))
    cancel = Planted("rest__Trading__CancelOrders").response
    cancel["results"][0]["order_id"] = live["order_id"]
    script = {
        "/orders": place,
        "/orders/edit": edit,
        "/orders/batch_cancel": cancel,
        "/orders/historical/[^/]+": {"order": live},
    }
    async with scripted(tmp_path, script) as (venue, side):
        request = LimitOrder(
            instrument="BTC-USD",
            side=Side.BUY,
            size=Decimal(1),
            price=Decimal(5),
            client_order_id=live["client_order_id"],
        )
        order = await venue.submit(request)
        assert order.venue_order_id == live["order_id"]
        amended = await venue.amend(OrderRef.of(order), price=Decimal(4))
        assert amended.price == 4
        assert (await venue.cancel(OrderRef.of(order))).venue_order_id == live["order_id"]
        assert len(side.asked("/orders")) == 1


# -- streams


def public(name: str, reader: type[Any], *fields: str) -> tuple[str, Any, tuple[str, ...]]:
    return name, reader, fields


PUBLIC = [
    public(
        "ws__Ticker", Tickers, "price", "best_bid", "best_bid_quantity", "best_ask", "best_ask_quantity", "volume_24_h"
    ),
    public("ws__Trades", Trades, "price", "size"),
]


@needs_examples
@pytest.mark.parametrize(("name", "reader", "fields"), PUBLIC, ids=[p[0] for p in PUBLIC])
def test_a_public_frame_keeps_every_digit(name: str, reader: Any, fields: tuple[str, ...]) -> None:
    planted = Planted(name)
    read: Read = reader(Names({"ETH-USDT": ""}), Strange())
    found = [event for frame in planted.frames for event in read(frame, 1)]
    assert found
    wanted = planted.of(*fields)
    assert len(wanted) >= len(fields)
    assert wanted <= {n for event in found for n in numbers(event)}


@needs_examples
async def test_a_frame_of_own_orders_keeps_every_digit(tmp_path: Path) -> None:
    planted = Planted("ws__User")
    async with scripted(tmp_path, {"/orders/historical/[^/]+": (404, {})}) as (venue, _):
        own = OwnFrames(venue.history._orders, venue.history, SystemClock(), Strange(), fills=False)
        found = [event for frame in planted.frames async for event in own.events(frame, 1)]
    assert [event.order.client_order_id for event in found] == ["XXX"]  # type: ignore[attr-defined]
    wanted = planted.of("cumulative_quantity", "avg_price", "limit_price", "total_fees")
    assert len(wanted) == 4
    assert wanted <= set(numbers(found))


@needs_examples
async def test_a_product_whose_frame_changed_is_asked_for(tmp_path: Path) -> None:
    frames = Planted("ws__Symbol").frames
    changed = json.loads(json.dumps(frames[-1]))
    changed["events"][0]["products"][0] |= {"id": "BTC-USD", "status": "offline"}
    frames[-1]["events"][0]["products"][0]["id"] = "BTC-USD"
    script = {"/products/BTC-USD": {**BTC, "status": "offline"}}
    async with scripted(tmp_path, script) as (venue, side):
        statuses = Statuses(venue.api, venue.products, frozenset(), private=True)
        found = [event for frame in [*frames, changed] async for event in statuses.events(frame, 1)]
        assert len(side.asked("/products/BTC-USD")) == 1
    assert [event.instrument for event in found] == ["BTC-USD"]


@needs_examples
def test_a_heartbeat_is_an_event_of_nothing() -> None:
    frames = Planted("ws__Heartbeat").frames
    assert len(frames) == 2
    for reader in (Tickers, Trades):
        assert [e for frame in frames for e in reader(Names({"ETH-USDT": ""}), Strange())(frame, 1)] == []


#: What is read above in tests of their own.
ELSEWHERE = [
    "rest__ExchangeData__GetSymbols",
    "rest__Account__GetAccounts",
    "rest__Trading__GetOrder",
    "rest__Trading__GetOrders",
    "rest__Account__GetTransactions",
    "rest__Account__CreateConvertQuote",
    "rest__Account__GetPortfolios",
    "rest__Trading__PlaceOrder",
    "rest__Trading__EditOrder",
    "rest__Trading__CancelOrders",
    "ws__User",
    "ws__Symbol",
    "ws__Heartbeat",
]


@needs_examples
def test_every_file_is_read_or_there_is_a_reason_why_not() -> None:
    assert FOLDER is not None
    files = sorted(p.stem for p in FOLDER.glob("*.json"))
    left_out = [name for names in NOT_ASKED_FOR.values() for name in names.split()]
    read = [*REST, *ELSEWHERE, *(name for name, *_ in PUBLIC)]
    assert sorted([*left_out, *read]) == files
    assert len(files) > 60


@needs_examples
def test_every_file_asks_what_the_adapter_asks() -> None:
    """The documented path of what is read is the one under which a test above has it."""
    assert FOLDER is not None
    for name in REST:
        documented = json.loads((FOLDER / f"{name}.json").read_text())["path"].removeprefix(V3)
        private = documented.removeprefix("/market")
        assert re.fullmatch(PATHS[name.rpartition("__")[2]].replace("BTC-USD", "[A-Z-]+"), private), name
