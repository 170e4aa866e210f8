"""The desk behind a server: who asks, what they may, what is kept, and what changes under a watched address."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from venuekit.errors import ConfigError, JournalUnavailable, VenuekitError
from venuekit.model.events import DeskEvent, Event, FillEvent, OrderEvent, OrderEventKind
from venuekit.protocols.approver import Caller, Mode, Role
from venuekit.watch.literals import holds, without
from venuekit.watch.redact import HIDDEN, redact_text
from venuekit_mcp.call_log import CallLog
from venuekit_mcp.naming import Names
from venuekit_mcp.results import json_text
from venuekit_mcp.rings import Rings
from venuekit_mcp.watching import Watching
from venuekit_mcp.wire import wire

if TYPE_CHECKING:
    from mcp_types import LoggingLevel

    from venuekit.desk.desk import Desk

_BAD_NEWS = (OrderEventKind.DENIED, OrderEventKind.REJECTED, OrderEventKind.IN_DOUBT)


class DeskHost:
    """A `Host` for one desk. The tools of a server share its subscriptions."""

    def __init__(self, desk: Desk, caller: Caller | Callable[[], Caller] | None = None) -> None:
        self.desk = desk
        self.secrets = desk.known_secrets
        default = desk.default_caller
        one = Caller(agent_id=default.agent_id, role=default.role, mode=default.mode, source="mcp-stdio")
        self._caller: Callable[[], Caller] = caller if callable(caller) else lambda: caller or one
        self.calls = CallLog(desk)
        self._watching = Watching(desk)
        self._names = Names(desk.venue.instrument)
        self.rings = Rings(desk, self._watching.streams_moved)
        self._envelopes: dict[Mode, Mapping[str, str]] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._opened = 0

    def caller(self) -> Caller:
        """Who makes the request being served."""
        return self._caller()

    def mode_of(self, caller: Caller) -> Mode:
        """The stricter of the desk's and the caller's mode."""
        return self.desk.permission.mode_of(caller)

    def envelope(self, caller: Caller) -> Mapping[str, str]:
        """Mode, venue, environment, account: in every answer, so that nobody mistakes paper for money."""
        mode = self.mode_of(caller)
        found = self._envelopes.get(mode)
        if found is None:
            venue = self.desk.venue
            found = self._envelopes[mode] = {
                "mode": mode.value,
                "venue": venue.name,
                "environment": self.desk.environment,
                "account": redact_text(venue.account, also=self.secrets),
            }
        return found

    async def named(self, body: dict[str, Any], arguments: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The body of an answer with aliases for ids that are too long; `arguments` are those of its call."""
        shortened: dict[str, Any] = await self._names.shortened(body, arguments)
        return shortened

    def refusal(
        self, caller: Caller, role: Role, *, trades: bool, action: str = "do this", tools: Sequence[str] = ()
    ) -> VenuekitError | None:
        """Why the caller may not, or None."""
        return self.desk.permission.refusal(caller, role, trades=trades, action=action, tools=tools)

    def serve(self, caller: Caller, weight: float = 1.0) -> AbstractContextManager[object]:
        """A block around one call: the desk counts it, and works for the caller inside. Raises RateLimited."""
        return self.desk.serve(caller, weight=weight)

    async def record(
        self,
        subject: str,
        arguments: Mapping[str, Any],
        outcome: str,
        caller: Caller,
        *,
        at_once: bool = False,
        detail: str = "",
    ) -> None:
        """Keep the call in the audit. Raises JournalUnavailable."""
        await self.calls.keep(subject, arguments, outcome, caller, at_once=at_once, detail=detail)

    async def settle(self) -> None:
        """Write what of the audit still waits. Raises JournalUnavailable."""
        await self.calls.settle()

    def later(self, work: Coroutine[Any, Any, Any]) -> None:
        """Run `work` by the way; its failure is reported on stderr."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            error = task.exception()
            sys.stderr.write(
                redact_text(f"venuekit-mcp: {type(error).__name__}: {error}\n", also=self.secrets, keep_hex=True)
            )

    async def watch(self, uri: str, changed: Any) -> None:
        """Somebody watches `uri` now."""
        await self._watching.add(uri, changed)

    def same(self, uri: str, core: str) -> None:
        """The body of `uri` is that of our own resource `core`, and changes with it."""
        self._watching.same(uri, core)

    async def unwatch(self, uri: str) -> None:
        """Nobody watches `uri` any more."""
        await self._watching.remove(uri)

    async def events(self) -> AsyncIterator[tuple[LoggingLevel, str, Any]]:
        """Orders, fills and the desk's own events, as level, name and data of a log message."""
        feed = self.desk.listen(wanted=lambda event: isinstance(event, OrderEvent | FillEvent | DeskEvent))
        try:
            async for event in feed:
                yield _level(event), f"venuekit.{event.tag}", self.discreet(wire(event))
        finally:
            feed.close()

    def discreet(self, data: Any) -> Any:
        """`data` without known secrets, and with the aliases of ids that are too long."""
        data = self._names.known(data)
        text = json_text(data)
        return json.loads(without(text, self.secrets, HIDDEN)) if holds(text, self.secrets) else data

    async def sleep(self, seconds: float) -> None:
        """Wait, by the desk's clock."""
        await self.desk.clock.sleep(seconds)

    async def open(self) -> None:
        """Begin to serve."""
        self._opened += 1
        if self._opened == 1:
            await self.calls.open()

    async def close(self) -> None:
        """Close subscriptions when nobody is served any more, after what is still being written."""
        self._opened -= 1
        if self._opened:
            return
        if self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)
        with contextlib.suppress(JournalUnavailable):  # the log has said so, and the rest must still be closed
            await self.calls.close()
        await self._watching.close()
        await self.rings.close()


def _level(event: Event) -> LoggingLevel:
    if isinstance(event, DeskEvent):
        return "notice"
    return "warning" if isinstance(event, OrderEvent) and event.kind in _BAD_NEWS else "info"


def unknown_choice(what: str, given: str, known: list[str]) -> ConfigError:
    """The refusal of a toolset or profile that does not exist."""
    return ConfigError(
        f"There is no {what} {given[:40]!r}.",
        fix=f"Choose from: {', '.join(known)}.",
        field=what,
        details={"accepted": known},
    )
