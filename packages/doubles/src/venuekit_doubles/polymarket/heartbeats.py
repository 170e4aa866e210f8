"""Order heartbeats: once armed, a key that falls silent has all its orders canceled."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from venuekit_doubles.polymarket.keys import ApiKey
from venuekit_doubles.polymarket.refusals import Refusal
from venuekit_doubles.polymarket.settlement import Later

_SPACE = uuid.UUID("0d1f8a6e-64a0-4c9e-bb0a-6a3d2f1c9b55")


class Heartbeats:
    """Each answer names the id that the next heartbeat must have; there is no disarming."""

    def __init__(self, later: Later, seconds: float, silenced: Callable[[str], None]) -> None:
        self._later = later
        self._seconds = seconds
        self._silenced = silenced
        #: The id that each key's next heartbeat must have, and how many there were.
        self._expected: dict[str, str] = {}
        self._count = 0

    def beat(self, key: ApiKey, given: str) -> str:
        """A heartbeat of a key; the id of its next one. Raises Refusal with the id that was expected."""
        expected = self._expected.get(key.key, "")
        if given != expected:
            wrong: dict[str, object] = {"error_msg": "Invalid Heartbeat ID", "heartbeat_id": expected}
            raise Refusal(400, "Invalid Heartbeat ID", wrong)
        self._count += 1
        following = str(uuid.uuid5(_SPACE, f"{key.key} {self._count}"))
        self._expected[key.key] = following
        self._later(self._seconds, lambda: self._check(key, following))
        return following

    def _check(self, key: ApiKey, expected: str) -> None:
        if self._expected.get(key.key) == expected:
            self._expected[key.key] = ""
            self._silenced(key.address)
