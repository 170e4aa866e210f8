"""What the kit is told about a venue: how to make its time pass, its connections drop, its market move."""

from __future__ import annotations

import importlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import anyio.lowlevel
import attrs

from venuekit import registry
from venuekit.adapter import Clock, ConfigError, Venue, VenueFactory
from venuekit.testing.clock import SimulatedClock
from venuekit.watch.clock import SystemClock

#: Turns of the event loop in which readers see what the passing of time brought.
_TURNS = 10


async def settled(answer: Awaitable[None] | None) -> None:
    """Await what a hook returned, if it is to be awaited."""
    if answer is not None:
        await answer


@attrs.frozen(kw_only=True)
class Profile:
    """How to exercise one venue. Everything has a default that fits a venue on the network.

    An adapter's `contract_profile` (an attribute of its factory, or ``--venue-profile``) is any object or module
    that has some of these attributes, or the name of one; it needs no import of this package.
    """

    #: Options for the kit's sessions; ``--venue-options`` wins over them.
    options: Mapping[str, Any] = attrs.field(factory=dict)
    #: Ids of instruments to trade, the first one most; by default the first that have a two-sided book.
    instruments: Sequence[str] = ()
    #: Whether the venue lives by the clock that its session is given: then the kit moves that clock, and waits for
    #: nothing. A venue with a clock of its own, such as one on the network, takes the time that it takes.
    simulated_time: bool = False
    #: ``advance(venue, seconds)``: lets time pass at a venue that must be told so. All four may be async or not.
    advance: Callable[[Any, float], Awaitable[None] | None] | None = None
    #: ``drop_connections(venue)``: breaks the live connections as the network would.
    drop_connections: Callable[[Any], Awaitable[None] | None] | None = None
    #: ``trade_at(venue, instrument, price)``: makes the market trade at a price, to trigger stops.
    trade_at: Callable[[Any, str, Decimal], Awaitable[None] | None] | None = None
    #: ``too_many(venue)``: makes the venue refuse the next order with a 429.
    too_many: Callable[[Any], Awaitable[None] | None] | None = None
    #: More options for runs with faults, where simulated time passes by the minute and the market may move less often.
    fault_options: Mapping[str, Any] = attrs.field(factory=dict)
    #: How long an answer may take to become visible elsewhere (history, streams), in seconds.
    patience_seconds: float = 10.0
    #: How long a subscription needs until it is sure to see what happens next, in seconds.
    settle_seconds: float = 0.2

    @property
    def time_is_cheap(self) -> bool:
        """Whether the kit moves the venue's time itself, so that minutes cost nothing."""
        return self.simulated_time or self.advance is not None

    def make_clock(self) -> Clock:
        """The clock that a session gets."""
        return SimulatedClock() if self.simulated_time else SystemClock()

    async def pass_time(self, venue: Venue, clock: Clock, seconds: float) -> None:
        """Let time pass at the venue, and readers see what it brought."""
        if self.advance is not None:
            await settled(self.advance(venue, seconds))
        if isinstance(clock, SimulatedClock):
            await clock.advance(seconds)
        elif self.advance is None:
            await clock.sleep(seconds)
        for _ in range(_TURNS):
            await anyio.lowlevel.checkpoint()


@attrs.frozen(kw_only=True)
class Subject:
    """The venue that is checked, and how."""

    name: str
    factory: VenueFactory
    profile: Profile
    options: Mapping[str, Any]
    production_orders: bool = False

    @property
    def environment(self) -> str:
        """The environment of sessions, by the factory unless an option says otherwise."""
        return str(self.options.get("environment", self.factory.environment))


def load_subject(
    venue: str, *, options: Sequence[str] = (), profile: str | None = None, production_orders: bool = False
) -> Subject:
    """Find the factory and its profile.

    Raises:
        UnknownVenue: no such adapter.
        ConfigError: an option is not ``key=value``, or a ``MODULE:OBJECT`` does not exist.
    """
    factory: VenueFactory = _load(venue) if ":" in venue else registry.load_factory(venue)
    hints = _load(profile) if profile else getattr(factory, "contract_profile", None)
    if isinstance(hints, str):
        hints = _load(hints)
    known = _profile(hints)
    given = dict(_option(text) for text in options)
    return Subject(
        name=factory.name,
        factory=factory,
        profile=known,
        options={**known.options, **given},
        production_orders=production_orders,
    )


def _profile(hints: Any) -> Profile:
    if isinstance(hints, Profile):
        return hints
    names = [field.name for field in attrs.fields(Profile)]
    return Profile(**{name: getattr(hints, name) for name in names if hints is not None and hasattr(hints, name)})


def _load(place: str) -> Any:
    module, _, name = place.partition(":")
    try:
        found = importlib.import_module(module)
        return getattr(found, name) if name else found
    except (ImportError, AttributeError) as error:
        raise ConfigError(f"{place!r} cannot be imported as MODULE or MODULE:OBJECT: {error}", field="venue") from error


def _option(text: str) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise ConfigError(f"--venue-options takes key=value; {text!r} is not.", field="venue_options")
    if value in ("true", "false"):
        return key, value == "true"
    return key, int(value) if value.removeprefix("-").isdecimal() and value.isascii() else value
