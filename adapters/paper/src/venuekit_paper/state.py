"""The whole exchange as data, and back: what a snapshot keeps."""

from __future__ import annotations

import heapq
from decimal import Decimal
from typing import Any

from venuekit.adapter import (
    InstrumentStatus,
    OrderStatus,
    OrderType,
    Side,
    TimeInForce,
    Trade,
    parse_decimal,
    plain,
)
from venuekit_paper.accounts import Account
from venuekit_paper.exchange import Exchange
from venuekit_paper.orders import PaperOrder

_COUNTERS = ("number", "fill_number", "transfer_number", "now_ns")
_PLAIN = (
    "number", "side", "size", "price", "stop", "filled", "traded", "fees", "held", "held_asset", "triggered",
    "post_only", "reduce_only", "client_id", "expires_ns", "reason", "why", "created_ns", "updated_ns",
)  # fmt: skip


def dump(exchange: Exchange) -> dict[str, Any]:
    """Everything that later commands depend on."""
    return {
        "counters": {name: getattr(exchange, name) for name in _COUNTERS},
        "accounts": [_account(a) for a in exchange.accounts.values()],
        "orders": [_order(o) for o in exchange.orders.values()],
        "expiries": sorted(exchange._expiries),  # noqa: SLF001 - a snapshot is made of internals
        "markets": {
            name: {
                "last": m.last,
                "mark": m.mark,
                "volume": m.volume,
                "sequence": m.sequence,
                "status": m.scale.instrument.status.value,
                "bids": [o.number for o in m.book.bids.walk()],
                "asks": [o.number for o in m.book.asks.walk()],
                "stops": [e[1] for e in m.stops_up + m.stops_down],
            }
            for name, m in exchange.markets.items()
        },
        "tape": {name: [_trade(t) for t in tape] for name, tape in exchange.tape.items()},
        "places": dict(exchange.places),
    }


def load(exchange: Exchange, state: dict[str, Any]) -> None:
    """Bring a fresh exchange of the same instruments to the state that `dump` wrote."""
    exchange.places.update(state["places"])
    for name, value in state["counters"].items():
        setattr(exchange, name, value)
    for data in state["accounts"]:
        exchange.accounts[data["name"]] = _to_account(data, exchange)
    for data in state["orders"]:
        order = _to_order(data, exchange)
        exchange.orders[order.number] = order
        if not order.account.house:
            order.account.open[order.number] = order
            if order.client_id is not None:
                order.account.by_client_id[order.client_id] = order
    exchange._expiries = [tuple(e) for e in state["expiries"]]  # noqa: SLF001
    heapq.heapify(exchange._expiries)  # noqa: SLF001
    for name, data in state["markets"].items():
        market = exchange.markets[name]
        for side, numbers in ((market.book.bids, data["bids"]), (market.book.asks, data["asks"])):
            for number in numbers:
                side.add(exchange.orders[number])
        for number in data["stops"]:
            exchange.matcher.arm(market, exchange.orders[number])
        market.last, market.mark = data["last"], data["mark"]
        market.volume, market.sequence = data["volume"], data["sequence"]
        if market.scale.instrument.status.value != data["status"]:
            exchange._change_instrument(market, status=InstrumentStatus(data["status"]))  # noqa: SLF001
        exchange.tape[name].extend(_to_trade(row, exchange.venue, name) for row in state["tape"][name])


def _trade(trade: Trade) -> list[Any]:
    side = None if trade.taker_side is None else trade.taker_side.value
    return [trade.id, plain(trade.price), plain(trade.size), side, trade.time_ns]


def _to_trade(row: list[Any], venue: str, instrument: str) -> Trade:
    """A thousand of each market are read on every start, so this is written out."""
    number, price, size, side, time_ns = row
    return Trade(
        id=number,
        venue=venue,
        instrument=instrument,
        price=Decimal(price),
        size=Decimal(size),
        taker_side=None if side is None else Side(side),
        time_ns=time_ns,
    )


def _account(account: Account) -> dict[str, Any]:
    return {
        "name": account.name,
        "house": account.house,
        "total": dict(account.total),
        "held": dict(account.held),
        "holdings": {
            name: [h.lots, h.cost, h.realized, h.fees, h.margin, h.updated_ns] for name, h in account.holdings.items()
        },
    }


def _to_account(data: dict[str, Any], exchange: Exchange) -> Account:
    account = Account(data["name"], exchange.places, house=data["house"])
    account.total.update(data["total"])
    account.held.update(data["held"])
    for name, values in data["holdings"].items():
        h = account.holding(name)
        h.lots, h.cost, h.realized, h.fees, h.margin, h.updated_ns = values
    return account


def _order(order: PaperOrder) -> dict[str, Any]:
    body = {name: getattr(order, name) for name in _PLAIN}
    return {
        **body,
        "account": order.account.name,
        "instrument": order.scale.instrument.id,
        "type": order.type.value,
        "tif": order.tif.value,
        "status": order.status.value,
        "quote_size": None if order.quote_size is None else plain(order.quote_size),
    }


def _to_order(data: dict[str, Any], exchange: Exchange) -> PaperOrder:
    owner = exchange.accounts[data["account"]]
    scale = exchange.markets[data["instrument"]].scale
    order = PaperOrder(
        data["number"], owner, scale, data["side"], OrderType(data["type"]), data["size"], data["price"], 0
    )
    for name in _PLAIN:
        setattr(order, name, data[name])
    order.tif, order.status = TimeInForce(data["tif"]), OrderStatus(data["status"])
    if data["quote_size"] is not None:
        order.quote_size = parse_decimal(data["quote_size"], field="quote_size")
    return order
