"""The pages, as text: no script, nothing from elsewhere, every word of others escaped."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from html import escape

from venuekit.journal.story import approval_in, told
from venuekit.model.times import iso
from venuekit.protocols.journal import Approval, ApprovalState, EntryKind, Row

_NANOS = 1_000_000_000
_LOOK_AGAIN_SECONDS = 5
_INVISIBLE = ("Cc", "Cf", "Cs", "Zl", "Zp")

STYLE = """
:root { color-scheme: light dark; --line: #8886; --bad: #b3261e; --good: #1a6b3c; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
header { display: flex; justify-content: space-between; align-items: baseline; border-bottom: 1px solid var(--line); }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .35rem .8rem .35rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th { font-weight: 600; white-space: nowrap; }
blockquote { margin: 0; padding: .5rem 1rem; border-left: .3rem solid var(--line);
  overflow-wrap: anywhere; white-space: pre-line; }
code { overflow-wrap: anywhere; }
form.decide { display: grid; gap: .8rem; max-width: 32rem; margin-top: 1rem; }
label { display: grid; gap: .2rem; } input { font: inherit; padding: .4rem; }
button { font: inherit; padding: .5rem 1.2rem; cursor: pointer; }
button.approve { border: 2px solid var(--good); } button.reject { border: 2px solid var(--bad); }
.said { border: 2px solid var(--bad); padding: .5rem 1rem; } .state { font-weight: 600; }
"""


def shown(value: object) -> str:
    """Somebody else's words, escaped, with nothing invisible left that could turn or hide letters."""
    visible = "".join(c if c == "\n" or unicodedata.category(c) not in _INVISIBLE else "\ufffd" for c in str(value))
    return escape(visible, quote=True)


def moment(time_ns: int) -> str:
    """A time, to the second."""
    return iso(time_ns - time_ns % _NANOS)


def state_of(approval: Approval, now_ns: int) -> str:
    """The state as of now, with how far it has come where it takes two people."""
    waiting = approval.state in (ApprovalState.PENDING, ApprovalState.APPROVED)
    if waiting and now_ns >= approval.expires_ns:
        return ApprovalState.EXPIRED.value
    progress = f", {approval.progress}" if approval.progress and approval.state is ApprovalState.PENDING else ""
    return f"{approval.state.value}{progress}"


def _whole(title: str, body: str, *, name: str | None = None, again: bool = False) -> str:
    refresh = f'<meta http-equiv="refresh" content="{_LOOK_AGAIN_SECONDS}">' if again else ""
    out = '<form method="post" action="/logout"><button>Sign out</button></form>'
    who = f"<div>{shown(name)} {out}</div>" if name else ""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'{refresh}<title>{shown(title)}</title><link rel="stylesheet" href="/style.css"></head>'
        f"<body><header><h1>{shown(title)}</h1>{who}</header><main>{body}</main></body></html>"
    )


def _said(message: str) -> str:
    return f'<p class="said" role="alert">{shown(message)}</p>' if message else ""


def login(to: str, message: str = "") -> str:
    """Where an operator shows the token."""
    return _whole(
        "Sign in",
        f"{_said(message)}<p>What waits for a person is shown to operators only.</p>"
        f'<form class="decide" method="post" action="/login"><input type="hidden" name="to" value="{shown(to)}">'
        f"{_token('Operator token')}<button>Sign in</button></form>",
    )


def _token(label: str, name: str = "") -> str:
    # The hidden name lets a password manager know which token to fill in.
    return (
        f'<input name="operator" autocomplete="username" value="{shown(name)}" hidden>'
        f'<label>{label}<input type="password" name="token" required autocomplete="current-password" '
        'spellcheck="false"></label>'
    )


def failure(message: str) -> str:
    """Something that cannot be done."""
    return _whole("Not possible", f'{_said(message)}<p><a href="/approvals">What waits</a></p>')


