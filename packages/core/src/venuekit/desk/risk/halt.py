"""Moving the trading state: who stops it, who starts it, and what that does and does not reset."""

from __future__ import annotations

import attrs

from venuekit.protocols.journal import Control
from venuekit.protocols.risk import TradingState

RESUME_RESETS = ("the trading state", "breakers that wait for a person")
RESUME_KEEPS = ("limits", "the loss of the day", "open orders", "orders in doubt", "approvals")


def halted(control: Control, *, by: str, reason: str, cancel_all: bool, now_ns: int) -> Control:
    """The control record that stops trading; with `cancel_all`, also one that asks to cancel every open order."""
    return attrs.evolve(
        control,
        state=TradingState.HALTED,
        reason=reason,
        by=by,
        since_ns=now_ns,
        cancel_all_request=control.cancel_all_request + cancel_all,
    )


def reducing(control: Control, *, by: str, reason: str, now_ns: int) -> Control:
    """The control record that lets only reducing orders go."""
    return attrs.evolve(control, state=TradingState.REDUCING, reason=reason, by=by, since_ns=now_ns)


def resumed(control: Control, *, by: str, now_ns: int) -> Control:
    """The control record that lets everything go again."""
    return attrs.evolve(control, state=TradingState.ACTIVE, reason="", by=by, since_ns=now_ns)
