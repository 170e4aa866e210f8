"""The older interface's public half: time, currencies, exchange rates and prices."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from aiohttp import web

from venuekit.adapter import NANOS, iso, normal, plain
from venuekit_doubles.coinbase.account_words import FIAT
from venuekit_doubles.coinbase.backing import Backing
from venuekit_doubles.coinbase.ids import named
from venuekit_doubles.coinbase.wire import Refusal, Route

_PLACES = 12


class V2:
    """Public handlers of ``/v2``."""

    def __init__(self, backing: Backing) -> None:
        self._backing = backing

    def routes(self) -> list[Route]:
        """Every endpoint."""
        return [
            Route("GET", "/v2/time", self._get_time, "v2_time", public=True),
            Route("GET", "/v2/currencies", self._get_fiat, "v2_currencies", public=True),
            Route("GET", "/v2/currencies/fiat", self._get_fiat, "v2_currencies", public=True),
            Route("GET", "/v2/currencies/crypto", self._get_crypto, "v2_crypto", public=True),
            Route("GET", "/v2/exchange-rates", self._get_rates, "v2_rates", public=True),
            Route("GET", "/v2/prices/{pair}/{kind:spot|buy|sell}", self._get_price, "v2_price", public=True),
        ]

    async def _get_time(self, _: web.Request) -> Any:
        now = self._backing.now_ns()
        return {"data": {"iso": iso(now // NANOS * NANOS), "epoch": now // NANOS}}

    async def _get_fiat(self, _: web.Request) -> Any:
        found = [a for a in await self._backing.assets() if a in FIAT]
        return {"data": [{"id": a, "name": a, "min_size": "0.01"} for a in found]}

    async def _get_crypto(self, _: web.Request) -> Any:
        found = [a for a in await self._backing.assets() if a not in FIAT]
        return {"data": [{"asset_id": named("asset", a), "code": a, "name": a, "type": "crypto"} for a in found]}

    async def _get_rates(self, request: web.Request) -> Any:
        prices = await self._backing.prices()
        currency = request.query.get("currency") or "USD"
        if currency not in prices:
            raise Refusal(400, "invalid_request", "Invalid currency")
        rates = {a: _ratio(prices[currency], price) for a, price in sorted(prices.items())}
        return {"data": {"currency": currency, "rates": rates}}

    async def _get_price(self, request: web.Request) -> Any:
        """A pair's price: that of its product where there is one, to buy at, to sell at or the last."""
        pair, kind = request.match_info["pair"], request.match_info["kind"]
        base, _, quote = pair.partition("-")
        if pair in {i.id for i in await self._backing.instruments()}:
            ticker = await self._backing.ticker(pair)
            found = {"spot": ticker.last, "buy": ticker.ask, "sell": ticker.bid}[kind] or ticker.last
            amount = plain(found) if found is not None else "0"
        else:
            prices = await self._backing.prices()
            if base not in prices or quote not in prices:
                raise Refusal(404, "not_found", "Invalid base currency")
            amount = _ratio(prices[base], prices[quote])
        return {"data": {"amount": amount, "base": base, "currency": quote}}


def _ratio(one: Decimal, other: Decimal) -> str:
    return plain(normal(round(one / other, _PLACES)))
