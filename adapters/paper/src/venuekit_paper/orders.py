"""An order inside the exchange: whole numbers, mutable, one object from acceptance to its end."""

from __future__ import annotations

from decimal import Decimal

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
from venuekit_paper.scale import Scale, out

BUY, SELL = 1, -1
#: An average may have no end; it is shown to this step.
_AVERAGE_STEP = Decimal("1E-12")


class PaperOrder:
    """Sizes in lots, prices and money in the instrument's scale; times UTC nanoseconds."""

    __slots__ = (
        "account",
        "client_id",
        "created_ns",
        "expires_ns",
        "fees",
        "filled",
        "held",
        "held_asset",
        "number",
        "post_only",
        "price",
        "quote_size",
        "reason",
        "reduce_only",
        "resting",
        "scale",
        "side",
        "size",
        "status",
        "stop",
        "tif",
        "traded",
        "triggered",
        "type",
        "updated_ns",
        "why",
    )

    def __init__(
        self,
        number: int,
        account: Account,
        scale: Scale,
        side: int,
        type_: OrderType,
        size: int,
        price: int,
        time_ns: int,
    ) -> None:
        self.number = number
        self.account = account
        self.scale = scale
        self.side = side
        self.type = type_
        self.size = size
        #: 0 for an order without a limit.
        self.price = price
        self.stop = 0
        self.tif = TimeInForce.GTC
        self.filled = 0
        #: Money traded, without fees.
        self.traded = 0
        self.fees = 0
        self.held = 0
        self.held_asset = ""
        self.status = OrderStatus.OPEN
        self.resting = False
        self.triggered = False
        self.post_only = False
        self.reduce_only = False
        self.quote_size: Decimal | None = None
        self.client_id: str | None = None
        self.expires_ns: int | None = None
        self.reason = ""
        self.why = ""
        self.created_ns = self.updated_ns = time_ns

    @property
    def left(self) -> int:
        """Unfilled lots."""
        return self.size - self.filled

    def matches(self, request: OrderRequest) -> bool:
        """Whether `request` asks for this very order."""
        s = self.scale
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


def to_model(order: PaperOrder, venue: str) -> Order:
    """The order as the protocols know it."""
    s = order.scale
    size = s.size_out(order.size)
    filled = s.size_out(order.filled) if order.filled else ZERO
    average = None
    if order.filled:
        exact = ratio(out(order.traded, s.quote_digits), times(filled, s.instrument.contract_size))
        average = normal(half_even_to(exact, _AVERAGE_STEP))  # an average may have no end, an amount must
    has_price = order.type in (OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.BRACKET)
    return Order(
        venue=venue,
        account=order.account.name,
        instrument=s.instrument.id,
        side=Side.BUY if order.side > 0 else Side.SELL,
        type=order.type,
        status=order.status,
        time_in_force=order.tif,
        created_ns=order.created_ns,
        updated_ns=order.updated_ns,
        size=size,
        quote_size=order.quote_size,
        price=s.price_out(order.price) if has_price else None,
        stop_price=s.price_out(order.stop) if order.stop else None,
        expires_at_ns=order.expires_ns,
        post_only=order.post_only,
        reduce_only=order.reduce_only,
        client_order_id=order.client_id,
        venue_order_id=str(order.number),
        filled_size=filled,
        average_price=average,
        fees=out(order.fees, s.quote_digits),
        fee_asset=s.instrument.settle,
        status_code=order.why or None,
        status_reason=order.reason,
    )
