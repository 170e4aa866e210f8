"""A venue whose answers a test writes down, request by request; nothing leaves the process."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from venuekit.adapter import Clock, VenueContext
from venuekit.watch.clock import SystemClock
from venuekit_coinbase.adapter import CoinbaseVenue
from venuekit_coinbase.answers import budget_of, read_answer
from venuekit_coinbase.client import Call
from venuekit_wire.answers import Answer

V3 = "/api/v3/brokerage"
SECRET = (
    ec.generate_private_key(ec.SECP256R1())
    .private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    .decode()
)
BTC = {
    "product_id": "BTC-USD",
    "product_type": "SPOT",
    "base_increment": "0.00000001",
    "price_increment": "0.01",
    "base_min_size": "0.00000001",
    "status": "online",
    "base_currency_id": "BTC",
    "quote_currency_id": "USD",
}
Script = Callable[[Call], Any]


class Scripted:
    """A transport that answers from `script`: path, as a pattern without the interface's beginning → body."""

    def __init__(self, script: Mapping[str, Script | Any]) -> None:
        self.script = {"/market/products": {"products": [BTC]}, **script}
        self.calls: list[Call] = []

    async def open(self) -> None:
        """Nothing to open."""

    async def close(self) -> None:
        """Nothing to close."""

    async def send(self, call: Call) -> Answer:
        """The scripted answer, through the same reading as a real one. A pair is a status and a body."""
        self.calls.append(call)
        path = call.path.removeprefix(V3)
        for pattern, answer in self.script.items():
            if re.fullmatch(pattern, path):
                body = answer(call) if callable(answer) else answer
                status, body = body if isinstance(body, tuple) else (200, body)
                raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
                return read_answer(call, status, {}, raw, 0)
        raise AssertionError(f"nobody wrote an answer to {call.method} {path}")

    def asked(self, pattern: str) -> list[Call]:
        """The requests to a path so far."""
        return [c for c in self.calls if re.fullmatch(pattern, c.path.removeprefix(V3))]

    def budgets(self) -> set[str]:
        """The budgets that the requests drew on."""
        return {budget_of(call) for call in self.calls}


@asynccontextmanager
async def scripted(
    folder: Path, script: Mapping[str, Script | Any], clock: Clock | None = None, **options: Any
) -> AsyncIterator[tuple[CoinbaseVenue, Scripted]]:
    """A connected venue, with a key unless `options` say otherwise, that gets its answers from `script`."""
    given = {"api_key": "a-key", "api_secret": SECRET, **options}
    script = {"/key_permissions": {"can_view": True, "portfolio_uuid": "p-1"}, **script}
    venue = CoinbaseVenue(VenueContext(clock=clock or SystemClock(), data_dir=folder, account="main", options=given))
    transport = Scripted(script)
    venue._transport = venue.api._transport = transport
    await venue.connect()
    try:
        yield venue, transport
    finally:
        await venue.close()
