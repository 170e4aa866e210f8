"""`venuekit status`: every desk of the store at a glance, from what is recorded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from venuekit.cli.exits import OK
from venuekit.cli.options import DEFAULT, Options
from venuekit.cli.output import document, moment, note, pairs, say, table
from venuekit.cli.place import find, last_session, read
from venuekit.desk.pacing import in_words, slowed
from venuekit.desk.risk.figure_gauge import limit_text
from venuekit.desk.risk.halt import standing
from venuekit.desk.risk.machine import CLOSED
from venuekit.journal.replay import live_orders
from venuekit.model.action import DOUBTFUL_ACTIONS
from venuekit.model.codec import to_plain
from venuekit.model.order import OrderStatus
from venuekit.model.times import NANOS
from venuekit.protocols.breakers import Figure
from venuekit.protocols.journal import ApprovalState, Control, Hold, LimitOverride, RowQuery, Store
from venuekit.protocols.risk import TradingState
from venuekit.settings.schema import FigureSettings
from venuekit.version import VERSION
from venuekit.watch.clock import SystemClock


async def status(*, options: Options = DEFAULT) -> int:
    """Trading state, and of every desk: mode, open orders, what is in doubt, approvals that wait, breakers."""
    place = find(options)
    async with read(place) as store:
        control = store.control()
        now_ns = SystemClock().now_ns()
        limits = [c for c in store.limits() if c.until_ns is None or c.until_ns > now_ns]
        figures = [_figure(f, place.config.breakers.figures, now_ns) for f in store.figures()]
        pace = place.config.pace
        since_ns = now_ns - int((pace.longest_stop_seconds + pace.recover_seconds) * NANOS)
        desks = [{**_desk(store, name, now_ns, since_ns), **_now(store, name, control)} for name in store.desks()]
    if options.json:
        document(
            {
                "store": place.shown,
                "version": VERSION,
                "control": to_plain(control),
                "limits": to_plain(limits),
                "figures": figures,
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
        ("DESK", "SESSION", "MODE", "TRADING", "OPEN ORDERS", "IN DOUBT", "APPROVALS WAIT", "LAST ROW"),
        [
            (
                d["desk"],
                _session(d),
                d["mode"] or "-",
                d["trading_state"],
                d["open_orders"],
                d["in_doubt"],
                d["pending_approvals"],
                moment(d["last_row_ns"]),
            )
            for d in desks
        ],
        right=("OPEN ORDERS", "IN DOUBT", "APPROVALS WAIT"),
    )
    _tell_breakers(desks)
    _tell_figures(figures)
    for d in desks:
        for words in in_words(d["pace"], now_ns):
            say(f"\n{d['desk']}, {words}")
    if any(d["pending_approvals"] for d in desks):
        say("\nSomething waits for you: venuekit approvals list")
    for d in desks:
        if d["actions_in_doubt"]:
            say(f"\n{d['desk']}: {d['actions_in_doubt']} actions have no answer: venuekit actions list --status doubt")
    return OK


def _now(store: Store, desk: str, control: Control) -> dict[str, Any]:
    """What holds at this moment: who runs the desk, and the strictest of what people and recorded breakers say."""
    holder = store.holder(desk)
    states = [standing(control, desk).state, *(b.leads_to for b in store.breakers(desk) if b.state != CLOSED)]
    return {
        "running": holder is not None,
        "holder": holder.name if holder else None,
        "trading_state": max(states, key=lambda state: state.strictness).value,
    }


def _session(desk: dict[str, Any]) -> str:
    """What the lease says of now, and the journal of the last session: a killed desk never said goodbye."""
    if desk["running"]:
        return f"running since {moment(desk['since_ns'])}"
    return f"not running: ended unasked after {moment(desk['last_row_ns'])}" if desk["session_open"] else "closed"


def _headline(url: str, control: Control) -> list[tuple[str, object]]:
    lines: list[tuple[str, object]] = [("store", url), ("trading", control.state.value)]
    if control.reason or control.by:
        lines.append(("because", _why(control)))
    return lines + [
        ("stopped", f"{scope} {hold.state.value}: {_why(hold)}")
        for scope, hold in sorted(control.scopes.items())
        if hold.state is not TradingState.ACTIVE
    ]


def _why(hold: Hold) -> str:
    return f"{hold.reason or 'no reason given'} (by {hold.by}, {moment(hold.since_ns)})"


def _changed(change: LimitOverride) -> str:
    until = f" until {moment(change.until_ns)}" if change.until_ns else ""
    where = f" on {change.desk}" if change.desk else ""
    return f"{change.name} changed to {change.value}{where}{until}: {change.reason} (by {change.by})"


def _figure(figure: Figure, configured: Mapping[str, FigureSettings], now_ns: int) -> dict[str, Any]:
    settings = configured.get(figure.name)
    return {
        **to_plain(figure),
        "limit": limit_text(settings) if settings else None,
        "age_seconds": max(0, now_ns - figure.time_ns) // NANOS,
        "stale_after_seconds": settings.stale_after_seconds if settings else None,
    }


def _tell_breakers(desks: list[dict[str, Any]]) -> None:
    found = [(d["desk"], b) for d in desks for b in d["breakers"] if b["state"] != CLOSED or b["warning"]]
    if not found:
        return
    print()
    table(
        ("BREAKER", "DESK", "STATE", "LEADS TO", "SINCE", "RECOVERIES", "WHY"),
        [
            (
                b["name"],
                desk,
                "WARNING" if b["state"] == CLOSED else b["state"],
                "-" if b["state"] == CLOSED else b["leads_to"],
                moment(b["warned_ns"] if b["state"] == CLOSED else b["tripped_ns"]),
                b["recoveries"],
                b["warning"] if b["state"] == CLOSED else b["reason"],
            )
            for desk, b in found
        ],
        right=("RECOVERIES",),
    )


def _tell_figures(figures: list[dict[str, Any]]) -> None:
    if not figures:
        return
    print()
    table(
        ("FIGURE", "DESK", "VALUE", "LIMIT", "AGE", "BY"),
        [
            (f["name"], f["desk"] or "all", f["value"], f["limit"] or "-", f"{f['age_seconds']} s{_late(f)}", f["by"])
            for f in figures
        ],
        right=("VALUE", "AGE"),
    )


def _late(figure: dict[str, Any]) -> str:
    most = figure["stale_after_seconds"]
    return " (stale)" if most is not None and figure["age_seconds"] > most else ""


def _desk(store: Store, name: str, now_ns: int, since_ns: int) -> dict[str, Any]:
    """A desk; what it said of its pace counts from `since_ns` on, and only in its present session."""
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
        "actions_in_doubt": len(store.actions(desk=name, statuses=DOUBTFUL_ACTIONS, limit=1000)),
        "pace": list(slowed(store, name, now_ns, max(since_ns, session.since_ns or 0))),
        "breakers": [to_plain(b) for b in store.breakers(name)],
        "last_row_ns": newest[0].time_ns if newest else None,
    }
