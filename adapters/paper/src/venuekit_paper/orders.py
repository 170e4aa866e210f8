"""An order inside the exchange: whole numbers, mutable, one object from acceptance to its end."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from venuekit.adapter import (
    ZERO,
    Order,
    OrderRequest,
    OrderStatus,
    OrderType,
    Side,
    TimeInForce,
    half_even_to,
    normal,
    ratio,
    times,
)
from venuekit_paper.accounts import Account
from venuekit_paper.book import Level
from venuekit_paper.scale import out

if TYPE_CHECKING:
    from venuekit_paper.market import Market

BUY, SELL = 1, -1
#: An average may have no end; it is shown to this step.
_AVERAGE_STEP = Decimal("1E-12")
_PRICED = (OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.BRACKET)


class PaperOrder:
    """Sizes in lots, prices and money in the instrument's scale; times UTC nanoseconds."""

    __slots__ = (
        "account", "ahead", "armed", "behind", "client_id", "created_ns", "expires_ns", "fee_parts", "fees", "filled",
        "held", "hold_price", "holding", "level", "market", "number", "post_only", "price", "quote_size", "reason",
        "reduce_only", "side", "size", "status", "stop", "tif", "traded", "triggered", "type", "updated_ns", "why",
    )  # fmt: skip

    def __init__(
        self,
        number: int,
        account: Account,
        market: Market,
        side: int,
        type_: OrderType,
        size: int,
        price: int,
        time_ns: int,
        client_id: str | None = None,
    ) -> None:
        self.number = number
        self.account = account
        self.market = market
        self.side = side
        self.type = type_
        self.size = size
        #: 0 for an order without a limit.
        self.price = price
        self.client_id = client_id
        self.created_ns = self.updated_ns = time_ns
        self.tif = TimeInForce.GTC
        self.status = OrderStatus.OPEN
        #: Money traded, without fees, and the fees: exactly, over the schedule's denominator, and rounded up once.
        self.filled = self.traded = self.fee_parts = self.fees = 0
        #: Whether it has set something aside, and how much: of the quote asset to buy, of the base asset to sell, of
        #: fees on margin; reckoned with `hold_price`.
        self.holding = False
        self.held = self.hold_price = 0
        #: 0 for an order without a trigger; `armed` while it waits for it.
        self.stop = 0
        self.armed = self.triggered = self.post_only = self.reduce_only = False
        self.quote_size: Decimal | None = None
        self.expires_ns: int | None = None
        #: The end's code and words.
        self.why = self.reason = ""
        #: Its place on the book, None when it does not rest there.
        self.level: Level | None = None
        self.ahead: PaperOrder | None = None
        self.behind: PaperOrder | None = None

    @property
    def left(self) -> int:
        """Unfilled lots."""
        return self.size - self.filled

    @property
    def resting(self) -> bool:
        """Whether it is on the book."""
        return self.level is not None

    @property
    def at_market(self) -> bool:
        """Whether it takes any price now."""
        return not self.price or (self.type is OrderType.BRACKET and self.triggered)

    def matches(self, request: OrderRequest) -> bool:
        """Whether `request` asks for this very order."""
        s = self.market.scale
        stop = getattr(request, "stop_price", None)
        price = getattr(request, "price", None)
        quote_size = getattr(request, "quote_size", None)
        return (
            request.instrument in (s.instrument.id, s.instrument.alias)
            and request.side.sign == self.side
            and request.type is self.type
            and request.time_in_force is self.tif
            and quote_size == self.quote_size
            and (quote_size is not None or request.size == s.size_out(self.size))
            and (price is None or price == s.price_out(self.price))
            and (stop is None or stop == s.price_out(self.stop))
            and request.reduce_only == self.reduce_only
            and getattr(request, "post_only", False) == self.post_only
            and getattr(request, "expires_at_ns", None) == self.expires_ns
        )


State = tuple[OrderStatus, int, int, int, int]


def to_model(order: PaperOrder, venue: str, state: State | None = None) -> Order:
    """The order as the protocols know it, now or when its status, size, filled, traded and fees were `state`."""
    status, lots, filled_lots, traded, fees = state or (
        order.status, order.size, order.filled, order.traded, order.fees,
    )  # fmt: skip
    s = order.market.scale
    filled = s.size_out(filled_lots) if filled_lots else ZERO
    ended = status is order.status
    average = None
    if filled_lots:
        exact = ratio(out(traded, s.quote_digits), times(filled, s.instrument.contract_size))
        average = normal(half_even_to(exact, _AVERAGE_STEP))
    return Order(
        venue=venue,
        account=order.account.name,
        instrument=s.instrument.id,
        side=Side.BUY if order.side > 0 else Side.SELL,
        type=order.type,
        status=status,
        time_in_force=order.tif,
        created_ns=order.created_ns,
        updated_ns=order.updated_ns,
        size=s.size_out(lots),
        quote_size=order.quote_size,
        price=s.price_out(order.price) if order.type in _PRICED else None,
        stop_price=s.price_out(order.stop) if order.stop else None,
        expires_at_ns=order.expires_ns,
        post_only=order.post_only,
        reduce_only=order.reduce_only,
        client_order_id=order.client_id,
        venue_order_id=str(order.number),
        filled_size=filled,
        average_price=average,
        fees=out(fees, s.quote_digits),
        fee_asset=s.instrument.settle,
        status_code=(order.why or None) if ended else None,
        status_reason=order.reason if ended else "",
    )
