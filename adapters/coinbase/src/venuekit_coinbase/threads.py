"""The fallback way to send: the official client in threads, for a day on which the venue dislikes our connections.

Each call costs about three times as much, and one that was given up goes on in its thread: an order that was timed
out may be placed later. Answers are read, and failures told, exactly as with the other transport.
"""

from __future__ import annotations

import asyncio

from venuekit.adapter import Clock, NotConnected, VenueDown, VenuePace
from venuekit_coinbase.answers import Answer, lost, read_answer
from venuekit_coinbase.certificates import trusted
from venuekit_coinbase.client import Call, Official
from venuekit_coinbase.config import CoinbaseOptions
from venuekit_coinbase.transport import PacedTransport


class SdkTransport(PacedTransport):
    """The SDK's own session, tokens and connections."""

    def __init__(self, options: CoinbaseOptions, pace: VenuePace, clock: Clock) -> None:
        super().__init__(options, pace, clock)
        self._client: Official | None = None

    async def open(self) -> None:
        """Be ready; no connection is made yet."""
        if self._client is None:
            self._client = Official(self._options, trusted(self._options))

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
            raise VenueDown(f"Coinbase cannot be reached: {error}.", fix="Try again.") from error
        except OSError as error:
            raise lost(call, str(error)) from error
        return read_answer(call, status, headers, raw, self._clock.now_ns())
