"""Facts, as one tagged union: what a venue reported, and what the desk decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import ClassVar

import attrs

from venuekit.model.account import Balance, Position
from venuekit.model.identity import AccountId, InstrumentId, VenueName
from venuekit.model.instrument import Instrument
from venuekit.model.market import Candle, Level, OrderBook, Ticker, Trade
from venuekit.model.order import Fill, Order, OrderStatus
from venuekit.model.words import Word


class Channel(Word):
    """What can be subscribed to."""

    TICKER = "ticker"
    BOOK = "book"
    TRADES = "trades"
    CANDLES = "candles"
    OWN_ORDERS = "own_orders"
    OWN_FILLS = "own_fills"
    STATUS = "status"

    @property
    def is_own(self) -> bool:
        """About our orders: never conflated, never dropped."""
        return self in (Channel.OWN_ORDERS, Channel.OWN_FILLS)


class OrderEventKind(Word):
    """What happened to an order."""

    PENDING_APPROVAL = "pending_approval"
    APPROVED = "approved"
    DENIED = "denied"
    SUBMITTING = "submitting"
    ACCEPTED = "accepted"
    TRIGGERED = "triggered"
    AMENDED = "amended"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    CANCEL_REQUESTED = "cancel_requested"
    CANCELED = "canceled"
    EXPIRED = "expired"
    REJECTED = "rejected"
    IN_DOUBT = "in_doubt"
    RECONCILED = "reconciled"


#: What has happened to an order that has come to a state. OPEN and PENDING_TRIGGER say nothing by themselves: it was
#: accepted, or amended.
STATUS_KINDS: Mapping[OrderStatus, OrderEventKind] = {
    OrderStatus.PENDING_APPROVAL: OrderEventKind.PENDING_APPROVAL,
    OrderStatus.SUBMITTING: OrderEventKind.SUBMITTING,
    OrderStatus.IN_DOUBT: OrderEventKind.IN_DOUBT,
    OrderStatus.PENDING_CANCEL: OrderEventKind.CANCEL_REQUESTED,
    OrderStatus.PARTIALLY_FILLED: OrderEventKind.PARTIALLY_FILLED,
    OrderStatus.FILLED: OrderEventKind.FILLED,
    OrderStatus.CANCELED: OrderEventKind.CANCELED,
    OrderStatus.EXPIRED: OrderEventKind.EXPIRED,
    OrderStatus.REJECTED: OrderEventKind.REJECTED,
    OrderStatus.DENIED: OrderEventKind.DENIED,
}


@attrs.frozen(kw_only=True)
class _Event:
    venue: VenueName
    instrument: InstrumentId | None = None
    time_ns: int
    #: The venue's sequence number, where it has one.
    sequence: int | None = None


@attrs.frozen(kw_only=True)
class OrderEvent(_Event):
    """An order changed; `order` is its state afterwards, `fill` the execution that changed it, if one did."""

    tag: ClassVar[str] = "order"
    kind: OrderEventKind
    order: Order
    fill: Fill | None = None

    def __str__(self) -> str:
        o = self.order
        left = "" if o.size is None else f" {o.filled_size}/{o.size}"
        at = f" @ {o.price}" if o.price is not None else ""
        return f"{o.id} {self.kind.value}: {o.side.value} {o.instrument}{left}{at} [{o.status.value}]"


@attrs.frozen(kw_only=True)
class FillEvent(_Event):
    """An own execution."""

    tag: ClassVar[str] = "fill"
    fill: Fill


@attrs.frozen(kw_only=True)
class TickerEvent(_Event):
    """New best prices or a new last price."""

    tag: ClassVar[str] = "ticker"
    ticker: Ticker


@attrs.frozen(kw_only=True)
class BookSnapshot(_Event):
    """A whole book: the first of a subscription, and again after every gap."""

    tag: ClassVar[str] = "book_snapshot"
    book: OrderBook


@attrs.frozen(kw_only=True)
class BookDelta(_Event):
    """Changed levels with their new absolute sizes; size 0 removes the level."""

    tag: ClassVar[str] = "book_delta"
    bids: Sequence[Level] = ()
    asks: Sequence[Level] = ()


@attrs.frozen(kw_only=True)
class TradeEvent(_Event):
    """A public trade."""

    tag: ClassVar[str] = "trade"
    trade: Trade


@attrs.frozen(kw_only=True)
class CandleEvent(_Event):
    """A candle that closed, or the open one's new values."""

    tag: ClassVar[str] = "candle"
    candle: Candle


@attrs.frozen(kw_only=True)
class InstrumentEvent(_Event):
    """Tick size, status or resolution changed. `payout` is per share, once a binary outcome is resolved."""

    tag: ClassVar[str] = "instrument"
    changed: Instrument
    payout: str | None = None


@attrs.frozen(kw_only=True)
class BalanceEvent(_Event):
    """A balance changed."""

    tag: ClassVar[str] = "balance"
    balance: Balance


@attrs.frozen(kw_only=True)
class PositionEvent(_Event):
    """A position changed."""

    tag: ClassVar[str] = "position"
    position: Position


class ConnectionState(StrEnum):
    """Where a stream's connection is."""

    CONNECTING = "connecting"
    CONNECTED = "connected"
    DISCONNECTED = "disconnected"
    STALE = "stale"


@attrs.frozen(kw_only=True)
class ConnectionEvent(_Event):
    """A stream connected, was lost, or fell silent."""

    tag: ClassVar[str] = "connection"
    state: ConnectionState
    detail: str = ""
    #: How many messages of this connection an adapter could not make sense of so far.
    not_understood: int = 0


@attrs.frozen(kw_only=True)
class GapEvent(_Event):
    """Some events of a channel were missed; a snapshot follows."""

    tag: ClassVar[str] = "gap"
    channel: Channel
    expected: int | None = None
    received: int | None = None


@attrs.frozen(kw_only=True)
class DeskEvent(_Event):
    """The desk itself: halted, resumed, breaker tripped, approval decided, difference found on reconciling."""

    tag: ClassVar[str] = "desk"
    kind: str
    message: str
    account: AccountId | None = None
    subject: str = ""


Event = (
    OrderEvent
    | FillEvent
    | TickerEvent
    | BookSnapshot
    | BookDelta
    | TradeEvent
    | CandleEvent
    | InstrumentEvent
    | BalanceEvent
    | PositionEvent
    | ConnectionEvent
    | GapEvent
    | DeskEvent
)
