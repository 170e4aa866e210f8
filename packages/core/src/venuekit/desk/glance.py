"""A desk at a glance, from its parts."""

from __future__ import annotations

from collections.abc import Sequence

from venuekit.desk.assembly import Parts
from venuekit.desk.views import DeskStatus, StreamStatus
from venuekit.protocols.journal import ApprovalState
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
        clock_skew_ns=parts.reconciler.clock_skew_ns,
        last_reconciled_ns=parts.reconciler.last_ns,
        version=VERSION,
        streams=streams,
        pace=parts.limiter.states(),
    )
