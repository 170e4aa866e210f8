"""Connections that are being closed after those who used them have left: held until they are, and waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any


class Endings:
    """A reader that is canceled may wait for nothing: what it leaves behind is closed here, in tasks of their own."""

    def __init__(self) -> None:
        self._open: set[asyncio.Task[None]] = set()

    def begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Begin to close something. Whoever may wait shields it: ``await asyncio.shield(...)``."""
        ending = asyncio.ensure_future(work)
        self._open.add(ending)
        ending.add_done_callback(self._open.discard)
        return ending

    async def done(self) -> None:
        """Wait until everything is closed, also what is begun meanwhile. What went wrong is told to who began it."""
        while self._open:
            await asyncio.wait(set(self._open))
