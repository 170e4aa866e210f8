"""Proving the chain: the first row that was altered, removed or moved is named."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from venuekit.errors import JournalUnavailable
from venuekit.journal.anchor import Anchor
from venuekit.journal.record import GENESIS
from venuekit.journal.walk import BEGINNING, Walk
from venuekit.model.codec import from_record
from venuekit.protocols.journal import EntryKind
from venuekit.protocols.retention import Checkpoint, Verification

_NOTHING = object()
_ALONE: Mapping[Hashable, str] = {"control": "the control record", "checkpoint": "the checkpoint"}
_decode = msgspec.json.decode
#: How many rows go by before progress is told.
_EVERY = 10_000
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


def verify(
    evidence: Evidence,
    expected_head: str | None,
    anchors: Sequence[Anchor] = (),
    progress: Callable[[int], None] | None = None,
) -> Verification:
    """Recompute every digest; then compare what stands beside the journal with what the journal says of it.

    `anchors` are ends of the chain as they were remembered outside the database, before this began.
    """
    try:
        start = _start(evidence)
    except Damaged as error:
        return Verification(False, 0, GENESIS, f"the database is damaged: {error}", 1)
    except (ValueError, JournalUnavailable):
        return Verification(False, 0, GENESIS, "the checkpoint was altered outside the journal")
    return _verified(evidence, start, expected_head, anchors, progress)


def _start(evidence: Evidence) -> Checkpoint:
    """Where the chain begins, as it is said beside the journal; the journal must say the same."""
    if not evidence.has("checkpoint"):
        return BEGINNING
    found = [body for (body,) in evidence.beside("SELECT body FROM checkpoint")]
    return from_record(_decode(found[0]), Checkpoint) if found else BEGINNING


def _verified(
    evidence: Evidence,
    start: Checkpoint,
    expected_head: str | None,
    anchors: Sequence[Anchor],
    progress: Callable[[int], None] | None,
) -> Verification:
    ends: Mapping[int, str] = {a.rows: a.head for a in anchors if a.rows >= start.cut}
    walk, said = Walk(start), _Said()
    seen = expected_head in (None, GENESIS, start.head)

    def result(problem: str, sequence: int | None = None) -> Verification:
        return Verification(not problem, walk.sequence, walk.head, problem, sequence, start.cut, start.kept)

    try:
        for problem in _steps(evidence, walk, said):
            if problem:
                return result(problem, walk.at)
            if ends.get(walk.sequence, walk.head) != walk.head:
                return result(f"row {walk.sequence} is not the one that was recorded", walk.sequence)
            seen = seen or walk.head == expected_head
            if progress is not None and walk.sequence % _EVERY == 0:
                progress(walk.sequence)
        problem = _cut_off(max(ends, default=0), walk.sequence) or said.compare(evidence) or evidence.damage()
    except Damaged as error:
        return result(f"the database is damaged after row {walk.sequence}: {error}", walk.sequence + 1)
    if problem:
        return result(problem, walk.sequence + 1 if max(ends, default=0) > walk.sequence else None)
    if not seen:
        pruned = f"; rows up to {start.cut} were pruned, it may be in their export" if start.cut else ""
        return result(f"rows were cut off: none has the digest {expected_head}{pruned}", walk.sequence + 1)
    return result("")


def _steps(evidence: Evidence, walk: Walk, said: _Said) -> Iterator[str]:
    for sequence, time_ns, *texts, body, digest in evidence.chain():
        try:
            kind, desk, subject, agent_id = (t.decode() for t in texts)
            problem = walk.take((sequence, time_ns, kind, desk, subject, agent_id), body, digest.decode())
        except UnicodeDecodeError:
            problem = f"row {sequence} was altered, or one before it was moved"
        if not problem:
            said.hear(kind, desk, subject, body)
        yield problem
    yield walk.begin()  # only where no row follows the checkpoint is there anything left to say


class _Said:
    """The journal's last word on approvals and actions, the trading state, breakers, changed limits and figures."""

    def __init__(self) -> None:
        self._last: dict[Hashable, Any] = {}

    def hear(self, kind: str, desk: str, subject: str, body: bytes) -> None:
        """Take in a row whose digest is right."""
        if kind == EntryKind.APPROVAL:
            self._last["approval", subject] = _decode(body)
        elif kind == EntryKind.ACTION:
            self._last["action", desk, subject] = _decode(body)
        elif kind == EntryKind.CONTROL:
            said = _decode(body)
            if "control" in said:
                self._last["control"] = said["control"]
            if "breaker" in said:
                self._last["breaker", desk, subject] = said["breaker"]
            if "figure" in said:
                self._last["figure", desk, subject] = said["figure"]
            if "checkpoint" in said:
                self._last["checkpoint"] = said["checkpoint"]
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
        if evidence.has("actions"):
            for desk, name, body in evidence.beside("SELECT desk, id, body FROM actions ORDER BY desk, id"):
                found["action", desk, name] = _decoded(body)
        if evidence.has("figures"):
            for desk, name, body in evidence.beside("SELECT desk, name, body FROM figures ORDER BY desk, name"):
                found["figure", desk, name] = _decoded(body)
        if evidence.has("checkpoint"):
            for (body,) in evidence.beside("SELECT body FROM checkpoint"):
                found["checkpoint"] = _decoded(body)
        if evidence.has("limits"):
            for desk, name, body in evidence.beside("SELECT desk, name, body FROM limits ORDER BY desk, name"):
                found["limit", desk, name] = _decoded(body)
        said = {key: value for key, value in self._last.items() if value is not None}  # none was taken back
        for key in [*found, *said]:
            if found.get(key, _NOTHING) != said.get(key, _NOTHING):
                what = _ALONE.get(key) or " ".join(w for w in key if w)  # type: ignore[attr-defined]
                return f"{what} was altered outside the journal"
        return ""


def _decoded(body: str) -> Any:
    try:
        return _decode(body)
    except msgspec.DecodeError:
        return None


def _cut_off(had: int, count: int) -> str:
    return f"rows were cut off: there were {had}, {count} are left" if had > count else ""
