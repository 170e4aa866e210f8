"""The whole exchange as data, and back: what a snapshot keeps."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from venuekit.adapter import InstrumentStatus, OrderStatus, OrderType, TimeInForce, parse_decimal, plain
from venuekit_paper.accounts import Account, Holding
from venuekit_paper.exchange import Exchange
from venuekit_paper.fees import Fees, FeeSchedule
from venuekit_paper.market import Market
from venuekit_paper.orders import PaperOrder

_COUNTERS = ("number", "transfer_number", "now_ns")
_ORDER = (
    "number", "side", "size", "price", "client_id", "stop", "filled", "traded", "fees", "fee_parts", "held", "holding",
    "hold_price", "triggered", "post_only", "reduce_only", "expires_ns", "reason", "why", "created_ns", "updated_ns",
)  # fmt: skip
_MARKET = ("last", "mark", "volume", "sequence")


def dump(exchange: Exchange) -> dict[str, Any]:
    """Everything that later commands depend on."""
    schedule = exchange.matcher.fees.schedule
    return {
        "counters": {name: getattr(exchange, name) for name in _COUNTERS},
        "fill_number": exchange.matcher.fill_number,
        "fees": [plain(rate) for rate in (schedule.maker, schedule.taker)],
        "fee_denominator": exchange.matcher.fees.denominator,
        "taken": dict(exchange.matcher.taken),
        "accounts": [account_data(a) for a in exchange.accounts.values()],
        "orders": [order_data(o) for a in exchange.accounts.values() for o in a.open.values()],
        "expiries": [[until, number, order.account.name] for until, number, order in exchange.expiries.entries()],
        "markets": {name: _market(market) for name, market in exchange.markets.items()},
        "tape": {name: [list(printed) for printed in tape] for name, tape in exchange.reporter.tape.items()},
        "places": dict(exchange.places),
    }


def load(exchange: Exchange, state: dict[str, Any]) -> None:
    """Bring a fresh exchange of the same instruments to the state that `dump` wrote."""
    exchange.places.update(state["places"])
    for name, value in state["counters"].items():
        setattr(exchange, name, value)
    exchange.matcher.fill_number = state["fill_number"]
    maker, taker = (Decimal(rate) for rate in state["fees"])
    exchange.matcher.fees = Fees(FeeSchedule(maker=maker, taker=taker), at_least=state["fee_denominator"])
    exchange.matcher.taken.update(state["taken"])
    for data in state["accounts"]:
        exchange.accounts[data["name"]] = to_account(data, exchange)
    orders = {}
    for data in state["orders"]:
        order = orders[data["number"]] = to_order(data, exchange)
        order.account.open[order.number] = order
        if order.client_id is not None:
            order.account.by_client_id[order.client_id] = order
    for until, number, owner in state["expiries"]:
        exchange.expiries.add(until, exchange.accounts[owner].open[number])
    for name, data in state["markets"].items():
        market = exchange.markets[name]
        for side, numbers in ((market.book.bids, data["bids"]), (market.book.asks, data["asks"])):
            for number in numbers:
                side.add(orders[number])
        for number in data["stops"]:
            market.arm(orders[number])
        for field in _MARKET:
            setattr(market, field, data[field])
        if market.scale.instrument.status.value != data["status"]:
            exchange.change_instrument(market, status=InstrumentStatus(data["status"]))
        exchange.reporter.tape[name].extend(tuple(row) for row in state["tape"][name])


def _market(market: Market) -> dict[str, Any]:
    return {
        **{field: getattr(market, field) for field in _MARKET},
        "status": market.scale.instrument.status.value,
        "bids": [o.number for o in market.book.bids.walk()],
        "asks": [o.number for o in market.book.asks.walk()],
        "stops": [number for _, number, _ in market.stops_up + market.stops_down],
    }


def account_data(account: Account) -> dict[str, Any]:
    """One account."""
    return {
        "name": account.name,
        "house": account.house,
        "total": dict(account.total),
        "held": dict(account.held),
        "holdings": {
            name: [getattr(holding, field) for field in Holding.__slots__] for name, holding in account.holdings.items()
        },
    }


def to_account(data: dict[str, Any], exchange: Exchange) -> Account:
    """The account that `account_data` wrote."""
    account = Account(data["name"], exchange.places, house=data["house"])
    account.total.update(data["total"])
    account.held.update(data["held"])
    for name, values in data["holdings"].items():
        holding = account.holdings[name]
        for field, value in zip(Holding.__slots__, values, strict=True):
            setattr(holding, field, value)
    return account


def order_data(order: PaperOrder) -> dict[str, Any]:
    """One open order."""
    return {
        **{name: getattr(order, name) for name in _ORDER},
        "account": order.account.name,
        "instrument": order.market.id,
        "type": order.type.value,
        "tif": order.tif.value,
        "status": order.status.value,
        "quote_size": None if order.quote_size is None else plain(order.quote_size),
    }


def to_order(data: dict[str, Any], exchange: Exchange) -> PaperOrder:
    """The order that `order_data` wrote, on no book yet."""
    owner, market = exchange.accounts[data["account"]], exchange.markets[data["instrument"]]
    order = PaperOrder(
        data["number"], owner, market, data["side"], OrderType(data["type"]), data["size"], data["price"], 0
    )
    for name in _ORDER:
        setattr(order, name, data[name])
    order.tif, order.status = TimeInForce(data["tif"]), OrderStatus(data["status"])
    if data["quote_size"] is not None:
        order.quote_size = parse_decimal(data["quote_size"], field="quote_size")
    return order
