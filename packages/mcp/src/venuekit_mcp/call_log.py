"""Every call in the audit: what acts at once, what only reads a few milliseconds later, together."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from venuekit.desk.calls import ServedCall
from venuekit.errors import JournalUnavailable
from venuekit.protocols.approver import Caller
from venuekit.watch.redact import redact_text
from venuekit_mcp.call_spool import CallSpool, is_enough, is_needed

if TYPE_CHECKING:
    from venuekit.desk.desk import Desk

#: How long the row of a call that only read may wait for others: durable rows cost more than most answers.
GROUP_SECONDS = 0.002
#: Rows that wait at most while the journal cannot be written; the oldest of more are lost.
MOST_WAITING = 1000
#: Longest text and largest count that the audit keeps of one call's arguments.
_LONGEST_KEPT = 1000
_MOST_KEPT = 50
_LONGEST_NAME = 64
_DEEPEST = 3
#: How much of a text is looked through for secrets before it is cut.
_LONGEST_READ = 20_000


def kept(value: Any, secrets: frozenset[str] = frozenset(), depth: int = 0) -> Any:
    """Arguments as the audit keeps them: bounded in size, whatever was sent. Half a secret is none."""
    if isinstance(value, str):
        if len(value) <= _LONGEST_KEPT:
            return value
        start = redact_text(value[:_LONGEST_READ], also=secrets)[:_LONGEST_KEPT]
        return f"{start}… ({len(value)} characters)"
    if isinstance(value, Mapping):
        if depth > _DEEPEST:
            return "…"
        return {_name(str(k), secrets): kept(v, secrets, depth + 1) for k, v in list(value.items())[:_MOST_KEPT]}
    if isinstance(value, list | tuple):
        return [kept(v, secrets, depth + 1) for v in value[:_MOST_KEPT]] if depth <= _DEEPEST else "…"
    return value


def _name(name: str, secrets: frozenset[str]) -> str:
    return name if len(name) <= _LONGEST_NAME else redact_text(name[:_LONGEST_READ], also=secrets)[:_LONGEST_NAME]


class CallLog:
    """The calls of one server on their way to the journal, in their order."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._waiting: list[ServedCall] = []
        self._timer: asyncio.TimerHandle | None = None
        self._writing: asyncio.Task[None] | None = None
        self._broken = False
        lasting = is_needed(desk)
        self._spool = CallSpool(desk) if lasting and is_enough(desk) else None
        #: Where a process that dies would take waiting calls with it, none waits.
        self._never_waits = lasting and self._spool is None

    async def open(self) -> None:
        """Finish what killed servers of the same desk left. Raises JournalUnavailable."""
        if self._spool is not None:
            await self._spool.recover()

    async def close(self) -> None:
        """Write what waits, and leave nothing behind. Raises JournalUnavailable; then the waiting calls stay kept."""
        await self.settle()
        if self._spool is not None:
            self._spool.close()

    def _note(self, call: ServedCall) -> None:
        self._waiting.append(call)
        if self._timer is None and self._writing is None:
            self._timer = asyncio.get_running_loop().call_later(GROUP_SECONDS, self._begin)

    async def keep(
        self,
        tool: str,
        arguments: Mapping[str, Any],
        outcome: str,
        caller: Caller,
        *,
        at_once: bool,
        detail: str = "",
    ) -> None:
        """Take a call down, and write it before this returns when it is to be `at_once`.

        Raises:
            JournalUnavailable: it could not be written; or earlier ones could not, and still cannot.
        """
        call = ServedCall(
            tool=tool,
            arguments=kept(arguments, self._desk.known_secrets),
            outcome=outcome,
            caller=caller,
            time_ns=self._desk.clock.now_ns(),
            detail=kept(detail, self._desk.known_secrets),
        )
        self._note(call)
        if at_once or self._broken or self._never_waits:
            await self.settle()
        elif self._spool is not None:
            self._spool.add(call)

    async def settle(self) -> None:
        """Write what waits. Raises JournalUnavailable; it still waits then."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._waiting or self._writing is not None:
            # The writing goes on when this caller is cancelled: what it took from the list must arrive.
            await asyncio.shield(self._writing or self._start())

    def _begin(self) -> None:
        self._timer = None
        if self._waiting and self._writing is None:
            self._start()

    def _start(self) -> asyncio.Task[None]:
        self._writing = asyncio.get_running_loop().create_task(self._write())
        self._writing.add_done_callback(_reported)
        return self._writing

    async def _write(self) -> None:
        group, self._waiting = self._waiting, []
        try:
            await self._desk.record_calls(group)
        except JournalUnavailable:
            self._broken = True
            self._waiting = [*group, *self._waiting][-MOST_WAITING:]
            raise
        else:
            self._broken = False
            if self._spool is not None:
                self._spool.keep(self._waiting)
        finally:
            self._writing = None


def _reported(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        sys.stderr.write(f"venuekit-mcp: {task.exception()}\n")
