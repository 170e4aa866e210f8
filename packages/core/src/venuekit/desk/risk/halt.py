"""Moving the trading state, of a whole store or of one venue or desk; and what a resume does and does not reset."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from venuekit.protocols.journal import Control, Hold
from venuekit.protocols.trading import TradingState

RESUME_RESETS = (
    "the trading state",
    "every circuit breaker, with its count of recoveries",
    "the best equity, from which a drawdown counts",
)
RESUME_KEEPS = (
    "limits",
    "the loss of the day: its breaker trips again while the loss is above the limit",
    "reported figures",
    "open orders",
    "orders in doubt",
    "approvals",
)


def standing(control: Control, desk: str) -> Hold:
    """What holds for one desk (``venue:account``): the strictest of what was said of all, of its venue and of it.

    Requests to cancel all and resumes are counted over all three, so that each one that reaches the desk is a new
    number.
    """
    own = (control.scopes.get(name) for name in (desk.partition(":")[0], desk))
    holds = [_whole(control), *(hold for hold in own if hold is not None)]
    return attrs.evolve(
        max(holds, key=lambda hold: hold.state.strictness),
        cancel_all_request=sum(hold.cancel_all_request for hold in holds),
        resumes=sum(hold.resumes for hold in holds),
    )


def reaches(scope: str, desk: str) -> bool:
    """Whether what is said of `scope` (a venue, a desk, or '' for all) is about this desk."""
    return scope in ("", desk, desk.partition(":")[0])


def halted(control: Control, *, scope: str = "", by: str, reason: str, cancel_all: bool, now_ns: int) -> Control:
    """The control record that stops trading; with `cancel_all`, also one that asks to cancel every open order."""
    return _moved(
        control,
        scope,
        lambda hold: attrs.evolve(
            hold,
            state=TradingState.HALTED,
            reason=reason,
            by=by,
            since_ns=now_ns,
            cancel_all_request=hold.cancel_all_request + cancel_all,
        ),
    )


def reducing(control: Control, *, scope: str = "", by: str, reason: str, now_ns: int) -> Control:
    """The control record that lets only reducing orders go."""
    return _moved(
        control,
        scope,
        lambda hold: attrs.evolve(hold, state=TradingState.REDUCING, reason=reason, by=by, since_ns=now_ns),
    )


def resumed(control: Control, *, scope: str = "", by: str, now_ns: int) -> Control:
    """The control record that lets everything go again; of all, it also ends what was said of single ones."""

    def resume(hold: Hold) -> Hold:
        return attrs.evolve(
            hold, state=TradingState.ACTIVE, reason="", by=by, since_ns=now_ns, resumes=hold.resumes + 1
        )

    control = _moved(control, scope, resume)
    if scope:
        return control
    ended = {name: hold if hold.state is TradingState.ACTIVE else resume(hold) for name, hold in control.scopes.items()}
    return attrs.evolve(control, scopes=ended)


def _whole(control: Control) -> Hold:
    return Hold(**{field.name: getattr(control, field.name) for field in attrs.fields(Hold)})


def _moved(control: Control, scope: str, move: Callable[[Hold], Hold]) -> Control:
    if scope:
        return attrs.evolve(control, scopes={**control.scopes, scope: move(control.scopes.get(scope) or Hold())})
    after = move(_whole(control))
    return attrs.evolve(control, **{field.name: getattr(after, field.name) for field in attrs.fields(Hold)})
