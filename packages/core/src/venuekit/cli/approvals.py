"""`venuekit approvals`: orders that wait for a person, and deciding them."""

from __future__ import annotations

from typing import Any

import attrs
from cyclopts import App

from venuekit.cli.amounts import count, seconds
from venuekit.cli.exits import OK, REFUSED, UNAVAILABLE
from venuekit.cli.operators import operator_name
from venuekit.cli.options import DEFAULT, Options
from venuekit.cli.output import document, moment, note, pairs, say, table
from venuekit.cli.place import find, last_session, opened, read
from venuekit.cli.waiting import until
from venuekit.desk.approval import already
from venuekit.errors import InvalidValue, UnknownApproval
from venuekit.model.codec import from_record, to_plain
from venuekit.model.order import Order, OrderStatus
from venuekit.protocols.journal import Approval, ApprovalState, EntryKind, RowQuery, Store
from venuekit.watch.clock import SystemClock
from venuekit.watch.redact import redact_text

app = App(name="approvals", help="Orders that wait for a person: list, show, approve, reject.")
_STATES = [s.value.lower() for s in ApprovalState]
_NANOS = 1_000_000_000


@app.command(name="list")
async def list_(*, state: str = "pending", desk: str | None = None, limit: int = 50, options: Options = DEFAULT) -> int:
    """Approvals, newest first.

    Args:
        state: pending, approved, used, rejected, expired, void, or all.
        desk: Only this desk, such as paper:default.
        limit: How many.
    """
    if state not in ("all", *_STATES):
        raise InvalidValue(
            f"state {state[:20]!r} is none of all, {', '.join(_STATES)}.",
            field="state",
            details={"accepted": ["all", *_STATES]},
        )
    count(limit, "limit")
    wanted = () if state == "all" else (ApprovalState(state.upper()),)
    async with read(find(options)) as store:
        found = store.approvals(desk=desk, states=wanted, limit=limit)
    if options.json:
        document({"approvals": [_body(a) for a in found]})
        return OK
    if not found:
        note("Nothing waits for you." if state == "pending" else f"No approvals are {state}.")
        return OK
    now = SystemClock().now_ns()
    table(
        ("ID", "STATE", "AGENT", "WHAT", "DESK", "EXPIRES"),
        [(a.id, _state(a, now), a.agent_id, a.summary, a.desk, _expiry(a, now)) for a in found],
    )
    if any(_state(a, now) == "PENDING" for a in found):
        say("\nvenuekit approvals show ID, then: approve ID or reject ID")
    return OK


@app.command
async def show(approval_id: str, /, *, options: Options = DEFAULT) -> int:
    """One approval: the exact order, the agent's reason, the market when it was asked.

    Args:
        approval_id: As `venuekit approvals list` shows it.
    """
    async with read(find(options)) as store:
        approval = _get(store, approval_id)
    if options.json:
        document({"approval": _body(approval)})
    else:
        _print(approval)
    return OK


@app.command
async def approve(
    approval_id: str,
    /,
    *,
    by: str | None = None,
    note: str = "",
    wait: float = 3.0,
    options: Options = DEFAULT,
) -> int:
    """Let exactly this order go, once. A running desk checks it again on fresh data, and sends it.

    Args:
        approval_id: As `venuekit approvals list` shows it.
        by: Your name, for the journal; otherwise the operating system's user.
        note: Kept beside the decision.
        wait: Seconds to wait for what becomes of the order.
    """
    return await _decide(approval_id, ApprovalState.APPROVED, by, note, wait, options)


@app.command
async def reject(
    approval_id: str,
    /,
    *,
    by: str | None = None,
    note: str = "",
    wait: float = 3.0,
    options: Options = DEFAULT,
) -> int:
    """Deny this order.

    Args:
        approval_id: As `venuekit approvals list` shows it.
        by: Your name, for the journal; otherwise the operating system's user.
        note: Why; the agent can read it.
        wait: Seconds to wait until the desk has denied the order.
    """
    return await _decide(approval_id, ApprovalState.REJECTED, by, note, wait, options)


def _get(store: Store, approval_id: str) -> Approval:
    found = store.approval(approval_id)
    if found is None:
        raise UnknownApproval(f"No approval {approval_id[:60]!r}.", fix="See: venuekit approvals list --state all")
    return found


