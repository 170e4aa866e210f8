"""One wallet's parts against the double, with the terms of its markets read off the double itself."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs

from venuekit.adapter import (
    Clock,
    Instrument,
    InstrumentKind,
    Level,
    LimitOrder,
    MarketOrder,
    Order,
    OrderBook,
    OrderRef,
    Side,
    UnknownInstrument,
    VenueContext,
)
from venuekit.watch.clock import SystemClock
from venuekit_doubles.polymarket import Account, Pace, PolymarketDouble
from venuekit_doubles.polymarket.listings import Listed
from venuekit_polymarket.api import Api
from venuekit_polymarket.calls import Call
from venuekit_polymarket.client import Signer
from venuekit_polymarket.conditions import Conditions
from venuekit_polymarket.config import read_options
from venuekit_polymarket.own_account import OwnAccount
from venuekit_polymarket.reading import number, rows
from venuekit_polymarket.transport import Transport
from venuekit_wire.answers import Answer

D = Decimal
#: Nothing moves, settles, or is released unless a test says so.
BY_HAND = Pace(settle=None, delay=None, moving=False)
FED, FINE, GAME = "fed-cuts-in-december", "bitcoin-above-150k-december-31", "nba-lal-bos-moneyline"


@attrs.define
class Markets:
    """The terms of the double's markets, as a client may have read them; `stale` is a tick that was believed once."""

    double: PolymarketDouble
    stale: dict[str, Decimal] = attrs.Factory(dict)
    wrong_exchange: set[str] = attrs.Factory(set)
    asked: list[str] = attrs.Factory(list)

    async def one(self, name: str) -> Instrument:
        found = self.known(name)
        if found is None:
            raise UnknownInstrument(f"No {name}.", field="instrument")
        self.asked.append(name)
        return found

    def known(self, token: str) -> Instrument | None:
        for market in self.double.markets:
            if token in market.tokens:
                return self._instrument(market, token)
        return None

    def forget_rules(self, token: str) -> None:
        self.stale.pop(token, None)
        self.wrong_exchange.discard(token)

    def _instrument(self, market: Listed, token: str) -> Instrument:
        tick = self.stale.get(token, market.tick)
        neg_risk = market.neg_risk is not (token in self.wrong_exchange)
        return Instrument(
            id=token,
            venue="polymarket",
            kind=InstrumentKind.BINARY_OUTCOME,
            base=token,
            quote="pUSD",
            tick_size=tick,
            lot_size=D("0.01"),
            min_size=market.listing.min_size,
            min_price=tick,
            max_price=1 - tick,
            complement=market.tokens[1 - market.tokens.index(token)],
            metadata={
                "condition_id": market.condition_id,
                "neg_risk": "true" if neg_risk else "false",
                "fee_rate": str(market.listing.fee_rate),
                "fee_exponent": str(market.listing.fee_exponent),
            },
        )


class RecordingApi(Api):
    """The adapter's, which remembers what it was asked to send."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.calls: list[Call] = []

    async def answer(self, call: Call) -> Answer:
        self.calls.append(call)
        return await super().answer(call)


@attrs.define
class Desk:
    """An open account, the double behind it, and orders that fit its first market."""

    double: PolymarketDouble
    own: OwnAccount
    api: RecordingApi
    markets: Markets
    clock: Clock
    number: int = 0

    def ref(self, order: Order) -> OrderRef:
        """By the venue's id."""
        return OrderRef(venue_order_id=order.venue_order_id)

    def token(self, slug: str = FED, outcome: int = 0) -> str:
        return self.double.market(slug).tokens[outcome]

    def name(self) -> str:
        self.number += 1
        return f"order-{self.number}"

    def limit(self, side: Side = Side.BUY, price: str = "0.10", size: str = "10", **more: Any) -> LimitOrder:
        given: dict[str, Any] = {"instrument": self.token(), "client_order_id": self.name(), **more}
        return LimitOrder(side=side, price=D(price), size=D(size), **given)

    def market(self, side: Side = Side.BUY, **more: Any) -> MarketOrder:
        given: dict[str, Any] = {"instrument": self.token(), "client_order_id": self.name(), **more}
        return MarketOrder(side=side, **given)

    async def book(self, token: str) -> OrderBook:
        body = await self.api.clob("/book", token_id=token)
        sides = {
            side: sorted((Level(number(row, "price"), number(row, "size")) for row in rows(body, side)), key=_price)
            for side in ("bids", "asks")
        }
        return OrderBook(
            venue="polymarket", instrument=token, bids=sides["bids"][::-1], asks=sides["asks"], time_ns=1, sequence=None
        )

    async def best(self, side: Side = Side.BUY, token: str = "") -> Level:
        """What an order of `side` would trade with first."""
        book = await self.book(token or self.token())
        return (book.asks if side is Side.BUY else book.bids)[0]

    def posted(self, path: str = "/order") -> int:
        """How many orders were posted."""
        return sum(1 for call in self.api.calls if (call.method, call.path) == ("POST", path))


def _price(level: Level) -> Decimal:
    return level.price


@asynccontextmanager
async def trading(
    double: PolymarketDouble, folder: Path, *, account: Account | None = None, clock: Clock | None = None, **more: Any
) -> AsyncIterator[Desk]:
    """An open account. Two with the same `folder`, one after the other, are one that was closed and opened again."""
    who = account or double.account
    clock = clock or SystemClock()
    urls = double.urls
    table = {
        **{name: urls[name] for name in ("clob_url", "gamma_url", "data_url", "relayer_url", "rpc_url")},
        "ws_market_url": urls["clob_market_ws_url"],
        "ws_user_url": urls["clob_user_ws_url"],
        "geoblock_url": double.geoblock_url,
        "environment": "sandbox",
        "private_key": who.private_key,
        "funder": who.wallet,
        "timeout_seconds": 0.25,
        **more,
    }
    options = read_options(table)
    folder.mkdir(exist_ok=True)
    context = VenueContext(clock=clock, data_dir=folder, account="main")
    transport = Transport(options, context.pace, clock)
    api = RecordingApi(transport, Signer(options, clock), Conditions(clock))
    markets = Markets(double)
    desk = Desk(double, None, api, markets, clock)  # type: ignore[arg-type]
    desk.own = OwnAccount(context, "sandbox", api, markets, desk.book, D("0.05"))
    await transport.open()
    try:
        await desk.own.open()
        yield desk
    finally:
        desk.own.close()
        await transport.close()
