"""Pace: the budgets of one venue's calls, by class, by call and by names of the venue's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from venuekit.desk.serving import served
from venuekit.errors import ConfigError
from venuekit.model.rate import Rate
from venuekit.protocols.clock import Clock
from venuekit.protocols.limiter import CALLS, EndpointClass, PaceState
from venuekit.runtime.bucket import Bucket
from venuekit.runtime.lane import Lane
from venuekit.settings.schema import PaceSettings

_NONE: Sequence[Bucket] = ()


class Pace:
    """A `Limiter`, and with `door` a `VenuePace`. Rates are the configured ones, else those that the venue declares."""

    def __init__(self, settings: PaceSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._lanes: dict[str, Lane] = {}
        #: What limits one call besides its class; a call with an empty list is not counted at all.
        self._calls: dict[str, Sequence[Bucket]] = {}
        self.door = Door(self)
        self._build({})

    def declare(self, declared: Mapping[str, Sequence[Rate]]) -> None:
        """Take the venue's own rates where none are configured; before the first call.

        Raises:
            ConfigError: rates are configured for a class that there is not.
        """
        for name in self._settings.classes:
            if name not in CALLS and name not in declared:
                known = sorted({*declared, *CALLS}.difference(EndpointClass))
                raise ConfigError(
                    f"pace.classes.{name}: this venue has no such class of calls.",
                    fix=f"Known: {', '.join(known)}. public, private, orders and cancels stand in [pace] itself.",
                    field=f"pace.classes.{name}",
                    details={"accepted": known},
                )
        self._build(declared)

    def _build(self, declared: Mapping[str, Sequence[Rate]]) -> None:
        for endpoint in EndpointClass:
            own: Sequence[Rate] | None = getattr(self._settings, endpoint.value)
            self._lanes[endpoint] = self._lane(endpoint, declared.get(endpoint, ()) if own is None else own)
        for name, rates in {**declared, **self._settings.classes}.items():
            if name in CALLS:
                self._calls[name] = [Bucket(rate, self._clock) for rate in rates]
            elif name not in self._lanes:
                self._lanes[name] = self._lane(name, rates)

    def _lane(self, name: str, rates: Sequence[Rate]) -> Lane:
        return Lane(str(name), rates, self._clock, self._settings)

    def _known(self, name: str) -> Lane:
        """The lane of this name; one that nobody declared has no rate, but can be told to stop."""
        lane = self._lanes.get(name)
        if lane is None:
            lane = self._lanes[name] = self._lane(name, ())
        return lane

    async def take(
        self, endpoint: str, *, call: str = "", agent_id: str = "", timeout_seconds: float | None = None
    ) -> None:
        """See `Limiter.take`."""
        lane = self._known(endpoint)
        buckets = self._calls.get(call, _NONE)
        if (lane.open and not buckets) or (not buckets and call in self._calls):
            return
        if timeout_seconds is None and agent_id:
            timeout_seconds = self._settings.patience_seconds
        await lane.take(agent_id, timeout_seconds, buckets)

    def too_many(self, endpoint: str, retry_after: float) -> None:
        """See `Limiter.too_many`."""
        self._known(endpoint).too_many(retry_after)

    def quota(self, endpoint: str, remaining: int, resets_seconds: float | None) -> None:
        """See `VenuePace.quota`."""
        self._known(endpoint).quota(remaining, resets_seconds)

    def states(self) -> Sequence[PaceState]:
        """See `Limiter.states`."""
        return [state for lane in self._lanes.values() if (state := lane.state()).left is not None or state.waiting]

    def changes(self) -> Sequence[PaceState]:
        """See `Limiter.changes`."""
        return [lane.state() for lane in self._lanes.values() if lane.take_news()]


class Door:
    """What the adapter gets: slots of any budget by its name, taken for whoever is being served."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace

    async def take(self, name: str) -> None:
        """See `VenuePace.take`."""
        await self._pace.take(name, agent_id=served())

    def too_many(self, name: str, retry_after: float) -> None:
        """See `VenuePace.too_many`."""
        self._pace.too_many(name, retry_after)

    def quota(self, name: str, remaining: int, resets_seconds: float | None = None) -> None:
        """See `VenuePace.quota`."""
        self._pace.quota(name, remaining, resets_seconds)
