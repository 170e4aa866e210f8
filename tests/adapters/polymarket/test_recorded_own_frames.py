"""Recorded frames of the user channel become orders and fills, and keep every digit, however odd they are."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from venuekit.adapter import FillState, Liquidity, OrderStatus, Side
from venuekit.testing.clock import SimulatedClock
from venuekit_polymarket.fees import FeeTerms
from venuekit_polymarket.orders import Orders
from venuekit_polymarket.own_frames import OwnOrders
from venuekit_polymarket.records import Records
from venuekit_polymarket.trades import Own, Reader

_SHARED = [
    Path(os.environ.get("VENUEKIT_POLYMARKET_EXAMPLES", "")),
    *(p / "shared/data/polymarket/clob-and-gamma" for p in Path(__file__).resolve().parents),
]
FOLDER = next((p for p in _SHARED if p.name == "clob-and-gamma" and p.is_dir()), None)
pytestmark = pytest.mark.skipif(FOLDER is None, reason="no recorded payloads: set VENUEKIT_POLYMARKET_EXAMPLES")
D = Decimal
S = OrderStatus
#: Each recorded order: its state, what it has traded, and a word of the reason.
ORDERS: Mapping[str, tuple[OrderStatus, str, str]] = {
    "ws_user_order_cancellation": (S.CANCELED, "0", ""),
    "ws_user_order_fok_killed": (S.CANCELED, "0", "fully filled or killed"),
    "ws_user_order_matched": (S.FILLED, "100", ""),
    "ws_user_order_msg": (S.OPEN, "0", ""),
    "ws_user_order_placement": (S.OPEN, "0", ""),
    "ws_user_order_update": (S.PARTIALLY_FILLED, "25", ""),
    "ws_user_order_venue_cancel": (S.REJECTED, "0", "invalid"),
}
TRADES = ("ws_user_trade", "ws_user_trade_msg")
WALLET, KEY = "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266", "00000000-0000-0000-0000-000000000001"


def recorded(name: str) -> dict[str, Any]:
    assert FOLDER is not None
    return dict(json.loads((FOLDER / f"{name}.json").read_text(), parse_float=Decimal))


@pytest.fixture
def orders(tmp_path: Path) -> Iterator[Orders]:
    records = Records(tmp_path / "orders.db")
    records.open()
    yield Orders("main", records, SimulatedClock())
    records.close()


def test_every_recorded_frame_of_the_user_channel_is_in_the_list() -> None:
    assert FOLDER is not None
    assert {p.stem for p in FOLDER.glob("ws_user_*.json")} == {*ORDERS, *TRADES}


@pytest.mark.parametrize("name", ORDERS)
def test_a_recorded_order_is_told_with_every_digit(orders: Orders, name: str) -> None:
    frame = recorded(name)
    event = OwnOrders(orders.from_frame).event(frame)
    assert event is not None
    status, filled, why = ORDERS[name]
    order = event.order
    assert (order.status, order.filled_size) == (status, D(filled))
    assert why in order.status_reason.lower()
    assert (str(order.price), str(order.size)) == (frame["price"], frame["original_size"])
    assert (order.instrument, order.venue_order_id, order.side) == (frame["asset_id"], frame["id"], Side.BUY)


def test_the_life_of_the_recorded_order_is_told_once_also_out_of_order(orders: Orders) -> None:
    own = OwnOrders(orders.from_frame)
    told = []
    for name in ("placement", "update", "placement", "matched", "update", "cancellation"):
        event = own.event(recorded(f"ws_user_order_{name}"))
        if event is not None:
            told.append(event.order.status)
    assert told == [S.OPEN, S.PARTIALLY_FILLED, S.FILLED]


@pytest.mark.parametrize("name", TRADES)
@pytest.mark.parametrize("status", ["MATCHED", "MINED", "RETRYING", "CONFIRMED", "FAILED", "TRADE_STATUS_CONFIRMED"])
def test_a_recorded_trade_is_a_fill_with_every_digit_whatever_its_state(name: str, status: str) -> None:
    frame = {**recorded(name), "status": status}
    [kept] = _reader().fills(frame)
    fill = kept.fill
    assert (fill.side, str(fill.size), fill.liquidity) == (Side.BUY, frame["size"], Liquidity.TAKER)
    assert fill.price == D(frame["price"])
    assert (fill.venue_order_id, fill.instrument) == (frame["taker_order_id"], frame["asset_id"])
    final = {"CONFIRMED": FillState.CONFIRMED, "FAILED": FillState.REVERSED}
    assert fill.state is final.get(status.removeprefix("TRADE_STATUS_"), FillState.PROVISIONAL)


def test_the_maker_of_a_recorded_trade_has_its_own_fill_although_no_side_is_told() -> None:
    frame = {**recorded("ws_user_trade"), "trader_side": "MAKER", "owner": "", "trade_owner": ""}
    maker = frame["maker_orders"][0]
    [kept] = _reader(wallet=maker["maker_address"], key=maker["owner"]).fills(frame)
    assert (kept.fill.side, str(kept.fill.size)) == (Side.SELL, maker["matched_amount"])
    assert (kept.fill.venue_order_id, kept.fill.liquidity) == (maker["order_id"], Liquidity.MAKER)


def _reader(wallet: str = WALLET, key: str = KEY) -> Reader:
    return Reader(
        account="main",
        own=Own(wallet=wallet, api_key=key),
        fees=lambda _: FeeTerms(),
        quote="pUSD",
        client_id_of=lambda _: None,
    )
