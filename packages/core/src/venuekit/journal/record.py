"""What a row contains, and how each row's digest covers it and everything before it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import attrs
import msgspec

from venuekit.model.codec import to_plain
from venuekit.protocols.journal import Entry, EntryKind, Row
from venuekit.watch.redact import redact

#: The digest before the first row.
GENESIS = "0" * 64

_encode_model = msgspec.json.Encoder(decimal_format="string").encode
_encode_head = msgspec.json.Encoder().encode

#: An entry as it will be written, but for its place: time_ns, kind, desk, subject, agent_id, body.
Draft = tuple[int, str, str, str, str, str]
#: A row as the database holds it: sequence, time_ns, kind, desk, subject, agent_id, body, digest.
Stored = tuple[int, int, str, str, str, str, str, str]


def encode_body(body: Any, secrets: frozenset[str]) -> str:
    """The body as JSON text; data is redacted, a model value is written as it is unless a known secret is in it."""
    if isinstance(body, Mapping):
        return _encode_model(redact(body, also=secrets)).decode()
    if attrs.has(type(body)):
        text = _encode_model(body).decode()
        if not any(written in text for written in _written(secrets)):
            return text
        body = msgspec.json.decode(text)  # such as a venue's answer that repeats the key it refuses
    return _encode_model(redact(to_plain(body), also=secrets)).decode()


@lru_cache(maxsize=8)
def _written(secrets: frozenset[str]) -> tuple[str, ...]:
    """The secrets as they stand in JSON text."""
    return tuple(_encode_head(secret).decode()[1:-1] for secret in secrets if secret)


def digest_of(previous: str, head: tuple[int, int, str, str, str, str], body: bytes) -> str:
    """SHA-256, in hex, over the previous digest, the row's fields as a JSON list, and its body."""
    return hashlib.sha256(b"%b\n%b\n%b" % (previous.encode(), _encode_head(head), body)).hexdigest()


def draft(entry: Entry, secrets: frozenset[str]) -> Draft:
    """The entry without secrets, as it will be written."""
    body = encode_body(entry.body, secrets)
    return (entry.time_ns, str(entry.kind), entry.desk, entry.subject, entry.agent_id, body)


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
