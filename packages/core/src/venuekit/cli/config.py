"""`venuekit config check`: whether a configuration would be accepted, without opening anything."""

from __future__ import annotations

import tempfile
from pathlib import Path

import attrs
from cyclopts import App

from venuekit.cli.exits import OK
from venuekit.cli.literals import readable_secrets
from venuekit.cli.options import DEFAULT, Options
from venuekit.cli.output import document, note, pairs
from venuekit.cli.place import Place, find
from venuekit.desk.permission import desk_mode
from venuekit.desk.risk.calendars import check_calendars
from venuekit.desk.risk.checks import build_checks
from venuekit.desk.risk.hours import Hours
from venuekit.protocols.approver import Mode
from venuekit.protocols.venue import VenueContext, VenueFactory
from venuekit.registry import load_factory
from venuekit.runtime.opening import make_venue
from venuekit.watch.clock import SystemClock

app = App(name="config", help="The configuration: check.")


@app.command
def check(file: Path | None = None, /, *, options: Options = DEFAULT) -> int:
    """Read the configuration as a desk would: unknown keys, bad values and missing secrets are named by their place.

    Args:
        file: The configuration file; the same as --config.
    """
    if file is not None:
        options = attrs.evolve(options, config=file)
    place = find(options)
    factory = load_factory(place.config.desk.venue)
    checked = check_venue(place, factory)
    warnings = readable_secrets(place.loaded.path) if place.loaded.path else []
    given = {name: source for name, source in place.loaded.sources.items() if not source.startswith("default")}
    if options.json:
        document(
            {
                "ok": True,
                "file": None if place.loaded.path is None else str(place.loaded.path),
                "venue": factory.name,
                "account": place.config.desk.account,
                "environment": checked.environment,
                "mode": checked.mode.value,
                "store": place.shown,
                "set": given,
                "warnings": warnings,
            }
        )
        return OK
    pairs(
        [
            ("file", place.loaded.path or "none; all defaults"),
            ("venue", f"{factory.name} ({checked.environment}), account {place.config.desk.account}"),
            ("mode", checked.mode.value),
            ("store", place.shown),
            ("set", f"{len(given)} values" if given else "nothing"),
        ]
    )
    for warning in warnings:
        note(f"Warning: {warning}")
    note("The configuration is good.")
    return OK


@attrs.frozen
class Checked:
    """What a desk would run as: its mode, and whether that is production, a test server or paper."""

    mode: Mode
    environment: str


def check_venue(place: Place, factory: VenueFactory) -> Checked:
    """What a desk would run as, once its limits, hours and the adapter's own table have been read.

    Raises:
        ConfigError: the mode, the hours or an option of the venue cannot be right.
    """
    config = place.config
    check_calendars(config.hours, str(place.loaded.path or "configuration"))
    build_checks(config.risk, Hours(config.hours))
    with tempfile.TemporaryDirectory() as folder:  # nothing is kept: the adapter is asked, not opened
        context = VenueContext(
            clock=SystemClock(),
            data_dir=Path(folder),
            account=config.desk.account,
            options=place.options_of(factory),
        )
        venue = make_venue(factory, context, config.desk.mode, shadow=config.shadow)
        return Checked(desk_mode(config, venue.environment, None), venue.environment)
