"""The pytest plugin: options of the contract kit, and nothing else unless --venue is given."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from venuekit.testing.report import ScoreKeeper

_CONTRACT = "venuekit.testing.contract"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The flags of the contract kit."""
    group = parser.getgroup("venuekit", "the venue contract (pytest --pyargs venuekit.testing.contract)")
    group.addoption("--venue", metavar="NAME", help="installed adapter to check, or MODULE:FACTORY")
    group.addoption(
        "--venue-options",
        metavar="KEY=VALUE",
        nargs="+",
        action="extend",
        default=[],
        help="options of the adapter, as in its [venues.NAME] table",
    )
    group.addoption("--venue-profile", metavar="MODULE[:OBJECT]", help="how to exercise this venue")
    group.addoption("--venue-shadow", action="store_true", help="check a shadow account at this venue instead")
    group.addoption("--venue-report", metavar="FILE.json", help="write the score as JSON")
    group.addoption(
        "--allow-production-orders",
        action="store_true",
        help="place small orders even where the environment is production and the money is real",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Load the kit when it is asked for."""
    config.addinivalue_line("markers", "behaviour(id): the promised behaviour that a contract test checks")
    config.addinivalue_line("markers", "unusable(abilities): a contract test of each that the venue declares unusable")
    venue = config.getoption("--venue")
    if not venue:
        if any(str(arg).startswith(_CONTRACT) for arg in config.args):
            raise pytest.UsageError("The contract needs a venue: add --venue NAME (venuekit venues lists them).")
        return
    pytest.register_assert_rewrite(_CONTRACT)
    keeper = _keeper(config, str(venue))
    config.pluginmanager.register(keeper, "venuekit-score")


def _keeper(config: pytest.Config, venue: str) -> ScoreKeeper:
    from venuekit.errors import VenuekitError  # noqa: PLC0415 - nothing is imported before it is asked for
    from venuekit.testing.contract import fixtures  # noqa: PLC0415
    from venuekit.testing.contract.subject import load_subject  # noqa: PLC0415
    from venuekit.testing.report import ScoreKeeper  # noqa: PLC0415

    try:
        subject = load_subject(
            venue,
            options=config.getoption("--venue-options"),
            profile=config.getoption("--venue-profile"),
            production_orders=config.getoption("--allow-production-orders"),
            shadow=config.getoption("--venue-shadow"),
        )
    except VenuekitError as error:
        raise pytest.UsageError(str(error)) from error
    config.stash[fixtures.SUBJECT] = subject
    config.pluginmanager.register(fixtures, "venuekit-contract")
    return ScoreKeeper(subject, config.getoption("--venue-report"))
