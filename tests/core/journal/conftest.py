"""Stores and entries for the journal's tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from postgres_server import Server

from venuekit.journal import SqliteStore, open_store
from venuekit.model.intent import OrderType, Side, TimeInForce
from venuekit.model.order import Order, OrderStatus
from venuekit.protocols.journal import Entry, EntryKind, Store

DESK = "paper:default"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "venuekit.db"


@pytest.fixture
async def file_store(path: Path) -> AsyncIterator[SqliteStore]:
    opened = SqliteStore(path)
    yield opened
    await opened.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    """The address of a store that nothing was written to yet; the test runs once on each database."""
    if request.param == "sqlite":
        return f"sqlite:///{request.getfixturevalue('path')}"
    server: Server = request.getfixturevalue("postgres")
    return server.url()


@pytest.fixture
async def store(url: str) -> AsyncIterator[Store]:
    opened = open_store(url)
    yield opened
    await opened.close()


@pytest.fixture
def entry() -> Callable[..., Entry]:
    def make(number: int = 1, *, kind: EntryKind = EntryKind.CALL, body: Any = None, **changes: Any) -> Entry:
        fields: dict[str, Any] = {"desk": DESK, "subject": f"s{number}", "agent_id": "tester", "time_ns": number}
        return Entry(kind=kind, body={"number": number} if body is None else body, **{**fields, **changes})

    return make


@pytest.fixture
def order() -> Callable[..., Order]:
    def make(name: str, status: OrderStatus = OrderStatus.OPEN, **changes: Any) -> Order:
        fields: dict[str, Any] = {
            "venue": "paper",
            "account": "default",
            "instrument": "BTC-USD",
            "side": Side.BUY,
            "type": OrderType.LIMIT,
            "time_in_force": TimeInForce.GTC,
            "created_ns": 1,
            "updated_ns": 2,
            "size": Decimal("0.05"),
            "price": Decimal("65000.5"),
            "client_order_id": name,
        }
        return Order(status=status, **{**fields, **changes})

    return make
