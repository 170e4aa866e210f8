"""Calls that are answered but not in the journal yet, in a file that outlives the process that is killed.

A durable row of the journal costs more than most answers; a line in this file a few microseconds. It holds the calls
of a few milliseconds, and nothing as soon as the journal has them. The next server of the desk finishes what a killed
one left.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import msgspec

from venuekit.desk.calls import ServedCall
from venuekit.errors import JournalUnavailable
from venuekit.protocols.approver import Caller, Role
from venuekit.protocols.journal import EntryKind, RowQuery
from venuekit.settings.load import data_dir, store_url
from venuekit.watch.redact import redact, redact_text

if sys.platform != "win32":
    import fcntl

if TYPE_CHECKING:
    from venuekit.desk.desk import Desk

_IN_MEMORY = ("sqlite://", "sqlite:///:memory:")
#: Rows that are looked through for calls which reached the journal although their line is still there.
_RECENT = 1000


@attrs.frozen
class _Line:
    tool: str
    arguments: dict[str, object]
    outcome: str
    agent_id: str
    source: str
    time_ns: int
    detail: str


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Line).decode


def is_needed(desk: Desk) -> bool:
    """Whether the desk's journal outlives its process."""
    return store_url(desk.settings) not in _IN_MEMORY


def is_enough(desk: Desk) -> bool:
    """Whether a line in a file is as safe as the desk wants its journal: not against a loss of power."""
    return sys.platform != "win32" and desk.settings.store.synchronous == "NORMAL"


class CallSpool:
    """The file of one server."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._folder = data_dir(desk.settings)
        self._key = hashlib.sha256(desk.name.encode()).hexdigest()[:12]
        self._path = self._folder / f"calls-{self._key}-{secrets.token_hex(6)}.jsonl"
        self._fd: int | None = None

    def add(self, call: ServedCall) -> None:
        """Keep the call over this process's death. Raises JournalUnavailable."""
        line = _Line(
            tool=redact_text(call.tool, also=self._desk.known_secrets, keep_hex=True),
            arguments=redact(dict(call.arguments), also=self._desk.known_secrets),
            outcome=call.outcome,
            agent_id=call.caller.agent_id,
            source=call.caller.source,
            time_ns=call.time_ns,
            detail=redact_text(call.detail, also=self._desk.known_secrets),
        )
        try:
            if self._fd is None:
                self._fd = _own(self._path)
            os.write(self._fd, _encode(line) + b"\n")
        except OSError as error:
            raise JournalUnavailable(f"{self._path} cannot be written: {error.strerror}.") from error

    def keep(self, calls: Sequence[ServedCall]) -> None:
        """Forget all but `calls`: the others are in the journal."""
        if self._fd is not None:
            os.ftruncate(self._fd, 0)
            for call in calls:
                self.add(call)

    def close(self) -> None:
        """Remove the file; safe to call twice."""
        if self._fd is not None:
            self._path.unlink(missing_ok=True)
            os.close(self._fd)
            self._fd = None

    async def recover(self) -> None:
        """Put into the journal what killed servers of this desk left. Raises JournalUnavailable."""
        for path in sorted(self._folder.glob(f"calls-{self._key}-*.jsonl")):
            with _abandoned(path) as lines:
                if lines is None:
                    continue
                calls = [_served(line) for line in lines]
                if calls:
                    first = min(call.time_ns for call in calls)
                    query = RowQuery(desk=self._desk.name, kinds=(EntryKind.CALL,), start_ns=first, limit=_RECENT)
                    there = {(row.time_ns, row.subject) for row in self._desk.store.rows(query)}
                    await self._desk.record_calls([c for c in calls if (c.time_ns, c.tool) not in there])
                path.unlink(missing_ok=True)


def _served(line: _Line) -> ServedCall:
    return ServedCall(
        tool=line.tool,
        arguments=line.arguments,
        outcome=line.outcome,
        caller=Caller(agent_id=line.agent_id, role=Role.VIEWER, source=line.source),
        time_ns=line.time_ns,
        detail=line.detail,
    )


def _own(path: Path) -> int:
    """A new file that is locked before another process can find it by its name."""
    hidden = path.with_suffix(".new")
    fd = os.open(hidden, os.O_CREAT | os.O_RDWR | os.O_APPEND, 0o600)
    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    hidden.rename(path)
    return fd


@contextlib.contextmanager
def _abandoned(path: Path) -> Iterator[list[_Line] | None]:
    """The lines of a file whose server is dead, locked meanwhile; None when it is alive, or somebody else recovers."""
    with contextlib.ExitStack() as stack:
        try:
            fd = os.open(path, os.O_RDWR)
            stack.callback(os.close, fd)
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (FileNotFoundError, BlockingIOError):
            yield None
            return
        lines = []
        for text in path.read_bytes().splitlines():
            with contextlib.suppress(msgspec.MsgspecError):  # the kill may have come in the middle of the last line
                lines.append(_decode(text))
        yield lines
