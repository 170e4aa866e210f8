"""Toy, a complete venue in one file: a house quotes one coin at 99 and 101, and you trade against it."""

from collections.abc import AsyncIterator, Sequence
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import attrs

from venuekit import adapter as vk

BID, ASK, DEPTH, FEE = Decimal(99), Decimal(101), Decimal(1000), Decimal("0.001")
STEPS: dict[str, Any] = {"tick_size": Decimal("0.01"), "lot_size": Decimal("0.001"), "min_size": Decimal("0.01")}
LIMITS: dict[str, Any] = {"max_price": Decimal(1000), "min_notional": Decimal(1)}
COIN = vk.Instrument(id="TOY-USD", venue="toy", kind=vk.InstrumentKind.SPOT, base="TOY", quote="USD", **STEPS, **LIMITS)
NO = vk.Declared(vk.Support.UNSUPPORTED, "the toy exchange has no such thing")
TRADING = {"submit", "cancel", "open_orders", "order_by_client_id", "idempotent_submit", "fills", "balances"}
CAPABILITIES = vk.Capabilities(
    venue="toy",
    title="Toy exchange",
    kinds=[COIN.kind],
    features={f: vk.FULL if f in TRADING | {"ticker", "order_book"} else NO for f in vk.Feature},
    order_types={t: vk.FULL if t is vk.OrderType.LIMIT else NO for t in vk.OrderType},
    times_in_force={t: vk.FULL if t in {"GTC", "IOC"} else NO for t in vk.TimeInForce},
    channels={c: vk.FULL if c is vk.Channel.OWN_ORDERS else NO for c in vk.Channel},
)
ACCOUNTS: dict[tuple[str, str], Any] = {}  # the far side: it outlives the connection


@attrs.frozen(kw_only=True)
class Options:
    cash: int = attrs.field(default=10_000, metadata={"doc": "USD that a new account holds."})


def cost(order: Any) -> tuple[str, Decimal]:  # what an order takes: cash and the fee to buy, coins to sell
    return ("USD", order.size * order.price * (1 + FEE)) if order.side is vk.Side.BUY else ("TOY", order.size)


