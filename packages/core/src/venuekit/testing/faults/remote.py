"""A venue's server in another process, as the process sees it that trades there and is killed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from venuekit.errors import VenuekitError
from venuekit.model.instrument import Instrument
from venuekit.protocols.clock import Clock
from venuekit.protocols.venue import Venue, VenueContext
from venuekit.testing.contract.subject import Subject

T = TypeVar("T")
_FILE = "server.json"
#: More than faults there are in a schedule, one after the other.
_TRIES, _BETWEEN_SECONDS = 30, 0.1


def keep_address(folder: Path, options: Mapping[str, Any]) -> None:
    """Write down how the server is reached, for the other process."""
    (folder / _FILE).write_text(json.dumps(dict(options)), encoding="utf-8")


class Remote:
    """An `Exchange` that others run. What is asked past the desk goes over a session of the adapter's own.

    What happens to all streams, and a restart, are not for this process to do: the server has its own faults.
    """

    secrets: Sequence[str] = ()

    def __init__(self, subject: Subject, folder: Path, clock: Clock) -> None:
        self.options: Mapping[str, Any] = json.loads((folder / _FILE).read_text(encoding="utf-8"))
        watching = folder / "watching"
        watching.mkdir(exist_ok=True)
        options = {**subject.options, **self.options}
        self._context = VenueContext(clock=clock, data_dir=watching, account="watching", options=options)
        self._subject = subject
        self.truth: Any = None

    async def open(self) -> None:
        """Connect."""
        venue: Venue = self._subject.factory.create(self._context)
        await _until_it_works(venue.connect)
        self.truth = _Watching(venue, self._subject.profile.instruments)

    async def close(self) -> None:
        """Leave."""
        await self.truth.close()

    async def vanish(self) -> None:
        """See `Exchange.vanish`; not from here."""

    async def come_back(self) -> None:
        """See `Exchange.come_back`; not from here."""

    async def strike(self, fault: str) -> None:
        """See `Exchange.strike`; not from here."""


class _Watching:
    """A session whose instruments are those that are to be traded; the server's faults only make it ask again."""

    def __init__(self, venue: Venue, names: Sequence[str]) -> None:
        self._venue = venue
        self._names = names

    def __getattr__(self, name: str) -> Any:
        member = getattr(self._venue, name)

        async def call(*args: Any, **named: Any) -> Any:
            return await _until_it_works(lambda: member(*args, **named))

        return call

    async def instruments(self) -> Sequence[Instrument]:
        """See `Truth.instruments`."""
        found = await _until_it_works(self._venue.instruments)
        return [i for i in found if i.id in self._names or not self._names]


async def _until_it_works(call: Callable[[], Awaitable[T]]) -> T:
    for _ in range(_TRIES - 1):
        try:
            return await call()
        except VenuekitError:
            await asyncio.sleep(_BETWEEN_SECONDS)
    return await call()
