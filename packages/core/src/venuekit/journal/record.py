"""What a row contains, and how each row's digest covers it and everything before it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import attrs
import msgspec

from venuekit.model.codec import to_plain
from venuekit.protocols.journal import Entry, EntryKind, Row
from venuekit.watch.literals import holds, without
from venuekit.watch.redact import HIDDEN, redact, redact_text

#: The digest before the first row.
GENESIS = "0" * 64

_encode_model = msgspec.json.Encoder(decimal_format="string").encode
#: Rows that are found again by an id, which a venue may have made: whatever it looks like, it is one.
_FILED_BY_ID = frozenset({EntryKind.INTENT, EntryKind.ORDER, EntryKind.FILL, EntryKind.APPROVAL, EntryKind.ACTION})
_encode_head = msgspec.json.Encoder().encode

#: An entry as it will be written, but for its place: time_ns, kind, desk, subject, agent_id, body.
Draft = tuple[int, str, str, str, str, str]
#: A row as the database holds it: sequence, time_ns, kind, desk, subject, agent_id, body, digest.
Stored = tuple[int, int, str, str, str, str, str, str]


def encode_body(body: Any, secrets: frozenset[str]) -> str:
    """The body as JSON text; data is redacted, a model value is written as it is unless a known secret is in it."""
    if isinstance(body, Mapping):
        text = _encode_model(redact(body)).decode()
    elif attrs.has(type(body)):
        text = _encode_model(body).decode()
    else:
        text = _encode_model(redact(to_plain(body))).decode()
    return _checked(text, secrets)


def _checked(text: str, secrets: frozenset[str]) -> str:
    if not holds(text, secrets):
        return text
    # Such as a venue's answer that repeats the key it refuses.
    return _encode_model(redact(msgspec.json.decode(text), also=secrets)).decode()


def digest_of(previous: str, head: tuple[int, int, str, str, str, str], body: bytes) -> str:
    """SHA-256, in hex, over the previous digest, the row's fields as a JSON list, and its body."""
    return hashlib.sha256(b"%b\n%b\n%b" % (previous.encode(), _encode_head(head), body)).hexdigest()


def draft(entry: Entry, secrets: frozenset[str]) -> Draft:
    """The entry without secrets, as it will be written."""
    if entry.kind is EntryKind.SNAPSHOT:
        body = _checked(_encode_model(entry.body).decode(), secrets)  # a start must find the very ids that were there
    else:
        body = encode_body(entry.body, secrets)
    subject = entry.subject
    if entry.kind not in _FILED_BY_ID:
        subject = redact_text(subject, also=secrets, keep_hex=True)
    elif secrets:
        subject = without(subject, secrets, HIDDEN)
    return (entry.time_ns, str(entry.kind), entry.desk, subject, without(entry.agent_id, secrets, HIDDEN), body)


def place(sequence: int, previous: str, drafted: Draft) -> Stored:
    """The draft as the row that follows `previous`."""
    time_ns, kind, desk, subject, agent_id, body = drafted
    head = (sequence, time_ns, kind, desk, subject, agent_id)
    return (*head, body, digest_of(previous, head, body.encode()))


def seal(sequence: int, previous: str, entry: Entry, secrets: frozenset[str]) -> Stored:
    """The entry as the row that follows `previous`."""
    return place(sequence, previous, draft(entry, secrets))


def to_row(stored: Stored) -> Row:
    """A stored row as a value.

    Raises:
        ValueError: it is not a row that was written here.
    """
    sequence, time_ns, kind, desk, subject, agent_id, text, digest = stored
    body = msgspec.json.decode(text)
    if not isinstance(body, dict):
        raise ValueError(f"row {sequence} has no body")  # noqa: TRY004 - it is the value that is wrong
    return Row(
        sequence=sequence,
        time_ns=time_ns,
        kind=EntryKind(kind),
        desk=desk,
        subject=subject,
        agent_id=agent_id,
        body=body,
        digest=digest,
    )
