"""Actions beside the journal: one record each, changed in the transaction that writes its row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from venuekit.journal.chain import Chain
from venuekit.journal.record import encode_body
from venuekit.model.action import Action, ActionStatus
from venuekit.protocols.journal import Entry, EntryKind

ONE = "SELECT body FROM actions WHERE desk = ? AND id = ?"
_PUT = (
    "INSERT INTO actions (desk, id, status, call_hash, created_ns, body) VALUES (?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (desk, id) DO UPDATE SET status = excluded.status, body = excluded.body"
)


def wanted(
    desk: str | None, statuses: Sequence[ActionStatus], call_hash: str | None, limit: int
) -> tuple[str, list[Any]]:
    """The question for actions that match, newest first, and its values."""
    marks = ", ".join("?" * len(statuses))
    parts: list[tuple[str, list[Any]]] = []
    if desk is not None:
        parts.append(("desk = ?", [desk]))
    if statuses:
        parts.append((f"status IN ({marks})", [str(status) for status in statuses]))
    if call_hash is not None:
        parts.append(("call_hash = ?", [call_hash]))
    clause = f"WHERE {' AND '.join(condition for condition, _ in parts)} " if parts else ""
    sql = f"SELECT body FROM actions {clause}ORDER BY created_ns DESC, id LIMIT ?"  # noqa: S608 - constants
    return sql, [*(value for _, values in parts for value in values), limit]


def is_still(found: Action | None, before: Action | None) -> bool:
    """Whether what is recorded is what was changed. Texts in it may have been redacted when it was written."""
    if found is None or before is None:
        return found is before
    return (found.status, found.updated_ns, found.approval_id) == (before.status, before.updated_ns, before.approval_id)


def put(chain: Chain, action: Action, secrets: frozenset[str]) -> Entry:
    """Keep an action as it is now; the row that goes into the journal with it."""
    body = encode_body(action, secrets)
    chain.execute(_PUT, (action.desk, action.id, str(action.status), action.call_hash, action.created_ns, body))
    return Entry(
        kind=EntryKind.ACTION,
        desk=action.desk,
        subject=action.id,
        agent_id=action.agent_id,
        body=action,
        time_ns=action.updated_ns,
    )
