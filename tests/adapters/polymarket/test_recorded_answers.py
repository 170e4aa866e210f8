"""Recorded answers of the REST interfaces keep every digit, and each recorded file is read, or there is a reason."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from polymarket_loopback import KEY, OWNER, RECORDED, Loopback, clock, loopback, refused

from venuekit.adapter import (
    FillState,
    InstrumentStatus,
    InsufficientFunds,
    Liquidity,
    OrderStatus,
    OutcomeUnknown,
    Side,
    TimeInForce,
    VenueContext,
    VenueDown,
    times,
)
from venuekit.testing.clock import SimulatedClock
from venuekit_polymarket.calls import Call, Proof, Service
from venuekit_polymarket.canceling import _said
from venuekit_polymarket.catalogue import markets_of
from venuekit_polymarket.fees import FeeTerms
from venuekit_polymarket.orders import Orders
from venuekit_polymarket.placed import read_placed
from venuekit_polymarket.records import Records
from venuekit_polymarket.session import PolymarketSession
from venuekit_polymarket.signing import Unsigned
from venuekit_polymarket.trades import Own, Reader

pytestmark = [pytest.mark.anyio, pytest.mark.skipif(RECORDED is None, reason="no recorded data")]
D = Decimal
API_KEY = "00000000-0000-0000-0000-000000000001"
#: Files that a test elsewhere reads, by how their names begin.
ELSEWHERE = ("ws_", "gamma_market", "gamma_event", "clob_book_response", "data_api_trades_response")
#: What belongs to nothing that is offered, and why.
NOT_READ = {
    "rtds_crypto_prices_subscribe": "prices of coins elsewhere: no instrument of this venue has them (docs/polymarket.md)",
    "rtds_crypto_prices_update": "the same",
    "rtds_equity_prices_subscribe": "prices of shares elsewhere: the same",
    "rtds_equity_prices_update": "the same",
    "clob_fee_rate_response_nonzero": "a number for all prices: fees are reckoned from a market's own parameters",
    "clob_fee_rate_response_zero": "the same",
    "clob_market_closed_binary_accepting_false": "an older list of markets: rules come from /clob-markets",
    "clob_market_closed_binary_accepting_true": "the same",
    "data_api_positions_response": "the older list of positions, in floats: the newer one is asked for",
}
READ = {
    "http_order_response_ok",
    "http_order_response_failed",
    "http_order_response_error_500",
    "http_open_order",
    "http_open_order_sell_fok",
    "http_open_orders_page",
    "http_trade_report",
    "http_trades_page",
    "http_cancel_response_ok",
    "http_cancel_response_failed",
    "http_batch_cancel_response",
    "http_balance_allowance_collateral",
    "http_balance_allowance_no_allowance",
    "http_signed_order",
    "gamma_tags",
    "search_response",
}


def recorded(name: str) -> Any:
    assert RECORDED is not None
    return json.loads((RECORDED / "clob-and-gamma" / f"{name}.json").read_text(), parse_float=D)


def test_every_recorded_file_is_read_or_there_is_a_reason_why_not() -> None:
    assert RECORDED is not None
    there = {p.stem for p in (RECORDED / "clob-and-gamma").glob("*.json")}
    assert {name for name in there if not name.startswith(ELSEWHERE)} == READ | set(NOT_READ)
    assert all(NOT_READ.values())


@pytest.fixture
def orders(tmp_path: Path) -> Iterator[Orders]:
    records = Records(tmp_path / "orders.db")
    records.open()
    yield Orders("main", records, SimulatedClock())
    records.close()


def test_listed_orders_keep_every_digit(orders: Orders) -> None:
    rows = [recorded("http_open_order"), *recorded("http_open_orders_page")["data"]]
    assert len(rows) > 2
    for row in rows:
        order = orders.listed(row)
        assert (str(order.size), str(order.price), order.side) == (
            row["original_size"],
            row["price"],
            Side(row["side"]),
        )
        assert (order.venue_order_id, order.instrument) == (row["id"], row["asset_id"])
        assert (order.filled_size, order.created_ns) == (D(row["size_matched"]), row["created_at"] * 10**9)
        assert order.status is (OrderStatus.PARTIALLY_FILLED if D(row["size_matched"]) else OrderStatus.OPEN)
        assert order.expires_at_ns is None


def test_an_order_that_was_killed_or_filled_at_once_is_over_and_ends_a_minute_early(orders: Orders) -> None:
    row = recorded("http_open_order_sell_fok")
    order = orders.listed(row)
    assert (order.status, order.time_in_force, order.filled_size) == (OrderStatus.FILLED, TimeInForce.FOK, D(50))
    assert order.expires_at_ns == (int(row["expiration"]) - 60) * 10**9


@pytest.mark.parametrize("name", ["http_trade_report", "http_trades_page"])
def test_listed_trades_are_fills_with_every_digit(name: str) -> None:
    told = recorded(name)
    for row in told.get("data", [told]):
        own = Own(wallet="0xnobody", api_key=API_KEY)
        [kept] = Reader("main", own, lambda _: FeeTerms(), "pUSD", lambda _: None).fills(row)
        fill = kept.fill
        assert (str(fill.size), fill.price, fill.side) == (row["size"], D(row["price"]), Side(row["side"]))
        assert (fill.liquidity, fill.venue_order_id) == (Liquidity.TAKER, row["taker_order_id"])
        assert fill.state is (FillState.CONFIRMED if row["status"] == "CONFIRMED" else FillState.PROVISIONAL)
        assert (kept.mined, fill.time_ns) == (True, 1_704_067_200 * 10**9)


def test_an_answer_without_a_state_decides_nothing_and_a_refusal_in_other_words_is_one() -> None:
    thin = recorded("http_order_response_ok")
    assert not read_placed(thin, thin["orderID"], Side.BUY).taken
    refused = read_placed(recorded("http_order_response_failed"), "0x1", Side.BUY).refused
    assert isinstance(refused, InsufficientFunds)


def test_answers_to_cancels_say_of_each_order_what_became_of_it(orders: Orders) -> None:
    row = recorded("http_open_order")
    for name in ("http_cancel_response_ok", "http_cancel_response_failed", "http_batch_cancel_response"):
        body = recorded(name)
        for order_id in body["canceled"]:
            assert _said(body, orders.listed({**row, "id": order_id})) == (True, "")
        for order_id, why in body["not_canceled"].items():
            assert _said(body, orders.listed({**row, "id": order_id})) == (False, why)
        assert body["canceled"] or body["not_canceled"]


@asynccontextmanager
async def session(folder: Path, **routes: Any) -> AsyncIterator[tuple[PolymarketSession, Loopback]]:
    """An open session with a key, at a server that has these answers."""
    async with loopback({name.replace("_", " /", 1).replace("_", "-"): body for name, body in routes.items()}) as side:
        key = {"private_key": KEY, "funder": OWNER, "api_key": API_KEY, "api_secret": "c2VjcmV0", "api_passphrase": "p"}
        opened = PolymarketSession(
            VenueContext(clock=clock(), data_dir=folder, account="main", options=side.table(**key))
        )
        await opened.open()
        try:
            yield opened, side
        finally:
            await opened.close()


async def test_a_balance_is_in_millionths_and_one_with_a_point_is_not_believed(tmp_path: Path) -> None:
    body = recorded("http_balance_allowance_collateral")
    async with session(tmp_path, GET_balance_allowance=body) as (opened, side):
        there = await opened.own.holdings.collateral()
        assert times(there.balance, D(1_000_000)) == D(body["balance"])
        side.routes["GET /balance-allowance"] = {"balance": "250500000.5"}
        with pytest.raises(VenueDown, match="millionths"):
            await opened.own.holdings.collateral()
        # Nobody knows whether the recorded one is meant in pUSD.
        side.routes["GET /balance-allowance"] = recorded("http_balance_allowance_no_allowance")
        with pytest.raises(VenueDown, match="millionths"):
            await opened.own.holdings.collateral()


async def test_an_error_of_the_server_after_an_order_leaves_it_unknown(tmp_path: Path) -> None:
    wrong = refused(500, recorded("http_order_response_error_500"))
    async with session(tmp_path, POST_order=wrong) as (opened, _):
        call = Call(service=Service.CLOB, method="POST", path="/order", body={}, proof=Proof.CREDENTIALS)
        with pytest.raises(OutcomeUnknown):
            await opened.api.answer(call)


async def test_what_is_posted_is_the_recorded_order_but_for_its_signature(tmp_path: Path) -> None:
    order: Mapping[str, Any] = recorded("http_signed_order")
    unsigned = Unsigned(
        salt=order["salt"],
        token_id=order["tokenId"],
        maker_amount=int(order["makerAmount"]),
        taker_amount=int(order["takerAmount"]),
        side=Side(order["side"]),
        time_ms=int(order["timestamp"]),
        neg_risk=False,
    )
    async with session(tmp_path) as (opened, _):
        posted = opened.api.key.sign(unsigned).body(owner=API_KEY, order_type="GTC")["order"]
    unlike = {name for name in order if str(posted[name]).lower() != str(order[name]).lower()}
    assert (unlike, posted.keys()) == ({"signature"}, order.keys())


def test_tags_and_what_a_search_finds_are_read() -> None:
    tags = recorded("gamma_tags")
    assert all(tag["slug"] and tag["label"] for tag in tags)
    events = recorded("search_response")["events"]
    for event in events:
        found = markets_of(event)
        assert len(found) == len(event["markets"])
        for terms, row in zip(found, event["markets"], strict=True):
            assert str(terms.last) == str(row["lastTradePrice"]) or not row.get("lastTradePrice")
            assert terms.status in InstrumentStatus
