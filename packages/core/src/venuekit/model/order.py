"""An order, and which states may follow which: one table, tested whole."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from operator import attrgetter
from typing import Any

import attrs

from venuekit.errors import InternalError
from venuekit.model.identity import (
    AccountId,
    ApprovalId,
    ClientOrderId,
    FillId,
    InstrumentId,
    VenueName,
    VenueOrderId,
)
from venuekit.model.intent import OrderRequest, OrderType, Side, TimeInForce
from venuekit.model.money import ZERO, minus
from venuekit.model.words import Word


class OrderStatus(Word):
    """Where an order is.

    DENIED is ours (validation, risk, permission, approval); REJECTED is the venue's. IN_DOUBT was sent and
    has no answer yet. PENDING_TRIGGER waits at the venue for its stop price.
    """

    NEW = "NEW"
    PENDING_APPROVAL = "PENDING_APPROVAL"
    SUBMITTING = "SUBMITTING"
    IN_DOUBT = "IN_DOUBT"
    PENDING_TRIGGER = "PENDING_TRIGGER"
    OPEN = "OPEN"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    PENDING_CANCEL = "PENDING_CANCEL"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"
    REJECTED = "REJECTED"
    DENIED = "DENIED"


S = OrderStatus
DONE: frozenset[OrderStatus] = frozenset({S.FILLED, S.CANCELED, S.EXPIRED, S.REJECTED, S.DENIED})
#: Live at the venue, as far as we know.
WORKING: frozenset[OrderStatus] = frozenset({S.PENDING_TRIGGER, S.OPEN, S.PARTIALLY_FILLED, S.PENDING_CANCEL})
#: May still cost money: working, on its way, or in doubt.
EXPOSED: frozenset[OrderStatus] = WORKING | {S.SUBMITTING, S.IN_DOUBT}

_AT_VENUE = frozenset({S.PENDING_TRIGGER, S.OPEN, S.PARTIALLY_FILLED, S.FILLED, S.CANCELED, S.EXPIRED, S.REJECTED})

#: Which states may follow which. A state may always follow itself (an update that changes other fields).
TRANSITIONS: dict[OrderStatus, frozenset[OrderStatus]] = {
    S.NEW: frozenset({S.PENDING_APPROVAL, S.SUBMITTING, S.DENIED}),
    S.PENDING_APPROVAL: frozenset({S.SUBMITTING, S.DENIED}),
    S.SUBMITTING: _AT_VENUE | {S.IN_DOUBT, S.PENDING_CANCEL, S.DENIED},
    S.IN_DOUBT: _AT_VENUE | {S.PENDING_CANCEL},
    S.PENDING_TRIGGER: frozenset(
        {S.OPEN, S.PARTIALLY_FILLED, S.FILLED, S.PENDING_CANCEL, S.CANCELED, S.EXPIRED, S.REJECTED}
    ),
    S.OPEN: frozenset({S.PARTIALLY_FILLED, S.FILLED, S.PENDING_CANCEL, S.CANCELED, S.EXPIRED, S.PENDING_TRIGGER}),
    S.PARTIALLY_FILLED: frozenset({S.FILLED, S.PENDING_CANCEL, S.CANCELED, S.EXPIRED, S.OPEN}),
    S.PENDING_CANCEL: frozenset(
        {S.CANCELED, S.FILLED, S.EXPIRED, S.OPEN, S.PARTIALLY_FILLED, S.PENDING_TRIGGER, S.REJECTED}
    ),
    S.FILLED: frozenset(),
    S.CANCELED: frozenset(),
    S.EXPIRED: frozenset(),
    S.REJECTED: frozenset(),
    S.DENIED: frozenset(),
}


def may_follow(before: OrderStatus, after: OrderStatus) -> bool:
    """Whether an order in `before` may be seen in `after` next."""
    return before is after or after in TRANSITIONS[before]


@attrs.frozen(kw_only=True)
class Order:
    """One order as far as it is known now. A new state is a new value.

    Sizes are in base units, prices in quote per base, `fees` in `fee_asset`. Times are UTC nanoseconds.
    """

    venue: VenueName
    account: AccountId
    instrument: InstrumentId
    side: Side
    type: OrderType
    status: OrderStatus
    time_in_force: TimeInForce
    created_ns: int
    updated_ns: int
    #: None for a market order by `quote_size` until it is done.
    size: Decimal | None = None
    quote_size: Decimal | None = None
    price: Decimal | None = None
    stop_price: Decimal | None = None
    expires_at_ns: int | None = None
    post_only: bool = False
    reduce_only: bool = False
    client_order_id: ClientOrderId | None = None
    venue_order_id: VenueOrderId | None = None
    filled_size: Decimal = ZERO
    average_price: Decimal | None = None
    fees: Decimal = ZERO
    fee_asset: str | None = None
    #: Why it was denied, rejected, canceled or is in doubt: our code, and a sentence.
    status_code: str | None = None
    status_reason: str = ""
    agent_id: str = ""
    reason: str = ""
    approval_id: ApprovalId | None = None

    @classmethod
    def of(
        cls,
        request: OrderRequest,
        *,
        venue: VenueName,
        account: AccountId,
        status: OrderStatus,
        at_ns: int,
        instrument: InstrumentId | None = None,
        **more: Any,
    ) -> Order:
        """The order that `request` becomes.

        Args:
            request: What was asked for.
            venue: Where, and `account` whose.
            account: The user's name for it.
            status: As far as it has come.
            at_ns: When, UTC nanoseconds.
            instrument: Its id, where the request names it by an alias.
            more: Fields that a request does not have, such as the venue's id.
        """
        return cls(
            venue=venue,
            account=account,
            instrument=instrument or request.instrument,
            side=request.side,
            type=request.type,
            status=status,
            time_in_force=request.time_in_force,
            created_ns=at_ns,
            updated_ns=at_ns,
            size=request.size,
            quote_size=getattr(request, "quote_size", None),
            price=getattr(request, "price", None),
            stop_price=getattr(request, "stop_price", None),
            expires_at_ns=getattr(request, "expires_at_ns", None),
            post_only=getattr(request, "post_only", False),
            client_order_id=request.client_order_id,
            **more,
        )

    @property
    def id(self) -> str:
        """The id to use with the desk: the client order id, or the venue's for an order placed elsewhere."""
        return self.client_order_id or self.venue_order_id or ""

    @property
    def remaining(self) -> Decimal | None:
        """Unfilled size in base units; None while the size is not known."""
        return None if self.size is None else minus(self.size, self.filled_size)

    @property
    def is_done(self) -> bool:
        """Nothing more will happen to it."""
        return self.status in DONE

    @property
    def is_working(self) -> bool:
        """Live at the venue, conditional orders included."""
        return self.status in WORKING

    def to(self, status: OrderStatus, **changes: object) -> Order:
        """The order in another state.

        Raises:
            InternalError: the table does not allow it.
        """
        if not may_follow(self.status, status):
            raise InternalError(f"An order cannot go from {self.status.value} to {status.value}.", order_id=self.id)
        return self.but(status=status, **changes)

    def but(self, **changes: object) -> Order:
        """The order with some fields changed; the status table is not consulted.

        Written out because ``attrs.evolve`` costs ten times as much, and every order passes here often.
        """
        new = object.__new__(Order)
        for put, value in zip(_SETTERS.values(), _values(self), strict=True):
            put(new, value)
        for name, value in changes.items():
            if name not in _SETTERS:
                raise TypeError(f"Order has no field {name}")
            _SETTERS[name](new, value)
        return new


