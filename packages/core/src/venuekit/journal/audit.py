"""Proving the chain: the first row that was altered, removed or moved is named."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from venuekit.journal.anchor import Anchor
from venuekit.journal.record import GENESIS, digest_of
from venuekit.protocols.journal import EntryKind, Verification

_NOTHING = object()
_decode = msgspec.json.decode
#: A row as it is proved: sequence, time_ns, then kind, desk, subject, agent_id, body and digest as bytes.
Raw = tuple[int, int, bytes, bytes, bytes, bytes, bytes, bytes]


class Damaged(Exception):
    """The database says of itself that it is damaged."""


class Evidence(Protocol):
    """A database as it is at one moment. Every method may raise `Damaged`."""

    def chain(self) -> Iterator[Raw]:
        """All rows by sequence, as they stand in the table and not in an index."""
        ...

    def beside(self, sql: str) -> Iterable[Sequence[Any]]:
        """What is found beside the journal."""
        ...

    def has(self, table: str) -> bool:
        """Whether there is such a table: an older version's file is proved as it is."""
        ...

    def damage(self) -> str:
        """What the database finds wrong with itself; empty when nothing is."""
        ...


def verify(evidence: Evidence, expected_head: str | None, anchors: Sequence[Anchor] = ()) -> Verification:
    """Recompute every digest; then compare what stands beside the journal with what the journal says of it.

    `anchors` are ends of the chain as they were remembered outside the database, before this began.
    """
    ends: Mapping[int, str] = {anchor.rows: anchor.head for anchor in anchors}
    head, count, seen = GENESIS, 0, expected_head in (None, GENESIS)
    said = _Said()
    try:
        for sequence, digest, problem in _walk(evidence, said):
            if problem:
                return Verification(False, count, head, problem, sequence)
            head, count = digest, count + 1
            if ends.get(count, head) != head:
                return Verification(False, count, head, f"row {count} is not the one that was recorded", count)
            seen = seen or digest == expected_head
        problem = _cut_off(max(ends, default=0), count) or said.compare(evidence) or evidence.damage()
    except Damaged as error:
        return Verification(False, count, head, f"the database is damaged after row {count}: {error}", count + 1)
    if problem:
        return Verification(False, count, head, problem, count + 1 if max(ends, default=0) > count else None)
    if not seen:
        return Verification(False, count, head, f"rows were cut off: none has the digest {expected_head}", count + 1)
    return Verification(True, count, head)


def _walk(evidence: Evidence, said: _Said) -> Iterator[tuple[int, str, str]]:
    previous, expected = GENESIS, 1
    for sequence, time_ns, *texts, body, digest in evidence.chain():
        if sequence != expected:
            yield expected, "", f"row {expected} is missing (next is {sequence})"
            return
        try:
            kind, desk, subject, agent_id = (t.decode() for t in texts)
            computed = digest_of(previous, (sequence, time_ns, kind, desk, subject, agent_id), body)
        except UnicodeDecodeError:
            computed = ""
        if digest != computed.encode():
            yield sequence, "", f"row {sequence} was altered, or one before it was moved"
            return
        said.hear(kind, desk, subject, body)
        yield sequence, computed, ""
        previous, expected = computed, expected + 1


class _Said:
    """The journal's last word on each approval, on the trading state, on each breaker, changed limit and figure."""

    def __init__(self) -> None:
        self._last: dict[Hashable, Any] = {}

    def hear(self, kind: str, desk: str, subject: str, body: bytes) -> None:
        """Take in a row whose digest is right."""
        if kind == EntryKind.APPROVAL:
            self._last["approval", subject] = _decode(body)
        elif kind == EntryKind.CONTROL:
            said = _decode(body)
            if "control" in said:
                self._last["control"] = said["control"]
            if "breaker" in said:
                self._last["breaker", desk, subject] = said["breaker"]
            if "figure" in said:
                self._last["figure", desk, subject] = said["figure"]
            if "limit" in said:
                self._last["limit", desk, subject] = said["limit"]

    def compare(self, evidence: Evidence) -> str:
        """The first record beside the journal that is not what the journal says of it."""
        found: dict[Hashable, Any] = {}
        for name, body in evidence.beside("SELECT id, body FROM approvals ORDER BY created_ns, id"):
            found["approval", name] = _decoded(body)
        for (body,) in evidence.beside("SELECT body FROM control"):
            found["control"] = _decoded(body)
        for desk, name, body in evidence.beside("SELECT desk, name, body FROM breakers ORDER BY desk, name"):
            found["breaker", desk, name] = _decoded(body)
        if evidence.has("figures"):
            for desk, name, body in evidence.beside("SELECT desk, name, body FROM figures ORDER BY desk, name"):
                found["figure", desk, name] = _decoded(body)
        if evidence.has("limits"):
            for desk, name, body in evidence.beside("SELECT desk, name, body FROM limits ORDER BY desk, name"):
                found["limit", desk, name] = _decoded(body)
        said = {key: value for key, value in self._last.items() if value is not None}  # none was taken back
        for key in [*found, *said]:
            if found.get(key, _NOTHING) != said.get(key, _NOTHING):
                what = "the control record" if key == "control" else " ".join(w for w in key if w)  # type: ignore[attr-defined]
                return f"{what} was altered outside the journal"
        return ""


def _decoded(body: str) -> Any:
    try:
        return _decode(body)
    except msgspec.DecodeError:
        return None


def _cut_off(had: int, count: int) -> str:
    return f"rows were cut off: there were {had}, {count} are left" if had > count else ""
