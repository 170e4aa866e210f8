"""Orders to Coinbase's words and back, and payloads that are not as they should be."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from venuekit.adapter import (
    NANOS,
    BracketOrder,
    InstrumentKind,
    LimitOrder,
    MarketOrder,
    OrderRequest,
    OrderStatus,
    OrderType,
    Side,
    StopLimitOrder,
    TimeInForce,
    VenueDown,
)
from venuekit.watch.clock import SystemClock
from venuekit_coinbase.instruments import Instruments, instrument_from
from venuekit_coinbase.order_words import LIVE_STATES, configuration
from venuekit_coinbase.orders import Orders, difference
from venuekit_coinbase.reading import amount

D = Decimal
T = TimeInForce
ORDERS = Orders("main", Instruments(lambda: None, SystemClock(), 1))  # type: ignore[arg-type,return-value]
AMOUNTS = st.decimals(min_value=D("1e-18"), max_value=D("1e15"), allow_nan=False, places=18).filter(lambda d: d > 0)
SIDES = st.sampled_from(Side)


@st.composite
def requests(draw: st.DrawFn) -> OrderRequest:
    known: dict[str, Any] = {"instrument": "BTC-USD", "side": draw(SIDES), "client_order_id": "c"}
    kind = draw(st.sampled_from(["market", "quote", "limit", "stop", "bracket"]))
    if kind == "market":
        return MarketOrder(size=draw(AMOUNTS), **known)
    if kind == "quote":
        return MarketOrder(quote_size=draw(AMOUNTS), **known)
    times = [T.GTC, T.GTD] + ([T.IOC, T.FOK] if kind == "limit" else [])
    known |= {"size": draw(AMOUNTS), "price": draw(AMOUNTS), "time_in_force": draw(st.sampled_from(times))}
    if known["time_in_force"] is T.GTD:
        known["expires_at_ns"] = draw(st.integers(1, 4_000_000_000)) * NANOS
    if kind == "limit":
        resting = known["time_in_force"] in (T.GTC, T.GTD)
        return LimitOrder(post_only=resting and draw(st.booleans()), **known)
    other = draw(AMOUNTS.filter(lambda price: price != known["price"]))
    low, high = sorted((known["price"], other))
    if kind == "stop":
        return StopLimitOrder(stop_price=other, **known)
    sells = known["side"] is Side.SELL
    return BracketOrder(**{**known, "price": high if sells else low, "stop_price": low if sells else high})


def body(request: OrderRequest | None = None, **more: Any) -> dict[str, Any]:
    return {
        "order_id": "o-1",
        "client_order_id": "c",
        "product_id": "BTC-USD",
        "side": "BUY" if request is None else request.side.value,
        "status": "OPEN",
        "created_time": "2026-11-20T10:00:00.123456789Z",
        "order_configuration": {} if request is None else configuration(request),
        **more,
    }


@given(requests())
def test_an_order_comes_back_as_it_was_asked_for(request: OrderRequest) -> None:
    order = ORDERS.order(msgspec.json.decode(msgspec.json.encode(body(request))))
    assert difference(request, order) == ""
    assert order.expires_at_ns == getattr(request, "expires_at_ns", None)


@given(requests(), requests())
def test_orders_with_other_terms_are_told_apart(one: OrderRequest, other: OrderRequest) -> None:
    same = configuration(one) == configuration(other) and one.side is other.side
    assert (difference(one, ORDERS.order(body(other))) == "") == same


@pytest.mark.parametrize(
    ("status", "filled", "expected"),
    [
        ("PENDING", "0", OrderStatus.OPEN),
        ("QUEUED", "0", OrderStatus.OPEN),
        ("OPEN", "0", OrderStatus.OPEN),
        ("OPEN", "0.1", OrderStatus.PARTIALLY_FILLED),
        ("EDIT_QUEUED", "0", OrderStatus.OPEN),
        ("CANCEL_QUEUED", "0.1", OrderStatus.PENDING_CANCEL),
        ("FILLED", "1", OrderStatus.FILLED),
        ("CANCELLED", "0.1", OrderStatus.CANCELED),
        ("EXPIRED", "0", OrderStatus.EXPIRED),
        ("FAILED", "0", OrderStatus.REJECTED),
        ("FAILED", "0.1", OrderStatus.CANCELED),
        ("UNKNOWN_ORDER_STATUS", "0", OrderStatus.OPEN),
        ("SOMETHING_NEW", "0", OrderStatus.OPEN),
        (None, "0", OrderStatus.OPEN),
    ],
)
def test_every_status_has_its_state(status: str | None, filled: str, expected: OrderStatus) -> None:
    assert ORDERS.order(body(status=status, filled_size=filled)).status is expected


def test_every_live_status_of_the_venue_is_live_here() -> None:
    assert all(not ORDERS.order(body(status=status)).is_done for status in LIVE_STATES)


@given(st.data())
def test_a_null_anywhere_is_an_order_or_an_answer_to_be_asked_for_again(data: st.DataObject) -> None:
    whole = body(
        data.draw(requests()), filled_size="0.5", average_filled_price="7", total_fees="0.01", edit_history=[{}]
    )
    names = data.draw(st.sets(st.sampled_from(sorted(whole))))
    broken = {**whole, **dict.fromkeys(names)}
    try:
        order = ORDERS.order(broken)
    except VenueDown:
        assert names & {"order_id", "side", "created_time"}
    else:
        assert order.venue_order_id == "o-1"
    [inner] = whole["order_configuration"].values()
    for name in inner:
        ORDERS.order({**whole, "order_configuration": {"limit_limit_gtc": {**inner, name: None}}})


def test_an_order_without_a_configuration_is_still_found_to_be_the_one_asked_for() -> None:
    asked = LimitOrder(instrument="BTC-USD", side=Side.BUY, size=D(1), price=D(5))
    for status, filled in (("OPEN", "0"), ("OPEN", "0.5"), ("FILLED", "1"), ("CANCELLED", "0.5")):
        order = ORDERS.order(body(order_configuration=None, order_type="LIMIT", status=status, filled_size=filled))
        assert difference(asked, order) == "", status


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=D("-1e20"), max_value=D("1e20"), places=20))
def test_a_number_keeps_every_digit_however_it_is_written(value: Decimal) -> None:
    for written in (format(value, "f"), value, f"{value:E}" if len(f"{value:E}") <= 40 else value):
        assert amount({"x": written}, "x") == value


@pytest.mark.parametrize("value", ["abc", True, [], {}, "NaN", "Infinity", "1,5", "٣", "1" * 50 + "E5"])
def test_what_is_no_number_is_not_taken_for_one(value: object) -> None:
    with pytest.raises(VenueDown):
        amount({"x": value}, "x")


def test_the_latest_edit_counts() -> None:
    asked = LimitOrder(instrument="BTC-USD", side=Side.BUY, size=D(1), price=D(5))
    edits = [
        {"price": "7", "size": "3", "replace_accept_timestamp": "2026-11-20T10:00:02Z"},
        {"price": "6", "size": "2", "replace_accept_timestamp": "2026-11-20T10:00:01Z"},
    ]
    order = ORDERS.order(body(asked, edit_history=edits))
    assert (order.size, order.price) == (D(3), D(7))


def test_kinds_of_order_that_only_the_venues_pages_place_are_shown() -> None:
    twap = {
        "twap_limit_gtd": {
            "base_size": "2",
            "limit_price": "9",
            "end_time": "2026-11-21T10:00:00Z",
            "number_buckets": "4",
        }
    }
    order = ORDERS.order(body(order_configuration=twap, order_type="TWAP"))
    assert (order.type, order.time_in_force, order.size) == (OrderType.LIMIT, T.GTD, D(2))


def future(**details: Any) -> dict[str, Any]:
    return {
        "product_id": "BIP-20DEC30-CDE",
        "product_type": "FUTURE",
        "base_increment": "1",
        "price_increment": "5",
        "base_min_size": "1",
        "quote_currency_id": "USD",
        "status": "",
        "future_product_details": {"contract_size": "0.01", "contract_expiry": "2030-12-20T16:00:00Z", **details},
    }


def test_a_future_has_its_contract_and_expiry_and_a_funded_one_is_a_perpetual() -> None:
    dated, perpetual = instrument_from(future()), instrument_from(future(funding_interval="3600s"))
    assert dated is not None
    assert perpetual is not None
    assert (dated.kind, dated.contract_size, dated.quote) == (InstrumentKind.FUTURE, D("0.01"), "USD")
    assert dated.expiry_ns is not None
    assert (perpetual.kind, perpetual.expiry_ns) == (InstrumentKind.PERPETUAL, None)


@pytest.mark.parametrize(
    "changes", [{"product_type": "EQUITY"}, {"product_id": None}, {"base_increment": "0"}, {"price_increment": None}]
)
def test_a_product_that_cannot_be_traded_here_is_left_out(changes: dict[str, Any]) -> None:
    assert instrument_from({**future(), **changes}) is None


def test_a_fill_whose_size_is_in_quote_is_told_in_base() -> None:
    row = {
        "entry_id": "e", "order_id": "o", "product_id": "X-USD", "side": "BUY", "price": "4", "size": "10",
        "size_in_quote": True, "trade_time": "2026-11-20T10:00:00Z", "commission": "0.123456789012345678",
    }  # fmt: skip
    fill = ORDERS.fill(row)
    assert (fill.size, fill.fee) == (D("2.5"), D("0.123456789012345678"))
