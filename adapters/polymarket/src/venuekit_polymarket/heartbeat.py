"""The venue's dead man's switch, for those who ask for it: no heartbeat for ten seconds, and it cancels every order.

Every order of the API key, that is: those of other programs too. There is no way to disarm it but to go on.
"""

from __future__ import annotations

import asyncio
import logging

from venuekit.adapter import Clock, VenuekitError
from venuekit_polymarket.api import Api
from venuekit_polymarket.calls import Call, Proof, Service
from venuekit_polymarket.capabilities import CLOB
from venuekit_polymarket.errors import text_of
from venuekit_polymarket.reading import text

log = logging.getLogger("venuekit.polymarket")

#: The venue waits for ten seconds, and some: half of it leaves room for one that is lost.
SECONDS = 5.0


class Heartbeat:
    """Sends a heartbeat every five seconds while the session is open. Armed with the first that is taken."""

    def __init__(self, api: Api, clock: Clock) -> None:
        self._api = api
        self._clock = clock
        self._id = ""
        self._task: asyncio.Task[None] | None = None
        #: Whether the venue has taken the last one.
        self.alive = False

    def begin(self) -> None:
        """Start; safe to call twice."""
        if self._task is None:
            log.warning(
                "The order heartbeat is on: when this process ends or loses its connection, Polymarket cancels every "
                "order of the API key, whoever placed it."
            )
            self._task = asyncio.get_running_loop().create_task(self._beat(), name="polymarket heartbeat")

    async def close(self) -> None:
        """Stop; some seconds later the venue cancels every order of the key. Safe to call twice."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        self.alive = False

    async def _beat(self) -> None:
        while True:
            try:
                self.alive = await self._send() or await self._send()
            except VenuekitError as error:
                self.alive = False
                log.warning("The order heartbeat was not taken: %s", error)
            await self._clock.sleep(SECONDS)

    async def _send(self) -> bool:
        """Whether it was taken; a refusal that names the id it expects is taken the next time."""
        body = {"heartbeat_id": self._id}
        # A heartbeat that is lost and came all the same does no harm: the next one is told which id to have.
        call = Call(
            service=Service.CLOB,
            method="POST",
            path="/v1/heartbeats",
            body=body,
            proof=Proof.CREDENTIALS,
            budget=CLOB,
            asks=True,
        )
        answer = await self._api.answer(call)
        told = answer.body if isinstance(answer.body, dict) else {}
        if "heartbeat_id" in told:
            self._id = text(told, "heartbeat_id")
        if not answer.ok and "heartbeat_id" not in told:
            log.warning("The order heartbeat was refused: %s", text_of(answer.body))
        return answer.ok
