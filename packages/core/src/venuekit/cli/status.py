"""`venuekit status`: every desk of the store at a glance, from what is recorded."""

from __future__ import annotations

from typing import Any

from venuekit.cli.exits import OK
from venuekit.cli.options import DEFAULT, Options
from venuekit.cli.output import document, moment, note, pairs, say, table
from venuekit.cli.place import find, last_session, read
from venuekit.journal.replay import live_orders
from venuekit.model.codec import to_plain
from venuekit.model.order import OrderStatus
from venuekit.protocols.journal import ApprovalState, LimitOverride, RowQuery, Store
from venuekit.version import VERSION
from venuekit.watch.clock import SystemClock


async def status(*, options: Options = DEFAULT) -> int:
    """Trading state, and of every desk: mode, open orders, orders in doubt, approvals that wait, breakers."""
    place = find(options)
    async with read(place) as store:
        control = store.control()
        now_ns = SystemClock().now_ns()
        limits = [c for c in store.limits() if c.until_ns is None or c.until_ns > now_ns]
        desks = [_desk(store, name) for name in store.desks()]
    if options.json:
        document(
            {
                "store": place.shown,
                "version": VERSION,
                "control": to_plain(control),
                "limits": to_plain(limits),
                "desks": desks,
            }
        )
        return OK
    pairs([*_headline(place.shown, control), *(("limit", _changed(c)) for c in limits)])
    if not desks:
        note("No desk was opened yet. See it at work: venuekit demo")
        return OK
    print()
    table(
        ("DESK", "SESSION", "MODE", "OPEN ORDERS", "IN DOUBT", "APPROVALS WAIT", "BREAKERS", "LAST ROW"),
        [
            (
                d["desk"],
                f"open since {moment(d['since_ns'])}" if d["session_open"] else "closed",
                d["mode"] or "-",
                d["open_orders"],
                d["in_doubt"],
                d["pending_approvals"],
                ", ".join(f"{b['name']} {b['state']}" for b in d["breakers"] if b["state"] != "CLOSED") or "-",
                moment(d["last_row_ns"]),
            )
            for d in desks
        ],
        right=("OPEN ORDERS", "IN DOUBT", "APPROVALS WAIT"),
    )
    if any(d["pending_approvals"] for d in desks):
        say("\nOrders wait for you: venuekit approvals list")
    return OK


def _headline(url: str, control: Any) -> list[tuple[str, object]]:
    lines: list[tuple[str, object]] = [("store", url), ("trading", control.state.value)]
    if control.reason or control.by:
        lines.append(
            ("because", f"{control.reason or 'no reason given'} (by {control.by}, {moment(control.since_ns)})")
        )
    return lines


def _changed(change: LimitOverride) -> str:
    until = f" until {moment(change.until_ns)}" if change.until_ns else ""
    where = f" on {change.desk}" if change.desk else ""
    return f"{change.name} changed to {change.value}{where}{until}: {change.reason} (by {change.by})"


def _desk(store: Store, name: str) -> dict[str, Any]:
    session = last_session(store, name)
    live = live_orders(store, name)
    waiting = store.approvals(desk=name, states=(ApprovalState.PENDING,), limit=1000)
    newest = store.rows(RowQuery(desk=name, limit=1))
    return {
        "desk": name,
        "session_open": session.open,
        "since_ns": session.since_ns,
        "mode": session.mode,
        "environment": session.environment,
        "open_orders": len(live),
        "in_doubt": sum(o.status is OrderStatus.IN_DOUBT for o in live),
        "pending_approvals": len(waiting),
        "breakers": [to_plain(b) for b in store.breakers(name)],
        "last_row_ns": newest[0].time_ns if newest else None,
    }
