"""Payloads as the venue documents them are read, with every digit."""

from __future__ import annotations

import json
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from venuekit.adapter import VenuekitError
from venuekit.watch.clock import SystemClock
from venuekit_coinbase.instruments import Instruments
from venuekit_coinbase.orders import Orders
from venuekit_coinbase.public_frames import Names, Tickers, Trades
from venuekit_coinbase.reading import rows

_SHARED = [
    Path(os.environ.get("VENUEKIT_COINBASE_EXAMPLES", "")),
    *(p / "shared/data/coinbase/docs-examples" for p in Path(__file__).resolve().parents),
]
FOLDER = next((p for p in _SHARED if p.name == "docs-examples" and p.is_dir()), None)
needs_examples = pytest.mark.skipif(FOLDER is None, reason="no recorded payloads: set VENUEKIT_COINBASE_EXAMPLES")
ORDERS = Orders("main", Instruments(lambda: None, SystemClock(), 1))  # type: ignore[arg-type,return-value]


def example(name: str) -> Any:
    assert FOLDER is not None
    found = json.loads((FOLDER / f"{name}.json").read_text(), parse_float=Decimal)
    return found.get("response", found) if isinstance(found, dict) else found


@needs_examples
def test_documented_fills_keep_their_digits() -> None:
    listed = rows(example("rest__Trading__GetUserTrades"), "fills")
    assert listed
    for row in listed:
        try:
            fill = ORDERS.fill(row)
        except VenuekitError:
            assert str(row.get("side")) not in ("BUY", "SELL")
            continue
        assert fill.price == Decimal(str(row["price"]))
        assert fill.fee == Decimal(str(row["commission"]))


@needs_examples
def test_documented_orders_are_read_or_refused_as_unreadable() -> None:
    body = example("rest__Trading__GetOrder")
    found = [*rows(example("rest__Trading__GetOrders"), "orders"), body.get("order", {})]
    assert found
    for row in found:
        order = ORDERS.order({**row, "side": "BUY"})  # the examples name no side that exists
        assert order.filled_size == Decimal(str(row.get("filled_size") or 0))


@needs_examples
@pytest.mark.parametrize(("name", "reader"), [("ws__Ticker", Tickers), ("ws__Trades", Trades)])
def test_documented_frames_are_read(name: str, reader: Any) -> None:
    frame = example(name)
    for each in frame if isinstance(frame, list) else [frame]:
        products = {
            r["product_id"]: "" for e in rows(each, "events") for k in ("tickers", "trades") for r in rows(e, k)
        }
        for event in reader(Names(products))(each, 1):
            assert event.instrument in products
