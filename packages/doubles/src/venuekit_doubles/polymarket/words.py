"""The wire's forms of books, orders and trades."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from venuekit.adapter import NANOS, Side, plain
from venuekit_doubles.polymarket.books import Books, Level
from venuekit_doubles.polymarket.listings import Listed
from venuekit_doubles.polymarket.records import MakerPart, OrderRecord, OrderState, TradeRecord, TradeState

D = Decimal
_MILLIS = 1_000_000


def price(value: int) -> str:
    """A price, as many decimals as it needs."""
    return plain(D(value).scaleb(-4).normalize())


def amount(value: int) -> str:
    """Shares or money."""
    return plain(D(value).scaleb(-6).normalize())


def millis(time_ns: int) -> str:
    """A time in milliseconds."""
    return str(time_ns // _MILLIS)


def seconds(time_ns: int) -> str:
    """A time in seconds."""
    return str(time_ns // NANOS)


# -- books


def levels(found: Iterable[Level]) -> list[dict[str, str]]:
    """Levels as the venue orders them: the best is the last."""
    return [{"price": price(p), "size": amount(n)} for p, n in reversed(list(found))]


def book(books: Books, market: Listed, token: int) -> dict[str, Any]:
    """A whole book of an outcome. Its time is that of its last change, and its hash is the venue's."""
    bids, asks = books.levels(market, token)
    last, _, _ = books.last(market)
    body = {
        "market": market.condition_id,
        "asset_id": market.tokens[token],
        "timestamp": millis(market.changed_ns),
        "hash": "",
        "bids": levels(bids),
        "asks": levels(asks),
        "min_order_size": plain(market.listing.min_size),
        "tick_size": plain(market.tick),
        "neg_risk": market.neg_risk,
        "last_trade_price": price(market.book_price(token, last)) if last else "",
    }
    text = json.dumps(body, separators=(",", ":"))
    return {**body, "hash": hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()}


# -- orders


def open_order(order: OrderRecord) -> dict[str, Any]:
    """An order as it is listed."""
    return {
        "id": order.id,
        "status": order.state.value,
        "owner": order.api_key,
        "maker_address": order.wallet,
        "market": order.market.condition_id,
        "asset_id": order.asset,
        "side": order.side.value,
        "original_size": amount(max(order.size, order.matched)),
        "size_matched": amount(order.matched),
        "price": price(order.price),
        "outcome": order.outcome,
        "expiration": str(order.expiration),
        "order_type": order.type,
        "associate_trades": list(order.trades),
        "created_at": order.created_ns // NANOS,
    }


def placement(order: OrderRecord, trades: Iterable[TradeRecord]) -> dict[str, Any]:
    """The answer to an order that was taken in."""
    mine = list(trades)
    money = sum(trade.paid(order, part.size) for trade in mine for part in trade.makers)
    gives, gets = (money, order.matched) if order.side is Side.BUY else (order.matched, money)
    state = "delayed" if order.state is OrderState.DELAYED else "matched" if mine else "live"
    return {
        "errorMsg": "",
        "orderID": order.id,
        "takingAmount": amount(gets) if mine else "",
        "makingAmount": amount(gives) if mine else "",
        "status": state,
        "transactionsHashes": [trade.transaction for trade in mine if trade.transaction],
        "tradeIDs": [trade.id for trade in mine],
        "success": True,
    }


def refused_leg(why: str) -> dict[str, Any]:
    """An order of a batch that was not taken in: a success by its flag."""
    return {
        "errorMsg": why,
        "orderID": "",
        "takingAmount": "",
        "makingAmount": "",
        "status": "",
        "transactionsHashes": [],
        "tradeIDs": [],
        "success": True,
    }


def order_event(order: OrderRecord, kind: str, now_ns: int) -> dict[str, Any]:
    """An order as the user channel tells of it."""
    state = order.state.value
    if kind == "PLACEMENT" and order.state is not OrderState.DELAYED:
        state = "MATCHED" if order.matched and order.state is not OrderState.LIVE else "LIVE"
    return {
        **open_order(order),
        "event_type": "order",
        "type": kind,
        "status": state,
        "order_owner": order.api_key,
        "timestamp": millis(now_ns),
        "created_at": seconds(order.created_ns),
    }


def killed_event(order: OrderRecord, why: str, now_ns: int) -> dict[str, Any]:
    """An immediate order that found nothing, as the user channel tells of it."""
    body = order_event(order, "CANCELLATION", now_ns)
    return {**body, "status": f"CANCELED_{why}", "size_matched": ""}


# -- trades


def _maker(part: MakerPart, trade: TradeRecord) -> dict[str, Any]:
    return {
        "order_id": part.order.id,
        "owner": part.order.api_key,
        "maker_address": part.order.wallet,
        "matched_amount": amount(part.size),
        "price": price(trade.price_for(part.order)),
        "fee_rate_bps": "0",
        "asset_id": part.order.asset,
        "outcome": part.order.outcome,
        "outcome_index": part.order.token,
        "side": part.order.side.value,
    }


def _trade(trade: TradeRecord, owner: str) -> dict[str, Any]:
    taker = trade.taker
    rate = trade.market.listing.fee_rate.scaleb(4)
    return {
        "id": trade.id,
        "taker_order_id": taker.id,
        "market": trade.market.condition_id,
        "asset_id": taker.asset,
        "side": taker.side.value,
        "size": amount(trade.size),
        "fee_rate_bps": plain(rate.normalize()),
        "price": price(trade.price),
        "outcome": taker.outcome,
        "owner": taker.api_key,
        "maker_address": taker.wallet,
        "transaction_hash": trade.transaction,
        "bucket_index": trade.bucket,
        "trader_side": "TAKER" if taker.owner == owner else "MAKER",
        "maker_orders": [_maker(part, trade) for part in trade.makers],
    }


def listed_trade(trade: TradeRecord, owner: str) -> dict[str, Any]:
    """A trade as it is listed for somebody who took part."""
    state = "MATCHED_NOT_BROADCASTED" if trade.state is TradeState.MATCHED else trade.state.value
    return {
        **_trade(trade, owner),
        "status": f"TRADE_STATUS_{state}",
        "match_time": seconds(trade.matched_ns),
        "last_update": seconds(trade.updated_ns),
        "error_msg": None,
    }


def trade_event(trade: TradeRecord, owner: str, now_ns: int) -> dict[str, Any]:
    """A trade as the user channel tells of it."""
    return {
        **_trade(trade, owner),
        "event_type": "trade",
        "type": "TRADE",
        "status": trade.state.value,
        "trade_owner": trade.taker.api_key,
        "matchtime": seconds(trade.matched_ns),
        "match_time": seconds(trade.matched_ns),
        "last_update": seconds(trade.updated_ns),
        "timestamp": millis(now_ns),
    }
