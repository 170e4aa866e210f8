"""Sessions: what a factory makes, and how a session opens, closes and tells the time."""

from __future__ import annotations

import re
from typing import Any

import attrs
import pytest

from venuekit.adapter import ConfigError, Feature, MarketData, OrderEntry, Portfolio, Streams, Unavailable, Venue
from venuekit.testing.contract.behaviours import behaviour
from venuekit.testing.contract.kit import Kit
from venuekit.testing.contract.reads import READS

pytestmark = pytest.mark.anyio

#: What a session may tell without a connection.
KNOWN_WITHOUT_ASKING = {Feature.PROFILE, Feature.SERVER_TIME}


@behaviour("SES-01")
async def test_factory_and_session_have_every_member(kit: Kit) -> None:
    for protocol in (MarketData, OrderEntry, Portfolio, Streams, Venue):
        assert isinstance(kit.venue, protocol), f"the session is no {protocol.__name__}"
    for member in ("name", "title", "capabilities", "options", "environment", "extras", "create"):
        assert hasattr(kit.subject.factory, member), f"the factory has no {member}"


@behaviour("SES-02")
async def test_name_account_and_environment_are_as_asked_for(kit: Kit) -> None:
    assert (kit.venue.name, kit.venue.account) == (kit.subject.factory.name, kit.subject.account)
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
        await kit.venue.instrument(kit.instrument.id)
    for feature, read in READS.items():
        if kit.can(feature) and feature not in KNOWN_WITHOUT_ASKING:
            with pytest.raises(Unavailable):
                await read(kit)


@behaviour("SES-06")
async def test_the_clock_of_the_venue_never_goes_back(kit: Kit) -> None:
    first = await kit.venue.server_time_ns()
    await kit.pause(1)
    second = await kit.venue.server_time_ns()
    assert isinstance(first, int)
    assert 0 < first <= second


@behaviour("SES-07")
async def test_a_session_that_is_not_connected_is_unavailable(kit: Kit) -> None:
    venue = kit.create()
    with pytest.raises(Unavailable):
        await venue.instrument(kit.instrument.id)
    await venue.close()


@behaviour("SES-08")
async def test_every_option_is_described(kit: Kit) -> None:
    options = kit.subject.factory.options
    assert attrs.has(options)
    assert undescribed(options) == []


@behaviour("SES-09")
async def test_every_tool_of_its_own_is_described(kit: Kit) -> None:
    extras = kit.subject.factory.extras
    names = [extra.name for extra in extras]
    assert len(set(names)) == len(names)
    for extra in extras:
        assert re.fullmatch(r"[a-z][a-z0-9_]{0,39}", extra.name), f"{extra.name} is no name for a tool"
        assert extra.title
        assert extra.description
        assert extra.toolset
        for kind in (extra.arguments, extra.result):
            assert attrs.has(kind), f"{extra.name}: {kind.__name__} is no attrs class"
        assert undescribed(extra.arguments) == []


def undescribed(kind: type[Any]) -> list[str]:
    """Fields without ``metadata={"doc": ...}``."""
    return [field.name for field in attrs.fields(kind) if field.init and not field.metadata.get("doc")]
