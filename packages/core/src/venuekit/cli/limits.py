"""`venuekit risk set`, `unset` and `history`: limits that an operator changes while desks run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from venuekit.cli.amounts import count
from venuekit.cli.exits import FAILED, OK
from venuekit.cli.operators import known_operator
from venuekit.cli.options import DEFAULT, Options
from venuekit.cli.output import document, moment, note, say, table
from venuekit.cli.place import find, known_desk, last_session, opened, read
from venuekit.desk.risk.changing import SET, changed, name_of, set_entry, unset_entry
from venuekit.desk.risk.explain import shown
from venuekit.model.codec import to_plain
from venuekit.model.times import parse_iso
from venuekit.protocols.journal import EntryKind, LimitOverride, Row, RowQuery, Store
from venuekit.settings.overrides import effective, limit_named
from venuekit.watch.clock import SystemClock
from venuekit.watch.redact import redact_text

_ALL = "every desk"


async def set_limit(
    name: str,
    value: str,
    /,
    *,
    reason: str,
    desk: str = "",
    until: str | None = None,
    loosen: Annotated[bool, Parameter(negative="")] = False,
    by: str | None = None,
    token_file: Path | None = None,
    options: Options = DEFAULT,
) -> int:
    """Change a limit of [risk] on every desk of the store, from its next order on, without a restart.

    The stricter of this and of a desk's own configuration counts, unless --loosen is given.

    Args:
        name: A key of [risk], such as max_order_notional, or max_position_size.BTC-USD.
        value: As in the file; off is no limit.
        reason: Why; agents see it beside the limit.
        desk: Only on this desk (venue:account).
        until: When it ends by itself (ISO 8601 with zone); otherwise it stays until it is taken back.
        loosen: Let it take the place of the configured value, also where more passes then.
        by: Your name, for the journal; otherwise the operating system's user.
        token_file: With [operators], a file that only you can read, with your token; else it asks.
    """
    place, clock = find(options), SystemClock()
    operator = known_operator(place, by, token_file).operator
    change = changed(
        name,
        value,
        configured=place.config.risk,
        desk=desk,
        operator=operator,
        reason=redact_text(reason, also=place.loaded.secrets),
        until_ns=None if until is None else parse_iso(until, field="until"),
        loosen=loosen,
        now_ns=clock.now_ns(),
    )
    async with opened(place) as store:
        known_desk(desk, store, place.config.desk)
        change = await store.set_limit(change, set_entry(change, operator))
        held = effective(place.config.risk, store.limits(), desk=desk, now_ns=clock.now_ns())
        running = [d for d in store.desks() if desk in ("", d) and last_session(store, d).open]
    now = shown(limit_named(change.name).of(held.risk))
    if options.json:
        document({"limit": to_plain(change), "now": now, "desks": running})
        return OK
    until_ = f" until {moment(change.until_ns)}" if change.until_ns else ""
    say(f"{change.name} is {now} on {change.desk or _ALL}{until_}, by {change.by}: {change.reason}")
    say(f"It holds from the next order on: {', '.join(running) or 'no desk is open now'}.")
    say("Orders that rest at the venue stay as they are.")
    return OK


async def unset_limit(
    name: str,
    /,
    *,
    reason: str = "",
    desk: str = "",
    by: str | None = None,
    token_file: Path | None = None,
    options: Options = DEFAULT,
) -> int:
    """Take a change of a limit back: the configured value holds again.

    Args:
        name: As it was set.
        reason: Why, for the journal.
        desk: Take back the change of this desk (venue:account); otherwise the one for every desk.
        by: Your name, for the journal; otherwise the operating system's user.
        token_file: With [operators], a file that only you can read, with your token; else it asks.
    """
    place, clock = find(options), SystemClock()
    operator = known_operator(place, by, token_file).operator
    async with read(place) as store:
        known = name_of(name, store.limits())
        why = redact_text(reason, also=place.loaded.secrets)
        found = await store.unset_limit(desk, known, unset_entry(desk, known, operator, why, clock.now_ns()))
        left = [c for c in store.limits() if c.name == known]
    if options.json:
        document({"name": known, "desk": desk, "unset": found, "left": [to_plain(c) for c in left]})
    elif found:
        say(f"{known} is as configured again on {desk or _ALL}.")
    else:
        note(f"{known} was not changed on {desk or _ALL}.")
    if not options.json and left:
        note(f"Still changed: {', '.join(f'{c.value} on {c.desk or _ALL}' for c in left)}.")
    return OK if found else FAILED


async def history(*, name: str = "", limit: int = 50, options: Options = DEFAULT) -> int:
    """Who changed which limit, when and why; newest first.

    Args:
        name: Only this limit's.
        limit: At most so many.
    """
    place = find(options)
    count(limit, "limit")
    async with read(place) as store:
        wanted = name_of(name, store.limits()) if name else None
        rows = _rows(store, wanted, limit)
    changes = [_change(row) for row in rows]
    if options.json:
        document({"changes": changes})
        return OK
    if not changes:
        note("No limit was ever changed here.")
        return OK
    table(
        ("TIME", "BY", "DESK", "LIMIT", "VALUE", "UNTIL", "REASON"),
        [
            (
                moment(c["time_ns"]),
                c["by"],
                c["desk"] or _ALL,
                c["name"],
                f"{c['value']}{' (loosened)' if c['loosens'] else ''}" if c["action"] == SET else "as configured",
                moment(c["until_ns"]),
                c["reason"],
            )
            for c in changes
        ],
    )
    return OK


def _rows(store: Store, name: str | None, limit: int) -> list[Row]:
    found: list[Row] = []
    for desk in ("", *store.desks()):
        before: int | None = None
        kept = 0
        while kept < limit:
            query = RowQuery(desk=desk, kinds=(EntryKind.CONTROL,), subject=name, before_sequence=before)
            page = store.rows(query)
            changes = [row for row in page if "limit" in row.body]
            found += changes
            kept += len(changes)
            if len(page) < query.limit:
                break
            before = page[-1].sequence
    return sorted(found, key=lambda row: row.sequence, reverse=True)[:limit]


def _change(row: Row) -> dict[str, Any]:
    kept: dict[str, Any] = row.body["limit"] or {}
    empty = to_plain(LimitOverride(name=row.subject, value="", desk=row.desk))
    return {
        **empty,
        **kept,
        "action": row.body.get("action", ""),
        "by": row.agent_id,
        "reason": row.body.get("reason", ""),
        "time_ns": row.time_ns,
    }
