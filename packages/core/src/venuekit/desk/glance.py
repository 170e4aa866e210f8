"""A desk at a glance, from its parts."""

from __future__ import annotations

from collections.abc import Sequence

from venuekit.desk.assembly import Parts
from venuekit.desk.views import DeskStatus, HoursState, RiskState, StreamStatus
from venuekit.protocols.budget import MINUTE_NS
from venuekit.protocols.journal import ApprovalState
from venuekit.protocols.risk import Headroom
from venuekit.version import VERSION


def desk_status(parts: Parts, streams: Sequence[StreamStatus], *, connected: bool) -> DeskStatus:
    """What `Desk.status` answers."""
    trading, reason = parts.controls.standing()
    pending = parts.store.approvals(desk=parts.name, states=(ApprovalState.PENDING,))
    return DeskStatus(
        desk=parts.name,
        venue=parts.venue.name,
        account=parts.venue.account,
        environment=parts.venue.environment,
        mode=parts.mode.value,
        connected=connected,
        trading_state=trading,
        reason=reason,
        open_orders=len(parts.state.orders),
        in_doubt=len(parts.state.orders.in_doubt()),
        pending_approvals=len(pending),
        actions_in_doubt=parts.actions_later.doubtful,
        clock_skew_ns=parts.reconciler.clock_skew_ns,
        last_reconciled_ns=parts.reconciler.last_ns,
        version=VERSION,
        streams=streams,
        pace=parts.limiter.states(),
    )


def risk_state(parts: Parts, currency: str, headroom: Sequence[Headroom], hours: Sequence[HoursState]) -> RiskState:
    """What `Desk.risk_state` answers: the trading state is the stricter of what people and circuit breakers say."""
    view = parts.state.exposure
    parts.controls.look()
    trading, reason = parts.controls.standing()
    return RiskState(
        trading_state=trading,
        reason=reason,
        since_ns=parts.controls.since_ns,
        currency=currency,
        equity=view.equity(),
        daily_pnl=view.daily_pnl(),
        gross_exposure=view.gross_exposure(),
        net_exposure=view.net_exposure(),
        open_orders=view.open_order_count(),
        orders_last_minute=view.orders_in_window(None, MINUTE_NS),
        breakers=parts.health.states(),
        headroom=headroom,
        limit_changes=parts.limits.changes,
        pace=parts.limiter.states(),
        hours=hours,
    )
