"""Finding installed adapters by entry point, without importing them before they are used."""

from __future__ import annotations

import difflib
from importlib.metadata import EntryPoint, entry_points

from venuekit.errors import ConfigError, UnknownVenue
from venuekit.protocols.venue import Simulator, VenueFactory

GROUP = "venuekit.venues"
SIMULATORS = "venuekit.simulators"
_REGISTERED: dict[str, VenueFactory] = {}


def _installed() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}


def venue_names() -> list[str]:
    """The names of all installed and registered venues, sorted; reads metadata only."""
    return sorted({*_installed(), *_REGISTERED})


def register(factory: VenueFactory) -> None:
    """Offer a venue that is not installed as a package; it takes precedence over an installed one."""
    _REGISTERED[factory.name] = factory


def unregister(name: str) -> None:
    """Take back `register`; an unknown name is ignored."""
    _REGISTERED.pop(name, None)


def load_factory(name: str) -> VenueFactory:
    """Import the adapter of that name.

    Raises:
        UnknownVenue: nothing of that name is installed; the fix is the install command.
        ConfigError: it is installed, and its import fails.
    """
    if name in _REGISTERED:
        return _REGISTERED[name]
    point = _installed().get(name)
    if point is None:
        names = venue_names()
        near = difflib.get_close_matches(name, names, n=3)
        shown = ", ".join(names) or "none"
        raise UnknownVenue(
            f"No adapter named {name!r} is installed; installed: {shown}.",
            fix=f"Did you mean {near[0]!r}?" if near else f"Try: pip install venuekit-{name}",
            field="venue",
            details={"installed": names},
        )
    try:
        factory: VenueFactory = point.load()
    except Exception as error:  # whatever the import of someone else's package raises
        raise ConfigError(
            f"The adapter {name!r} is installed, but does not load: {type(error).__name__}: {error}.",
            fix=f"Reinstall it: pip install --force-reinstall venuekit-{name}",
            field="venue",
        ) from error
    return factory


def load_simulator() -> Simulator:
    """Import what trades in shadow mode at venues that do not simulate by themselves.

    Raises:
        ConfigError: none is installed, or it does not load.
    """
    points = sorted(entry_points(group=SIMULATORS), key=lambda p: p.name)
    if not points:
        raise ConfigError(
            "Mode shadow needs the paper exchange, which is not installed.",
            fix="Run: pip install venuekit-paper",
            field="desk.mode",
        )
    try:
        simulator: Simulator = points[0].load()
    except Exception as error:  # whatever the import of someone else's package raises
        raise ConfigError(
            f"The simulator {points[0].name!r} does not load: {type(error).__name__}: {error}.",
            fix="Reinstall it: pip install --force-reinstall venuekit-paper",
            field="desk.mode",
        ) from error
    return simulator
