"""The text of docs/reference/command.md, read off the command itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import docstring_parser
from cyclopts import App

from venuekit.cli import exits
from venuekit.cli.app import build
from venuekit.cli.options import Options

INTRODUCTION = """# The command

`venuekit COMMAND`. Every command takes

- `--json`: one JSON document on standard output. Keys are stable; an error is `{"error": {"code", "message", "fix",
  "field", "details"}}`, with the [codes](errors.md) that MCP results carry too.
- `--config FILE`: the [configuration](configuration.md), which says where the store is.

Data goes to standard output, remarks to standard error. Nothing is made by looking: a command that only reads leaves a
place without a store as it is.

| exit code | meaning |
|---|---|
"""
EXITS = {
    exits.OK: "done",
    exits.FAILED: "failed, not found, or the journal does not verify",
    exits.USAGE: "wrong arguments or configuration",
    exits.REFUSED: "refused by us, or rejected by the venue",
    exits.UNAVAILABLE: "unavailable, or the outcome is not known: try again, or look again",
    exits.INTERRUPTED: "ended by Ctrl-C",
}

APPROVAL = (
    "id, desk, agent_id, order_id, order, order_hash, summary, notional, reference_price, price_tolerance, state, "
    "created_ns, expires_ns, decided_by, decided_ns, note, people, decisions, replaces, replaced_by, renewal, source, "
    "tool"
)
ACTION = (
    "id, desk, tool, arguments, call_hash, summary, status, created_ns, updated_ns, agent_id, source, reason, worth, "
    "approval_id, reference, result, status_code, status_reason, doubted"
)
ORDER = (
    "desk, id, venue, account, instrument, side, type, status, time_in_force, created_ns, updated_ns, size, "
    "quote_size, price, stop_price, expires_at_ns, post_only, reduce_only, client_order_id, venue_order_id, "
    "filled_size, average_price, fees, fee_asset, status_code, status_reason, agent_id, reason, approval_id"
)
ROW = "sequence, time_ns, kind, desk, subject, agent_id, body, digest"
CONTROL = "state, reason, by, since_ns, cancel_all_request, resumes, revision, scopes"
LIMIT = "name, value, desk, by, reason, since_ns, until_ns, loosens, format"
AGENT = "name, table, role, mode, over_http, venues, instruments, tools, expires, limits, orders_today, refused_today"
VERIFICATION = "ok, rows, head, problem, sequence, pruned, kept"
VENUE = "name, title, environment, capabilities, options, tools"
#: The keys of each answer; `what[]` are those of its items, `what` those of an object in it.
KEYS: Mapping[str, Mapping[str, str]] = {
    "venues": {"": "venues", "venues[]": VENUE},
    "config check": {"": "ok, file, venue, account, environment, mode, store, set, warnings"},
    "status": {
        "": "store, version, control, limits, figures, desks",
        "control": CONTROL,
        "figures[]": "desk, name, value, by, time_ns, limit, age_seconds, stale_after_seconds",
        "desks[]": "desk, session_open, running, holder, trading_state, since_ns, mode, environment, open_orders, "
        "in_doubt, actions_in_doubt, pending_approvals, pace, breakers, last_row_ns",
    },
    "agents list": {"": "agents", "agents[]": AGENT},
    "agents show": {"": "agent, refused_by", "agent": AGENT},
    "orders": {"": "orders", "orders[]": ORDER},
    "positions": {
        "": "positions",
        "positions[]": "desk, venue, account, instrument, size, average_entry_price, realized_pnl, fees_paid, "
        "updated_ns",
    },
    "approvals list": {"": "approvals", "approvals[]": APPROVAL},
    "approvals show": {
        "": "approval, story",
        "approval": APPROVAL,
        "story[]": "sequence, time_ns, kind, subject, what",
    },
    "approvals approve": {"": "approval, order, action", "approval": APPROVAL},
    "approvals reject": {"": "approval, order, action", "approval": APPROVAL},
    "approvals credential": {"": "operator, token, token_sha256"},
    "actions list": {"": "actions", "actions[]": ACTION},
    "actions show": {"": "action, story", "action": ACTION, "story[]": "sequence, time_ns, kind, subject, what"},
    "actions settle": {"": "action", "action": ACTION},
    "audit tail": {"": "rows", "rows[]": f"time, {ROW}"},
    "audit search": {"": "rows", "rows[]": f"time, {ROW}"},
    "audit stats": {"": "days", "days[]": "day, kind, agent_id, count"},
    "audit verify": {"": VERIFICATION},
    "audit export": {"": "rows", "rows[]": f"time, {ROW}"},
    "audit prune": {"": "cut, kept, removed, checkpoints, export"},
    "halt": {"": "control, cancel_all", "control": CONTROL, "cancel_all": "answers, refused, silent"},
    "reduce-only": {"": "control", "control": CONTROL},
    "resume": {"": "control, resets, keeps, stopped", "control": CONTROL},
    "report": {"": "figure, limit, within, desks", "figure": "desk, name, value, by, time_ns"},
    "hours": {"": "at, desk, hours", "hours[]": "instruments, applies_to, open, why, changes, changes_ns"},
    "risk set": {"": "limit, now, desks", "limit": LIMIT},
    "risk unset": {"": "name, desk, unset, left", "left[]": LIMIT},
    "risk history": {"": "changes", "changes[]": f"{LIMIT}, action, time_ns"},
    "risk explain": {
        "": "parameters, since_ns",
        "parameters[]": "name, value, source, enforced_by, refused_count, doc, code, configured, refused_agents",
    },
    "client install": {"": "host, key, command, file, shell, diff, changes, written, backup"},
    "doctor": {"": "ok, findings", "findings[]": "check, state, message, fix"},
    "chaos": {
        "": "ok, schedules, failed, failed_seeds, processes_killed, points_reached, points_never_reached, left_out, "
        "reached, crashes, kills, faults, faults_at, orders_sent, order_states_told, fills_told, approval_states_told, "
        "halts_and_resumes_told, refusals_told, journal_rows, by_kind"
    },
}


def commands() -> str:
    """The whole page."""
    parts = [INTRODUCTION, *(f"| {code} | {meaning} |\n" for code, meaning in EXITS.items())]
    for words, app in _leaves(build(), "venuekit"):
        parts.append(f"\n## `{words}`\n\n{_described(app)}")
        keys = KEYS.get(words.removeprefix("venuekit "), {})
        parts += [f"\nJSON{f' `{part}`' if part else ''}: {_code(names)}\n" for part, names in keys.items()]
    return "".join(parts)


def _code(names: str) -> str:
    return ", ".join(f"`{name}`" for name in names.split(", "))


def _leaves(app: App, words: str) -> Iterator[tuple[str, App]]:
    names = [name for name in app if not name.startswith("-")]
    if app.default_command is not None and not names:
        yield words, app
    for name in names:
        yield from _leaves(app[name], f"{words} {name}")


def _described(app: App) -> str:
    if app.default_command is None or app.default_command.__doc__ is None:
        return f"{app.help}\n"  # another package's; its own --help says more
    doc = docstring_parser.parse(app.default_command.__doc__)
    told = {param.arg_name: " ".join((param.description or "").split()) for param in doc.params}
    text = f"{doc.short_description}\n"
    if doc.long_description:
        text += f"\n{doc.long_description}\n"
    rows = [_row(argument, told) for argument in app.assemble_argument_collection() if _own(argument)]
    if rows:
        text += "\n| argument | default | meaning |\n|---|---|---|\n" + "".join(rows)
    return text


def _own(argument: Any) -> bool:
    return bool(argument.show) and argument.field_info.name not in Options.__annotations__


def _row(argument: Any, told: dict[str, str]) -> str:
    name = argument.field_info.name
    default = argument.field_info.default
    positional = not any(n.startswith("-") for n in argument.names)
    shown = ", ".join(f"`{n}`" for n in argument.names if not positional) or f"`{name.upper()}`"
    given = "" if default in (None, "", False) or default is argument.field_info.empty else f"`{default}`"
    return f"| {shown} | {given} | {told.get(name, '')} |\n"