def listed(found: Sequence[Approval], now_ns: int, name: str) -> str:
    """What waits; looks again by itself."""
    rows = "".join(
        f'<tr><td><a href="/approvals/{shown(a.id)}">{shown(a.summary)}</a></td><td>{shown(a.agent_id)}</td>'
        f"<td>{shown(a.desk)}</td><td>{shown(state_of(a, now_ns))}</td><td>{moment(a.expires_ns)}</td></tr>"
        for a in found
    )
    table = f"<table><tr><th>What<th>Agent<th>Desk<th>State<th>Expires</tr>{rows}</table>"
    return _whole("What waits for a person", table if found else "<p>Nothing waits for you.</p>", name=name, again=True)


def one(approval: Approval, rows: Sequence[Row], now_ns: int, name: str, message: str = "") -> str:
    """One approval: what is asked, by whom, what happened so far, and the decision."""
    state = state_of(approval, now_ns)
    waits = approval.state is ApprovalState.PENDING and now_ns < approval.expires_ns
    revocable = approval.state is ApprovalState.APPROVED and now_ns < approval.expires_ns
    facts: list[tuple[str, object]] = [
        ("State", state + (f" by {approval.decided_by}" if approval.decided_by else "")),
        *([("Takes", f"{approval.people} people, neither of them the agent")] if approval.people > 1 else []),
        ("Worth up to", approval.notional or "unknown"),
        *([] if approval.tool else [("Market then", approval.reference_price or "unknown")]),
        ("May move by", f"a share of {approval.price_tolerance}"),
        ("Agent", approval.agent_id),
        ("Desk", approval.desk),
        ("Asked", moment(approval.created_ns)),
        ("Expires", moment(approval.expires_ns)),
        *((key, value) for key, value in approval.terms.items()),
        *([("Note", approval.note)] if approval.note else []),
    ]
    table = "".join(f"<tr><th>{shown(key)}</th><td>{shown(value)}</td></tr>" for key, value in facts)
    links = "".join(
        f'<p>{text} <a href="/approvals/{shown(other)}">{shown(other)}</a>.</p>'
        for text, other in (("Asked before as", approval.replaces), ("Asked anew as", approval.replaced_by))
        if other
    )
    reason = shown(approval.order.get("reason") or "nothing")
    body = (
        f"{_said(message)}{links}<table>{table}</table><h2>The agent says</h2><blockquote>{reason}</blockquote>"
        f"{_decision(approval, name, both=waits) if waits or revocable else ''}<h2>What happened</h2>{_story(rows)}"
        '<p><a href="/approvals">What else waits</a></p>'
    )
    return _whole(approval.summary, body, name=name, again=approval.state is ApprovalState.APPROVED and not revocable)


def _decision(approval: Approval, name: str, *, both: bool) -> str:
    # The first button is the one that the Enter key presses.
    approve = ' <button class="approve" name="decision" value="approve">Approve</button>' if both else ""
    return (
        f'<h2>Decide</h2><form class="decide" method="post" action="/approvals/{shown(approval.id)}">'
        f'<input type="hidden" name="order_hash" value="{shown(approval.order_hash)}">'
        '<label>Note, which the agent can read<input name="note" maxlength="500" autocomplete="off"></label>'
        f"{_token('Your token, once more', name)}"
        f'<div><button class="reject" name="decision" value="reject">Reject</button>{approve}</div></form>'
    )


def _story(rows: Sequence[Row]) -> str:
    told_rows = "".join(
        f"<tr><td>{row.sequence}</td><td>{moment(row.time_ns)}</td><td><code>{shown(row.subject)}</code></td>"
        f"<td>{shown(what(row))}</td></tr>"
        for row in rows
    )
    return f"<table><tr><th>Row<th>Time<th>About<th>What</tr>{told_rows}</table>"


def what(row: Row) -> str:
    """A row of the story in a few words."""
    b = row.body
    if row.kind is EntryKind.APPROVAL:
        return told(approval_in(row))
    if row.kind is EntryKind.FILL:
        return f"filled {b.get('size')} at {b.get('price')}"
    why = f": {b['status_reason']}" if b.get("status_reason") else ""
    if row.kind is EntryKind.ACTION:
        return f"{b.get('tool')} is {b.get('status')}{why}"
    return f"order is {b.get('status')}{why}" if b.get("status") else str(b.get("message", row.kind.value))
