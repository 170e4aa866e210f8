"""One subscription's events as log messages to the connection that asked for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anyio
import mcp_types as mt
from mcp.server.session import ServerSession
from mcp.shared.exceptions import MCPError

from venuekit.model.events import Event
from venuekit_mcp.rings import Tell
from venuekit_mcp.wire import wire

_GONE = (anyio.ClosedResourceError, anyio.BrokenResourceError, ConnectionError, RuntimeError, MCPError)


def log_lane(session: ServerSession, logger: str, discreet: Callable[[Any], Any]) -> Tell:
    """What tells `session` of an event; once the connection is gone it tells nobody."""
    is_open = True

    async def tell(event: Event) -> None:
        nonlocal is_open
        if not is_open:
            return
        message = mt.LoggingMessageNotification(
            params=mt.LoggingMessageNotificationParams(level="info", logger=logger, data=discreet(wire(event)))
        )
        try:
            await session.send_notification(message)
        except _GONE:
            is_open = False

    return tell