async def _decide(
    approval_id: str, state: ApprovalState, by: str | None, text: str, wait: float, options: Options
) -> int:
    name, place = operator_name(by), find(options)
    seconds(wait, "wait")
    clock = SystemClock()
    async with read(place) as store:
        _get(store, approval_id)  # nothing is made in a place where nothing was recorded
    async with opened(place) as store:
        before = _get(store, approval_id)
        if not options.json:
            _print(before)
        after = attrs.evolve(
            before,
            state=state,
            decided_by=f"{name} (cli)",
            decided_ns=clock.now_ns(),
            note=redact_text(text, also=place.loaded.secrets),
        )
        await _move(store, before, after, clock.now_ns())
        running = last_session(store, before.desk).open
        order = await _outcome(store, before, wait) if running and wait > 0 else None
        current = _get(store, approval_id)
    if options.json:
        document({"approval": _body(current), "order": None if order is None else {"id": order.id, **to_plain(order)}})
    else:
        say(f"\n{state.value} by {name}.")
        _tell(order, current, state, running=running)
    return _code(order, current) if state is ApprovalState.APPROVED else OK


def _code(order: Order | None, approval: Approval) -> int:
    """What an approval came to."""
    if order is not None and order.status is OrderStatus.IN_DOUBT:
        return UNAVAILABLE
    stopped = approval.state in (ApprovalState.VOID, ApprovalState.EXPIRED)
    denied = order is not None and order.status in (OrderStatus.DENIED, OrderStatus.REJECTED)
    return REFUSED if stopped or denied else OK


async def _move(store: Store, before: Approval, after: Approval, now_ns: int) -> None:
    if before.state is ApprovalState.PENDING and now_ns >= before.expires_ns:
        expired = attrs.evolve(before, state=ApprovalState.EXPIRED, decided_ns=now_ns, note="nobody decided in time")
        await store.move_approval(before.id, before=ApprovalState.PENDING, after=expired, entries=[])
    elif before.state is ApprovalState.PENDING and await store.move_approval(
        before.id, before=ApprovalState.PENDING, after=after, entries=[]
    ):
        return
    raise already(_get(store, before.id))


async def _outcome(store: Store, approval: Approval, wait: float) -> Order | None:
    """The order once the desk has acted on the decision, or None when it has not in time."""

    def look() -> Order | None:
        rows = store.rows(
            RowQuery(desk=approval.desk, subject=approval.order_id, kinds=(EntryKind.INTENT, EntryKind.ORDER), limit=1)
        )
        order = from_record(rows[0].body, Order) if rows else None
        settled = order is not None and order.status not in (OrderStatus.PENDING_APPROVAL, OrderStatus.SUBMITTING)
        return order if settled else None

    return await until(look, wait)


def _tell(order: Order | None, approval: Approval, state: ApprovalState, *, running: bool) -> None:
    if order is not None:
        why = f": {order.status_reason}" if order.status_reason else ""
        say(f"Order {order.id} is {order.status.value}{why}")
    elif not running:
        what = "sends it" if state is ApprovalState.APPROVED else "denies it"
        until_then = f"if it opens before {moment(approval.expires_ns)}"
        note(f"No desk is open for {approval.desk}; the next one {what}, {until_then}.")
    else:
        note(f"The desk has not acted yet. Look again: venuekit orders {approval.order_id}")


def _state(approval: Approval, now_ns: int) -> str:
    waiting = approval.state in (ApprovalState.PENDING, ApprovalState.APPROVED)
    return "EXPIRED" if waiting and now_ns >= approval.expires_ns else approval.state.value


def _expiry(approval: Approval, now_ns: int) -> str:
    left = (approval.expires_ns - now_ns) // _NANOS
    at = moment(approval.expires_ns)
    return f"{at}, in {left} s" if approval.state is ApprovalState.PENDING and left > 0 else at


def _body(approval: Approval) -> dict[str, Any]:
    body: dict[str, Any] = to_plain(approval)
    return body


def _print(approval: Approval) -> None:
    now = SystemClock().now_ns()
    order = {k: v for k, v in approval.order.items() if v not in (None, "", False)}
    pairs(
        [
            ("approval", approval.id),
            ("state", _state(approval, now) + (f" by {approval.decided_by}" if approval.decided_by else "")),
            ("what", approval.summary),
            *((f"  {name}", value) for name, value in order.items()),
            ("worth up to", approval.notional or "unknown"),
            ("market then", approval.reference_price or "unknown"),
            ("may move", f"by a share of {approval.price_tolerance}"),
            ("agent", approval.agent_id),
            ("desk", approval.desk),
            ("order", approval.order_id),
            ("asked", moment(approval.created_ns)),
            ("expires", _expiry(approval, now)),
            *([("note", approval.note)] if approval.note else []),
        ]
    )
