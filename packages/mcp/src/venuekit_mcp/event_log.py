"""Orders, fills and the desk's own events as log messages, for clients of the handshake revisions that ask for them."""

from __future__ import annotations

import asyncio
from typing import Any

import anyio
import mcp_types as mt
from mcp.server.context import ServerRequestContext
from mcp.server.session import ServerSession
from mcp.shared.exceptions import MCPError

from venuekit.protocols.approver import Role
from venuekit_mcp.host import Host

_Context = ServerRequestContext[Any, Any]
_LEVELS: tuple[mt.LoggingLevel, ...] = (
    "debug",
    "info",
    "notice",
    "warning",
    "error",
    "critical",
    "alert",
    "emergency",
)
#: Connections that are told; the one that asked first gives way.
MOST_LISTENERS = 256
#: The tool that tells the same events.
_TELLS = ("wait_for_event",)
_GONE = (anyio.ClosedResourceError, anyio.BrokenResourceError, ConnectionError, RuntimeError, MCPError)


class EventLog:
    """Who asked for a level, and the task that tells them."""

    def __init__(self, host: Host) -> None:
        self._host = host
        # A session object lives for one request only; what lasts as long as the connection is its client_params.
        self._asked: dict[int, tuple[Any, ServerSession, int]] = {}
        self._task: asyncio.Task[None] | None = None
        self._opened = 0

    async def set_level(self, ctx: _Context, params: mt.SetLevelRequestParams) -> mt.EmptyResult:
        """From now on this connection gets events of this level and above, if its caller may wait for events."""
        connection = ctx.session.client_params
        self._asked.pop(id(connection), None)
        if self._host.refusal(self._host.caller(), Role.VIEWER, trades=False, tools=_TELLS) is not None:
            return mt.EmptyResult()
        while len(self._asked) >= MOST_LISTENERS:
            del self._asked[next(iter(self._asked))]
        self._asked[id(connection)] = (connection, ctx.session, _LEVELS.index(params.level))
        if self._task is None:
            self._task = asyncio.create_task(self._follow())
        return mt.EmptyResult()

    async def _follow(self) -> None:
        async for level, logger, data in self._host.events():
            rank = _LEVELS.index(level)
            message = mt.LoggingMessageNotification(
                params=mt.LoggingMessageNotificationParams(level=level, logger=logger, data=data)
            )
            for key, (_, session, least) in list(self._asked.items()):
                if rank >= least:
                    try:
                        await session.send_notification(message)
                    except _GONE:
                        self._asked.pop(key, None)

    def open(self) -> None:
        """Called once a connection or once a process."""
        self._opened += 1

    async def close(self) -> None:
        """Called as often as `open`; the last one ends the telling."""
        self._opened -= 1
        if self._opened or self._task is None:
            return
        task, self._task = self._task, None
        self._asked.clear()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