_SETTERS: dict[str, Callable[[Order, object], None]] = {
    f.name: Order.__dict__[f.name].__set__ for f in attrs.fields(Order)
}
_values = attrgetter(*_SETTERS)


@attrs.frozen
class OrderRef:
    """Enough to find an order at a venue: either id, and the instrument where the venue needs it."""

    venue_order_id: VenueOrderId | None = None
    client_order_id: ClientOrderId | None = None
    instrument: InstrumentId | None = None

    @classmethod
    def of(cls, order: Order) -> OrderRef:
        """The reference to `order`."""
        return cls(order.venue_order_id, order.client_order_id, order.instrument)


class Liquidity(Word):
    """Whether a fill made or took liquidity."""

    MAKER = "MAKER"
    TAKER = "TAKER"


class FillState(Word):
    """How final a fill is. Only CONFIRMED counts as sellable; REVERSED undoes an earlier one of the same id."""

    PROVISIONAL = "PROVISIONAL"
    CONFIRMED = "CONFIRMED"
    REVERSED = "REVERSED"


@attrs.frozen(kw_only=True)
class Fill:
    """One execution. `fee` is in `fee_asset`, positive when paid, negative for a rebate."""

    id: FillId
    venue: VenueName
    account: AccountId
    instrument: InstrumentId
    venue_order_id: VenueOrderId
    client_order_id: ClientOrderId | None
    side: Side
    price: Decimal
    size: Decimal
    fee: Decimal
    fee_asset: str
    liquidity: Liquidity
    time_ns: int
    state: FillState = FillState.CONFIRMED


@attrs.frozen
class CancelResult:
    """What became of one order in a cancel-all: `error_code` is None when the venue took the request."""

    order: OrderRef
    error_code: str | None = None
    message: str = ""
