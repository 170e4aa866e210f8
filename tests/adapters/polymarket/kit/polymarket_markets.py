"""A small catalogue of made-up markets for `polymarket_loopback`, in the venue's words."""

from __future__ import annotations

import json
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from aiohttp import web
from polymarket_loopback import Loopback, loopback, refused

from venuekit.adapter import VenueContext
from venuekit.testing.clock import SimulatedClock
from venuekit_polymarket.session import PolymarketSession

D = Decimal


def token(number: int) -> str:
    """A token id of 77 digits, as long as the venue's."""
    return str(10**76 + number)


def market(number: int, slug: str, **more: Any) -> dict[str, Any]:
    """A market as Gamma writes it; its tokens are ``token(2 * number)`` and the next."""
    return {
        "id": str(number),
        "question": f"Question {number}?",
        "conditionId": "0x" + f"{number:064x}",
        "slug": slug,
        "endDate": "2027-12-31T12:00:00Z",
        "outcomes": '["Yes", "No"]',
        "outcomePrices": '["0.505", "0.495"]',
        "clobTokenIds": json.dumps([token(2 * number), token(2 * number + 1)]),
        "active": True,
        "closed": False,
        "archived": False,
        "enableOrderBook": True,
        "acceptingOrders": True,
        "orderPriceMinTickSize": 0.01,
        "orderMinSize": 5,
        "negRisk": False,
        "lastTradePrice": 0.51,
        "volume24hr": 1000 - number,
        "events": [{"slug": f"event-of-{slug}", "title": "An event"}],
    } | more


class Exchange:
    """What the loopback serves: `markets` by the questions of the adapter."""

    def __init__(self, markets: list[dict[str, Any]]) -> None:
        self.markets = markets
        self.events: list[dict[str, Any]] = []
        self.rules: dict[str, Any] = {}

    def routes(self) -> dict[str, Any]:
        found: dict[str, Any] = {
            "GET /markets/keyset": self._markets,
            "GET /events/keyset": self._events,
            "GET /time": 1_800_000_000,
        }
        for told in self.markets:
            condition = told["conditionId"]
            found[f"GET /clob-markets/{condition}"] = lambda _, c=condition: self._rules(c)
        return found

    def _markets(self, request: web.Request) -> web.Response:
        wanted = {name: set(request.query.getall(name, [])) for name in ("slug", "condition_ids", "clob_token_ids")}
        closed = request.query.get("closed", "false") == "true"
        found = [
            m
            for m in self.markets
            if m.get("closed", False) is closed
            and (not wanted["slug"] or m["slug"] in wanted["slug"])
            and (not wanted["condition_ids"] or m["conditionId"] in wanted["condition_ids"])
            and (not wanted["clob_token_ids"] or wanted["clob_token_ids"] & set(json.loads(m["clobTokenIds"])))
        ]
        limit, start = int(request.query["limit"]), int(request.query.get("after_cursor", "0"))
        page = found[start : start + limit]
        more = {"next_cursor": str(start + limit)} if start + limit < len(found) else {}
        return web.json_response({"markets": page, **more})

    def _events(self, request: web.Request) -> web.Response:
        slugs = request.query.getall("slug", [])
        return web.json_response({"events": [e for e in self.events if not slugs or e["slug"] in slugs]})

    def _rules(self, condition: str) -> web.Response:
        told = next(m for m in self.markets if m["conditionId"] == condition)
        if told.get("closed"):
            return refused(404, {"error": "market not found"})
        tokens = [{"t": t, "o": o} for t, o in zip(json.loads(told["clobTokenIds"]), ("Yes", "No"), strict=True)]
        plain = {"c": condition, "t": tokens, "mos": 5, "mts": 0.01, "nr": False, "fd": {"r": 0.04, "e": 1, "to": True}}
        return web.json_response({**plain, **self.rules})


@asynccontextmanager
async def exchange(
    markets: list[dict[str, Any]] | None = None,
    routes: Mapping[str, Any] | None = None,
    *,
    clock: SimulatedClock | None = None,
    **options: Any,
) -> AsyncIterator[tuple[PolymarketSession, Loopback, Exchange]]:
    """A session that is connected to it."""
    held = Exchange([market(1, "rain"), market(2, "snow")] if markets is None else markets)
    with tempfile.TemporaryDirectory() as folder:
        async with _session(held, routes or {}, Path(folder), clock, options) as (session, here):
            yield session, here, held


@asynccontextmanager
async def _session(
    held: Exchange, routes: Mapping[str, Any], folder: Path, clock: SimulatedClock | None, options: Mapping[str, Any]
) -> AsyncIterator[tuple[PolymarketSession, Loopback]]:
    async with loopback({**held.routes(), **routes}) as here:
        context = VenueContext(
            clock=clock or SimulatedClock(1_800_000_000 * 10**9),
            data_dir=folder,
            account="main",
            options=here.table(**options),
        )
        session = PolymarketSession(context)
        await session.connect()
        here.asked.clear()
        try:
            yield session, here
        finally:
            await session.close()
