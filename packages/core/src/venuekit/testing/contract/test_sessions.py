"""Sessions: what a factory makes, and how a session opens, closes and tells the time."""

from __future__ import annotations

import pytest

from venuekit.adapter import ConfigError, MarketData, OrderEntry, Portfolio, Streams, Unavailable, Venue
from venuekit.testing.contract.behaviours import behaviour
from venuekit.testing.contract.kit import Kit

pytestmark = pytest.mark.anyio


@behaviour("SES-01")
async def test_factory_and_session_have_every_member(kit: Kit) -> None:
    for protocol in (MarketData, OrderEntry, Portfolio, Streams, Venue):
        assert isinstance(kit.venue, protocol), f"the session is no {protocol.__name__}"
    for member in ("name", "title", "capabilities", "options", "environment", "extras", "create"):
        assert hasattr(kit.subject.factory, member), f"the factory has no {member}"


@behaviour("SES-02")
async def test_name_account_and_environment_are_as_asked_for(kit: Kit) -> None:
    assert (kit.venue.name, kit.venue.account) == (kit.subject.factory.name, "contract")
    assert kit.venue.environment in {"paper", "sandbox", "production"}
    assert kit.venue.environment == kit.subject.environment


@behaviour("SES-03")
async def test_closing_twice_is_safe(kit: Kit) -> None:
    await kit.venue.close()
    await kit.venue.close()


@behaviour("SES-04")
async def test_an_unknown_option_is_refused_by_name(kit: Kit) -> None:
    with pytest.raises(ConfigError) as caught:
        kit.create(no_such_option=1)
    assert "no_such_option" in str(caught.value)


@behaviour("SES-05")
async def test_a_closed_session_is_unavailable(kit: Kit) -> None:
    await kit.venue.close()
    with pytest.raises(Unavailable):
        await kit.venue.order_book(kit.instrument.id)


@behaviour("SES-06")
async def test_the_clock_of_the_venue_never_goes_back(kit: Kit) -> None:
    first = await kit.venue.server_time_ns()
    await kit.pause(1)
    second = await kit.venue.server_time_ns()
    assert isinstance(first, int)
    assert 0 < first <= second