class ToyVenue(vk.PartialVenue):
    name, environment, capabilities = "toy", "paper", CAPABILITIES

    def __init__(self, context: vk.VenueContext) -> None:
        if unknown := set(context.options) - {"cash"}:
            raise vk.ConfigError(f"Unknown options: {', '.join(unknown)}.", field="venues.toy")
        money = {"TOY": Decimal(0), "USD": Decimal(Options(**context.options).cash)}
        new = SimpleNamespace(total=money, orders={}, fills=[])
        self.far_side = ACCOUNTS.setdefault((str(context.data_dir), context.account), new)
        self.account, self.now, self.fanout = context.account, context.clock.now_ns, vk.Fanout()
        self.who: dict[str, Any] = {"venue": "toy", "account": context.account}

    @property
    def mine(self) -> Any:
        self.check_open()
        return self.far_side

    async def close(self) -> None:
        await super().close()
        self.fanout.lose()

    async def instruments(self) -> Sequence[vk.Instrument]:
        return [COIN]

    async def tickers(self, instruments: Sequence[str]) -> Sequence[vk.Ticker]:
        ids = [(await self.instrument(name)).id for name in instruments]
        return [vk.Ticker(venue="toy", instrument=i, time_ns=self.now(), bid=BID, ask=ASK) for i in ids]

    async def order_book(self, instrument: str, *, depth: int = 50) -> vk.OrderBook:
        coin = (await self.instrument(instrument)).id
        bids, asks = [vk.Level(BID, DEPTH)][:depth], [vk.Level(ASK, DEPTH)][:depth]
        return vk.OrderBook(venue="toy", instrument=coin, time_ns=self.now(), bids=bids, asks=asks)

    async def submit(self, request: vk.OrderRequest) -> vk.Order:
        coin, now, key = await self.instrument(request.instrument), self.now(), str(request.client_order_id)
        vk.validate(request, coin, CAPABILITIES, now_ns=now)
        asked = {f: getattr(request, f) for f in ("instrument", "side", "type", "size", "price", "time_in_force")}
        old: vk.Order | None = self.mine.orders.get(key)
        if old is not None:
            if any(getattr(old, name) != value for name, value in asked.items()):
                raise vk.ClientOrderIdReused(f"{key} is another order.")
            return old
        asset, amount = cost(request)
        if amount > self.mine.total[asset] - self.held(asset):
            raise vk.InsufficientFunds("The balance is too small.", details={"asset": asset, "required": str(amount)})
        asked |= {"client_order_id": key, "venue_order_id": f"T{len(self.mine.orders) + 1}", "fee_asset": "USD"}
        order = vk.Order(status=vk.OrderStatus.OPEN, created_ns=now, updated_ns=now, **self.who, **asked)
        self.tell(order, vk.OrderEventKind.ACCEPTED)
        price = ASK if order.side is vk.Side.BUY else BID
        if (asked["price"] - price) * order.side.sign >= 0:
            return self.trade(order, price, asked["size"])
        return order if order.time_in_force is vk.TimeInForce.GTC else await self.cancel(vk.OrderRef.of(order))

    def trade(self, order: vk.Order, price: Decimal, size: Decimal) -> vk.Order:
        fee, bought = price * size * FEE, size * order.side.sign
        same = {f: getattr(order, f) for f in ("instrument", "side", "client_order_id", "venue_order_id", "fee_asset")}
        new: dict[str, Any] = {"price": price, "size": size, "fee": fee, "liquidity": vk.Liquidity.TAKER}
        fill = vk.Fill(id=f"F{len(self.mine.fills) + 1}", time_ns=self.now(), **new, **same, **self.who)
        self.mine.fills.append(fill)
        self.mine.total["TOY"] += bought
        self.mine.total["USD"] -= price * bought + fee
        done = order.to(vk.OrderStatus.FILLED, filled_size=size, average_price=price, fees=fee)
        return self.tell(done, vk.OrderEventKind.FILLED, fill)

    def tell(self, order: vk.Order, kind: vk.OrderEventKind, fill: vk.Fill | None = None) -> vk.Order:
        self.mine.orders[order.id] = order
        event = vk.OrderEvent(venue="toy", time_ns=order.updated_ns, kind=kind, order=order, fill=fill)
        self.fanout.publish(vk.Channel.OWN_ORDERS, event)
        return order

    def held(self, asset: str) -> Decimal:
        return sum((cost(o)[1] for o in self.mine.orders.values() if o.is_working and cost(o)[0] == asset), Decimal(0))

    async def cancel(self, order: vk.OrderRef) -> vk.Order:
        known = await self.order(order)
        if known.is_done:
            raise vk.OrderAlreadyDone(f"The order is {known.status}.")
        return self.tell(known.to(vk.OrderStatus.CANCELED, updated_ns=self.now()), vk.OrderEventKind.CANCELED)

    async def order(self, order: vk.OrderRef) -> vk.Order:
        known: vk.Order
        for known in self.mine.orders.values():
            if order.client_order_id == known.client_order_id or order.venue_order_id == known.venue_order_id:
                return known
        raise vk.UnknownOrder("There is no such order.")

    async def open_orders(self, instrument: str | None = None) -> Sequence[vk.Order]:
        return [o for o in self.mine.orders.values() if o.is_working and instrument in {None, o.instrument}]

    async def fills(self, query: vk.FillQuery) -> vk.Page[vk.Fill]:
        start, end = query.start_ns or 0, query.end_ns or 2**63
        found = [f for f in self.mine.fills if query.order_id in {None, f.venue_order_id, f.client_order_id}]
        return vk.paged([f for f in found if start <= f.time_ns < end], limit=query.limit, cursor=query.cursor)

    async def balances(self) -> Sequence[vk.Balance]:
        rows = [(asset, total, self.held(asset)) for asset, total in self.mine.total.items() if total]
        return [vk.Balance(asset=a, total=t, held=h, available=t - h, **self.who) for a, t, h in rows]

    def subscribe(self, channel: vk.Channel, instruments: Sequence[str]) -> AsyncIterator[vk.Event]:
        if self.mine and not CAPABILITIES.can(channel):
            raise vk.Unsupported(NO.reason)
        return self.fanout.read(channel, instruments)


class ToyFactory:
    name, title, environment, extras = "toy", CAPABILITIES.title, "paper", ()
    capabilities, options, create = CAPABILITIES, Options, ToyVenue
    contract_profile = SimpleNamespace(simulated_time=True, drop_connections=lambda venue: venue.fanout.lose())


factory = ToyFactory()
