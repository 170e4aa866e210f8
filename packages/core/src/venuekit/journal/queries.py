"""Questions to the journal, as SQL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from venuekit.protocols.journal import EntryKind, RowQuery

FIELDS = "sequence, time_ns, kind, desk, subject, agent_id, body, digest"
DAY_NS = 86_400_000_000_000
#: LIKE is quick and lets through the names of fields too; what it lets through is then read.
_LIKE = "(subject LIKE ? ESCAPE '\\' OR body LIKE ? ESCAPE '\\')"
_SAYS = "says(subject, body, ?)"

#: Word for word as in the schema: SQLite uses a partial index only where it reads the index's own condition.
RARE = "kind IN ('snapshot', 'control', 'approval', 'session', 'denied')"
_RARE_KINDS = {EntryKind.SNAPSHOT, EntryKind.CONTROL, EntryKind.APPROVAL, EntryKind.SESSION, EntryKind.DENIED}


def where(query: RowQuery, *, reads: bool = True) -> tuple[str, list[Any]]:
    """The WHERE clause for `query`, and its values. `reads` is whether the database can read what LIKE lets through."""
    parts: list[tuple[str, list[Any]]] = []
    if query.desk is not None:
        parts.append(("desk = ?", [query.desk]))
    if query.kinds:
        parts.append((f"kind IN ({', '.join('?' * len(query.kinds))})", [str(k) for k in query.kinds]))
        if query.desk is not None and _RARE_KINDS.issuperset(query.kinds):
            parts.append((RARE, []))
    if query.subject is not None:
        parts.append(("subject = ?", [query.subject]))
    if query.agent_id is not None:
        parts.append(("agent_id = ?", [query.agent_id]))
    if query.start_ns is not None:
        parts.append(("time_ns >= ?", [query.start_ns]))
    if query.end_ns is not None:
        parts.append(("time_ns < ?", [query.end_ns]))
    if query.after_sequence is not None:
        parts.append(("sequence > ?", [query.after_sequence]))
    if query.before_sequence is not None:
        parts.append(("sequence < ?", [query.before_sequence]))
    if query.text:
        written = msgspec.json.encode(query.text).decode()[1:-1]
        parts.append((_LIKE, [_pattern(query.text), _pattern(written)]))
        if reads:
            parts.append((_SAYS, [query.text.lower()]))
    if not parts:
        return "", []
    return "WHERE " + " AND ".join(clause for clause, _ in parts), [v for _, values in parts for v in values]


def _pattern(text: str) -> str:
    if not text.isascii():
        return "%"  # LIKE knows upper and lower case of ASCII alone
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def says(subject: str, body: str, text: str) -> bool:
    """Whether a row's subject or some value in its body, not the name of one, has `text` (in lower case) in it."""
    return found_in(subject, msgspec.json.decode(body), text)


def found_in(subject: str, body: Mapping[str, Any], text: str) -> bool:
    """The same of a body that is read already."""
    return text in subject.lower() or _has(body, text)


def _has(value: Any, text: str) -> bool:
    if isinstance(value, Mapping):
        return any(_has(item, text) for item in value.values())
    if isinstance(value, list):
        return any(_has(item, text) for item in value)
    return value is not None and text in str(value).lower()
