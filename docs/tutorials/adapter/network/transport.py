"""Acme's REST interface: one request and its answer."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from venuekit.adapter import Clock, VenuePace, VenuePermission
from venuekit_wire import answers
from venuekit_wire.answers import Answer
from venuekit_wire.calls import Call
from venuekit_wire.http import HttpClient, HttpSettings, paced


class Transport:
    def __init__(self, base_url: str, key: str, pace: VenuePace, clock: Clock) -> None:
        self._base, self._key = base_url, key
        self._pace, self._clock = pace, clock
        self._client = HttpClient(HttpSettings(venue="Acme", agent="venuekit-acme"))

    async def open(self) -> None:
        await self._client.open()

    async def close(self) -> None:
        await self._client.close()

    async def send(self, call: Call, budget: str) -> Answer:
        return await paced(self._pace, budget, lambda: self._once(call))

    async def _once(self, call: Call) -> Answer:
        body = None if call.body is None else answers.encode(call.body)
        reply = await self._client.fetch(call, self._base, {"X-Key": self._key}, body)
        return read_answer(call, *reply, self._clock.now_ns())


def read_answer(call: Call, status: int, headers: Mapping[str, str], raw: bytes, now_ns: int) -> Answer:
    if status == answers.TOO_MANY:
        raise answers.too_many("Acme", headers, now_ns)
    try:
        body = answers.decode(raw)
    except msgspec.DecodeError as error:  # a gateway's page, or half an answer
        raise answers.lost("Acme", call, f"HTTP {status} with a body that is no JSON") from error
    if status == answers.UNAUTHORIZED:
        raise VenuePermission("Acme does not take the key.", fix="Check ACME_KEY.")
    if status >= 500:
        raise answers.lost("Acme", call, f"HTTP {status}")
    return Answer(status, body, headers)
