"""The fallback way to send: the official client in threads, for a day on which the venue dislikes our connections.

Each call costs about three times as much, and one that was given up goes on in its thread: an order that was timed
out may be placed later. Answers are read, and failures told, exactly as with the other transport.
"""

from __future__ import annotations

import asyncio

from venuekit.adapter import Clock, NotConnected, VenuePace
from venuekit_coinbase.answers import TITLE, read_answer
from venuekit_coinbase.client import Call, Official
from venuekit_coinbase.config import CA_FILE, CoinbaseOptions
from venuekit_coinbase.transport import PacedTransport
from venuekit_wire import answers
from venuekit_wire.answers import Answer
from venuekit_wire.certificates import trusted


class SdkTransport(PacedTransport):
    """The SDK's own session, tokens and connections."""

    def __init__(self, options: CoinbaseOptions, pace: VenuePace, clock: Clock) -> None:
        super().__init__(options, pace, clock)
        self._client: Official | None = None

    async def open(self) -> None:
        """Be ready; no connection is made yet."""
        if self._client is None:
            self._client = Official(self._options, trusted(self._options.ca_file, field=CA_FILE))

    async def close(self) -> None:
        """Close every connection that no thread is using."""
        client, self._client = self._client, None
        if client is not None:
            client.session.close()

    async def _once(self, call: Call) -> Answer:
        client = self._client
        if client is None:
            raise NotConnected("The session with Coinbase is not open.", fix="Call connect first.")
        try:
            status, headers, raw = await asyncio.to_thread(client.carry_out, call)
        except ConnectionRefusedError as error:
            raise answers.unreachable(TITLE, str(error)) from error
        except OSError as error:
            raise answers.lost(TITLE, call, str(error)) from error
        return read_answer(call, status, headers, raw, self._clock.now_ns())
