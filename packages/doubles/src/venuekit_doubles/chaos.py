"""What the venues' profiles for runs with faults share: faults by a gate, and a double on the run's own event loop.

Needs no import of the test kit: a `Gate` has what `venuekit.testing.faults.gate` says, and an `Exchange` what
`venuekit.testing.faults.site` does.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum
from typing import Any, Protocol, TypeVar

from venuekit.adapter import Order
from venuekit_doubles.faults import FaultQueues
from venuekit_doubles.running import Double

F = TypeVar("F", bound=StrEnum)
S = TypeVar("S", bound=StrEnum)


class Gate(Protocol):
    """Who says what goes wrong."""

    async def arrived(self, endpoint: str) -> str | None:
        """A request has come in."""
        ...

    async def answering(self, endpoint: str) -> None:
        """Its answer goes."""
        ...

    def telling(self, channel: str) -> str | None:
        """A frame goes."""
        ...


class GatedFaults(FaultQueues[F, S]):
    """Faults by a gate. Frames of other channels than `channels`, such as heartbeats, have no point of their own."""

    def __init__(self, gate: Gate, answers: type[F], frames: type[S], channels: Collection[str]) -> None:
        super().__init__()
        self._gate = gate
        self._answers = answers
        self._frames = frames
        self._channels = channels

    async def arrived(self, endpoint: str) -> F | None:
        """See `FaultQueues.arrived`."""
        name = await self._gate.arrived(endpoint)
        return None if name is None else self._answers(name)

    async def answering(self, endpoint: str) -> None:
        """See `FaultQueues.answering`."""
        await self._gate.answering(endpoint)

    def telling(self, channel: str) -> S | None:
        """See `FaultQueues.telling`."""
        name = self._gate.telling(channel) if channel in self._channels else None
        return None if name is None else self._frames(name)


class Exchange(ABC):
    """The double of one schedule."""

    #: What the venue has, past every fault; from `open` on.
    truth: Any
    #: Text that must be in no row of a journal.
    secrets: Sequence[str]

    def __init__(self, double: Double[Any, Any]) -> None:
        self._served = double

    @property
    @abstractmethod
    def options(self) -> Mapping[str, Any]:
        """Options of the adapter."""

    @abstractmethod
    def _truth(self) -> Any:
        """What the venue has, now that it is open."""

    @abstractmethod
    async def strike(self, fault: str) -> None:
        """Let every open stream fail in this way."""

    def sent(self, orders: Sequence[Order]) -> None:  # noqa: B027 - not every venue needs it
        """The orders as who sent them wrote them down, for a venue that keeps no ids of its clients."""

    @property
    def complaints(self) -> Sequence[str]:
        """What was asked of the venue that nobody should ask."""
        return ()

    async def open(self) -> None:
        """Begin to serve."""
        await self._served.__aenter__()
        self.truth = self._truth()

    async def close(self) -> None:
        """End."""
        await self._served.__aexit__()

    async def vanish(self) -> None:
        """Break every connection, and take no new one."""
        await self._served.vanish()

    async def come_back(self) -> None:
        """Serve again."""
        await self._served.come_back()
