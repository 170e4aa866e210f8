"""What the desk answers about itself: previews, risk, status."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import attrs

from venuekit.errors import VenuekitError
from venuekit.protocols.journal import LimitOverride
from venuekit.protocols.limiter import PaceState
from venuekit.protocols.risk import Headroom, TradingState, Verdict


@attrs.frozen(kw_only=True)
class Preview:
    """What would happen to an order now. `error` is set when it would not even be valid; nothing was sent.

    Amounts are in the instrument's quote currency; None where no trusted price is known.
    """

    allowed: bool
    needs_approval: bool
    reason: str
    verdicts: Sequence[Verdict] = ()
    error: dict[str, object] | None = None
    worst_price: Decimal | None = None
    notional: Decimal | None = None
    estimated_fee: Decimal | None = None
    #: How large such an order may be, by each check that bounds its size.
    headroom: Sequence[Headroom] = ()


def refused(error: VenuekitError) -> Preview:
    """What would happen where this error would be raised."""
    return Preview(allowed=False, needs_approval=False, reason=str(error), error=error.to_dict())


@attrs.frozen(kw_only=True)
class BreakerStatus:
    """One circuit breaker: `state` CLOSED, OPEN, HALF_OPEN or MANUAL, and what it measures against which limit.

    While it is not CLOSED, only what `leads_to` allows goes. `measured_ns` is None for what is measured all the time.
    """

    name: str
    state: str
    leads_to: TradingState
    value: str
    limit: str
    measured_ns: int | None
    reason: str
    warning: str
    tripped_ns: int | None
    recoveries: int


@attrs.frozen(kw_only=True)
class HoursState:
    """Whether orders of these instruments go now, as far as hours are concerned; none named: of all others.

    `changes` is when that changes, in UTC and local time; empty: not within a year, or not known.
    """

    instruments: Sequence[str]
    open: bool
    why: str
    changes: str


@attrs.frozen(kw_only=True)
class RiskState:
    """Where the desk stands. Amounts are in the desk's currency; None while something in them is unknown."""

    trading_state: TradingState
    reason: str
    since_ns: int
    currency: str
    equity: Decimal | None
    daily_pnl: Decimal | None
    gross_exposure: Decimal | None
    net_exposure: Decimal | None
    open_orders: int
    orders_last_minute: int
    breakers: Sequence[BreakerStatus]
    headroom: Sequence[Headroom]
    #: Limits that an operator has changed and that are not as configured now.
    limit_changes: Sequence[LimitOverride] = ()
    pace: Sequence[PaceState] = ()
    #: Empty where no hours are configured.
    hours: Sequence[HoursState] = ()


@attrs.frozen(kw_only=True)
class StreamStatus:
    """One subscription: its counts, and how far behind its last event was when it arrived."""

    id: str
    channel: str
    instruments: Sequence[str]
    state: str
    received: int
    delivered: int
    conflated: int
    reconnects: int
    gaps: int
    lag_ns: int | None
    #: Messages of the venue that its adapter could not make sense of.
    not_understood: int = 0


@attrs.frozen(kw_only=True)
class DeskStatus:
    """A desk at a glance."""

    desk: str
    venue: str
    account: str
    environment: str
    mode: str
    connected: bool
    trading_state: TradingState
    reason: str
    open_orders: int
    in_doubt: int
    pending_approvals: int
    clock_skew_ns: int | None
    last_reconciled_ns: int | None
    version: str
    streams: Sequence[StreamStatus] = ()
    pace: Sequence[PaceState] = ()
    #: Calls of acting tools that were sent and have no trustworthy answer.
    actions_in_doubt: int = 0
