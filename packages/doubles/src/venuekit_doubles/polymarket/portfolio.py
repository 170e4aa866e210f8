"""The Data API: positions, trades, activity, holders, open interest, price history, approvals."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from aiohttp import web
from eth_utils.address import is_address, to_checksum_address
from eth_utils.crypto import keccak

from venuekit.adapter import NANOS, Side
from venuekit_doubles.polymarket import contracts
from venuekit_doubles.polymarket.clob import Clob
from venuekit_doubles.polymarket.gamma import number_of
from venuekit_doubles.polymarket.ledger import CASH, UNLIMITED
from venuekit_doubles.polymarket.listings import MILLION, PRICE_ONE, Listed
from venuekit_doubles.polymarket.records import OrderRecord, TradeRecord, TradeState
from venuekit_doubles.polymarket.refusals import bad
from venuekit_doubles.polymarket.rest_books import history
from venuekit_doubles.polymarket.wire import DATA, Route, cursor, listed, needed, whole

D = Decimal
_MOST = 1000
_FAR = 10**12
_INTERVALS = {"1h": 3600, "6h": 21_600, "1d": 86_400, "1w": 604_800, "1m": 2_592_000}


def _number(value: int) -> float:
    return value / MILLION


class Portfolio:
    """What wallets have and did."""

    def __init__(self, clob: Clob) -> None:
        self._clob = clob

    def routes(self) -> list[Route]:
        """Every endpoint."""
        get = [
            ("/v2/positions", self._positions, "data_positions"),
            ("/v2/value", self._value, "data_value"),
            ("/v2/trades", self._trades, "data_public_trades"),
            ("/v2/activity", self._activity, "data_activity"),
            ("/v2/holders", self._holders, "data_holders"),
            ("/v2/oi", self._interest, "data_open_interest"),
            ("/v2/prices-history", self._history, "data_prices_history"),
            ("/v2/approvals", self._approvals, "data_approvals"),
        ]
        return [Route("GET", DATA + path, handler, name) for path, handler, name in get]

    # -- what is told of a market

    def _markets(self, request: web.Request) -> list[Listed]:
        wanted, events = listed(request, "condition_id"), listed(request, "event_id")
        return [
            m
            for m in self._clob.markets.values()
            if (not wanted or m.condition_id in wanted)
            and (not events or number_of("event", m.listing.event.slug) in events)
        ]

    @staticmethod
    def _named(market: Listed, token: int) -> dict[str, Any]:
        return {
            "condition_id": market.condition_id,
            "token_id": market.tokens[token],
            "title": market.listing.question,
            "slug": market.slug,
            "icon": "",
            "event_slug": market.listing.event.slug,
            "outcome": market.listing.outcomes[token],
            "outcome_index": token,
        }

    def _worth(self, market: Listed, token: int) -> D:
        """What a share is worth: its payout, or the middle of the book."""
        if market.payouts is not None:
            return market.payouts[token]
        bid, ask = self._clob.books.best(market, token)
        return D(bid + (ask or PRICE_ONE)) / 2 / PRICE_ONE

    # -- wallets

    def _positions_of(self, request: web.Request) -> list[dict[str, Any]]:
        wallet = _wallet(request)
        found = []
        for market in self._markets(request):
            for token, asset in enumerate(market.tokens):
                size, kept = self._clob.ledger.balance(wallet, asset), self._clob.ledger.holdings.get((wallet, asset))
                if kept is not None and (size or kept.realized):
                    found.append(self._position(wallet, market, token))
        status = request.query.get("status")
        if status == "OPEN":
            return [p for p in found if p["status"] == "OPEN"]
        if status in ("REDEEMABLE", "CLOSED"):
            return [p for p in found if p["status"] == status]
        return [p for p in found if p["mergeable"]] if status == "MERGEABLE" else found

    def _position(self, wallet: str, market: Listed, token: int) -> dict[str, Any]:
        ledger, asset = self._clob.ledger, market.tokens[token]
        size, kept = ledger.balance(wallet, asset), ledger.holdings[wallet, asset]
        price = self._worth(market, token)
        value = price * size / MILLION
        cost, realized = D(kept.cost) / MILLION, D(kept.realized) / MILLION
        average = cost / (D(size) / MILLION) if size else D(0)
        other = market.tokens[1 - token]
        gain = value - cost
        return {
            "proxy_wallet": wallet,
            **self._named(market, token),
            "current_size": _number(size),
            "avg_price": round(float(average), 6),
            "entry_cost_usdc": float(cost),
            "entry_fees_usdc": 0,
            "total_cost_usdc": float(cost),
            "current_price": float(price),
            "current_value": float(value),
            "total_size": _number(size),
            "realized_pnl": float(realized),
            "unrealized_pnl": float(gain),
            "total_pnl": float(gain + realized),
            "percent_pnl": round(float(gain / cost * 100), 4) if cost else 0,
            "percent_realized_pnl": 0,
            "status": "CLOSED" if not size else "REDEEMABLE" if market.closed else "OPEN",
            "redeemable": bool(size) and market.closed,
            "mergeable": not market.closed and bool(size) and ledger.balance(wallet, other) > 0,
            "negative_risk": market.neg_risk,
            "archived": False,
            "verified": False,
            "opposite_outcome": market.listing.outcomes[1 - token],
            "opposite_token_id": other,
            "event_id": number_of("event", market.listing.event.slug),
            "end_date": market.listing.end_date[:10],
        }

    async def _positions(self, request: web.Request) -> Any:
        return _page(request, self._positions_of(request))

    async def _value(self, request: web.Request) -> Any:
        total = sum(p["current_value"] for p in self._positions_of(request))
        return {"data": {"proxy_wallet": _wallet(request), "value": total}}

    # -- trades

    def _told(self, trade: TradeRecord, order: OrderRecord, size: int) -> dict[str, Any]:
        return {
            "proxy_wallet": order.wallet,
            **self._named(trade.market, order.token),
            "side": order.side.value,
            "size": _number(size),
            "price": trade.price_for(order) / PRICE_ONE,
            "usdc_size": _number(trade.paid(order, size)),
            "timestamp": trade.matched_ns // NANOS,
            "transaction_hash": trade.transaction or f"0x{'0' * 64}",
        }

    def _trades_in(self, request: web.Request, wallet: str | None) -> list[dict[str, Any]]:
        """Trades on the chain, newest first: those of takers only, unless they are a wallet's."""
        markets = self._markets(request)
        found = []
        for trade in reversed(self._clob.trades.values()):
            if trade.market not in markets or trade.state in (TradeState.MATCHED, TradeState.FAILED):
                continue
            if wallet is None or trade.taker.wallet == wallet:
                found.append(self._told(trade, trade.taker, trade.size))
            if wallet is not None:
                parts = [part for part in trade.makers if part.order.wallet == wallet]
                found += [self._told(trade, part.order, part.size) for part in parts]
        return _in_time(request, found)

    async def _trades(self, request: web.Request) -> Any:
        wallet = _wallet(request) if "user" in request.query else None
        return _page(request, self._trades_in(request, wallet))

    async def _activity(self, request: web.Request) -> Any:
        wallet, markets = _wallet(request), self._markets(request)
        found = [{"type": "TRADE", **trade} for trade in self._trades_in(request, wallet)]
        for change in self._clob.ledger.changes:
            if change.wallet == wallet and change.market in markets:
                named = self._named(change.market, 0)
                found.append(
                    {
                        "type": change.kind,
                        "proxy_wallet": wallet,
                        **{k: named[k] for k in ("condition_id", "title", "slug", "icon", "event_slug")},
                        "usdc_size": _number(change.amount),
                        "timestamp": change.time_ns // NANOS,
                        "transaction_hash": change.transaction or f"0x{keccak(repr(change.time_ns).encode()).hex()}",
                    }
                )
        kinds = listed(request, "type")
        found = [entry for entry in _in_time(request, found) if not kinds or entry["type"] in kinds]
        return _page(request, sorted(found, key=lambda entry: -entry["timestamp"]))

    # -- markets

    async def _holders(self, request: web.Request) -> Any:
        groups = []
        for market in self._markets(request):
            for token, asset in enumerate(market.tokens):
                holders = sorted(self._clob.ledger.holders(asset).items(), key=lambda pair: -pair[1])
                told = [
                    {
                        "proxy_wallet": wallet,
                        "token_id": asset,
                        "amount": _number(size),
                        "outcome_index": token,
                        "display_username_public": True,
                        "verified": False,
                    }
                    for wallet, size in holders
                    if is_address(wallet)
                ]
                groups.append({"token_id": asset, "holders": told[: whole(request, "limit", 20, 500)]})
        return {"data": groups}

    async def _interest(self, request: web.Request) -> Any:
        found = []
        for market in self._markets(request):
            held = self._clob.ledger.holders(market.tokens[0])
            found.append({"condition_id": market.condition_id, "value": _number(sum(held.values()))})
        return {"data": found}

    async def _history(self, request: web.Request) -> Any:
        market, token = self._clob.admission.market_of(needed(request, "token_id"))
        end = whole(request, "end", self._clob.now_ns() // NANOS + 60, _FAR)
        span = _INTERVALS.get(request.query.get("interval", ""), 2_592_000)
        start = whole(request, "start", max(0, end - span), _FAR)
        step = whole(request, "bucket_seconds", 60, 86_400)
        points = history(self._clob, market, token, (start, end), max(60, step))
        return _page(
            request, [{"timestamp": p["t"], "price": p["p"], "resolution_seconds": step} for p in points], 10_000
        )

    async def _approvals(self, request: web.Request) -> Any:
        wallet, ledger = _wallet(request), self._clob.ledger
        rows = []
        for spender in contracts.SPENDERS:
            amount = ledger.allowance(wallet, CASH, spender)
            told = "max" if amount == UNLIMITED else str(amount)
            rows.append(_approval(contracts.COLLATERAL, spender, "ERC20", approved=amount > 0, amount=told))
            allowed = ledger.allowance(wallet, "shares", spender) > 0
            rows += [
                _approval(token, spender, "ERC1155", approved=allowed, amount=None)
                for token in (contracts.CONDITIONAL_TOKENS, contracts.POSITION_MANAGER)
            ]
        return {"data": {"address": wallet, "chain_id": contracts.CHAIN_ID, "contracts": rows}}


def _approval(token: str, spender: str, standard: str, *, approved: bool, amount: str | None) -> dict[str, Any]:
    return {"token": token, "spender": spender, "standard": standard, "approved": approved, "amount": amount}


def _wallet(request: web.Request) -> str:
    given = needed(request, "user")
    if not is_address(given):
        raise bad("user must be an address")
    return to_checksum_address(given)


def _in_time(request: web.Request, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    start, end = whole(request, "start", 0, _FAR), whole(request, "end", _FAR, _FAR)
    side = request.query.get("side", "")
    if side and side not in (Side.BUY.value, Side.SELL.value):
        raise bad("side must be BUY or SELL")
    return [e for e in found if start <= e["timestamp"] <= end and (not side or e.get("side") == side)]


def _page(request: web.Request, found: Sequence[dict[str, Any]], most: int = _MOST) -> dict[str, Any]:
    limit = whole(request, "limit", 100, most) or 1
    after = request.query.get("cursor", "")
    places = {cursor(n): n for n in range(len(found))}
    if after and after not in places:
        raise bad("invalid cursor")
    start = places.get(after, 0)
    end = start + limit
    more = cursor(end) if end < len(found) else None
    return {"data": list(found[start:end]), "pagination": {"has_more": more is not None, "next_cursor": more}}
