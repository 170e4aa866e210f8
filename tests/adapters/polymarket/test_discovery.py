"""The venue's own tools: events, markets, categories, prices and holders, against the double."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import attrs
import pytest
from polymarket_doubled import connected

from venuekit.adapter import InstrumentStatus, InvalidValue, UnknownInstrument, Untrusted
from venuekit_doubles.polymarket import Pace, PolymarketDouble
from venuekit_mcp.schemas import checker, output_schema
from venuekit_mcp.wire import wire
from venuekit_polymarket import factory
from venuekit_polymarket.adapter import PolymarketVenue
from venuekit_polymarket.discovery_asked import Order

pytestmark = pytest.mark.anyio
D = Decimal
TOOLS = {extra.name: extra for extra in factory.extras}
FED, GAME = "fed-cuts-in-december", "nba-lal-bos-moneyline"


@pytest.fixture(scope="module")
def double() -> Iterator[PolymarketDouble]:
    with PolymarketDouble(pace=Pace(settle=None, delay=None, moving=False)) as running:
        running.resolve("will-bravo-be-nominated-in-2028", "0")
        yield running


async def ask(venue: PolymarketVenue, name: str, **arguments: Any) -> Any:
    """Call a tool as a frontend does; what it gives fits what the tool promises."""
    tool = TOOLS[name]
    found = await tool.call(venue, tool.arguments(**arguments))
    assert isinstance(found, tool.result)
    body = wire(found)
    schema = dict(output_schema(tool.result))
    schema["required"] = [key for key in schema["required"] if key in schema["properties"]]
    assert checker(schema)(body) == ""
    return found


def strange_texts(value: Any) -> Iterator[Untrusted]:
    """Every text of the venue's in an answer."""
    if isinstance(value, Untrusted):
        yield value
    elif attrs.has(type(value)):
        for field in attrs.fields(type(value)):
            yield from strange_texts(getattr(value, field.name))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from strange_texts(item)


async def test_events_are_listed_by_pages_and_searched_for(double: PolymarketDouble) -> None:
    async with connected(double) as venue:
        every = await ask(venue, "list_events", limit=50)
        slugs = [event.slug for event in every.events]
        assert {"fed-decision-in-december", "presidential-nominee-2028", "nba-lal-bos"} <= set(slugs)
        assert "ether-above-5k-2025" not in slugs  # it is over
        first = await ask(venue, "list_events", limit=2)
        second = await ask(venue, "list_events", limit=2, cursor=first.next_cursor)
        assert [e.slug for e in (*first.events, *second.events)] == slugs[:4]
        [found] = (await ask(venue, "list_events", text="lakers")).events
        assert (found.slug, found.title) == ("nba-lal-bos", Untrusted("Lakers vs. Celtics"))
        nominee = next(e for e in every.events if e.slug == "presidential-nominee-2028")
        assert (nominee.exclusive, nominee.markets) == (True, 3)
        sports = await ask(venue, "list_events", category="sports")
        assert [e.slug for e in sports.events] == ["nba-lal-bos"]


async def test_an_event_has_its_markets_open_ones_first(double: PolymarketDouble) -> None:
    async with connected(double) as venue:
        event = await ask(venue, "get_event", event="Presidential-Nominee-2028")
        assert [m.status for m in event.markets] == [InstrumentStatus.TRADING] * 2 + [InstrumentStatus.RESOLVED]
        assert event.markets[-1].outcomes[1].payout == 1
        assert event.left_out == 0
        assert event.description.text.startswith("At most one")
        alias = event.markets[0].outcomes[0].alias
        assert (await venue.instrument(alias)).id == event.markets[0].outcomes[0].instrument
        with pytest.raises(UnknownInstrument):
            await ask(venue, "get_event", event="no-such-event")


async def test_markets_are_listed_by_category_and_by_when_they_end(double: PolymarketDouble) -> None:
    async with connected(double) as venue:
        crypto = await ask(venue, "list_markets", category="crypto")
        assert [m.slug for m in crypto.markets] == ["bitcoin-above-150k-december-31"]
        for order in Order:
            found = await ask(venue, "list_markets", order=order, limit=3)
            assert len(found.markets) == 3
            assert all(m.status is InstrumentStatus.TRADING for m in found.markets)
        with pytest.raises(InvalidValue) as refusal:
            await ask(venue, "list_markets", category="no-such-category")
        assert refusal.value.field == "category"
        for wrong in ({"limit": 0}, {"limit": 51}, {"closing_within_hours": 0}):
            with pytest.raises(InvalidValue):
                await ask(venue, "list_markets", **wrong)


async def test_closing_soon_asks_only_for_what_ends_after_now(double: PolymarketDouble) -> None:
    async with connected(double) as venue:
        double.requests.clear()
        await ask(venue, "list_markets", order=Order.CLOSING_SOON, closing_within_hours=48)
        [asked] = [r for r in double.requests if r.path.endswith("/markets/keyset")]
        assert "end_date_min" in asked.query
        assert "end_date_max" in asked.query
        assert "ascending=true" in asked.query


async def test_details_say_by_what_rules_a_market_trades_and_ends(double: PolymarketDouble) -> None:
    async with connected(double) as venue:
        for name in (FED, f"{FED}:YES", (await venue.instrument(f"{FED}:NO")).id):
            found = await ask(venue, "get_market_details", market=name)
            assert (found.market.slug, found.tick_size, found.min_size) == (FED, D("0.01"), D(5))
            assert (found.fee_rate, found.fee_exponent, found.makers_pay) == (D("0.04"), D(1), False)
            assert found.open_interest is not None
        assert (await ask(venue, "get_market_details", market=GAME)).delay_seconds == 3


async def test_prices_of_many_outcomes_come_with_midpoint_and_spread(double: PolymarketDouble) -> None:
    async with connected(double) as venue:
        found = await ask(venue, "get_prices", instruments=[f"{FED}:YES", f"{FED}:NO"])
        yes, no = found.prices
        assert yes.midpoint == (yes.bid + yes.ask) / 2
        assert yes.spread == yes.ask - yes.bid
        assert yes.bid + no.ask == 1  # one book, seen from both sides
        with pytest.raises(InvalidValue):
            await ask(venue, "get_prices", instruments=[])


async def test_categories_and_holders_are_told(double: PolymarketDouble) -> None:
    token = double.market(FED).tokens[0]
    double.give(double.account.wallet, "25", token)
    async with connected(double) as venue:
        found = await ask(venue, "list_categories")
        assert "politics" in {c.slug for c in found.categories}
        holders = (await ask(venue, "get_market_holders", market=FED, limit=5)).holders
        mine = next(h for h in holders if h.wallet == double.account.wallet)
        assert (mine.shares, mine.instrument) == (25, token)


async def test_every_word_of_the_venue_is_marked_as_its_own(double: PolymarketDouble) -> None:
    async with connected(double) as venue:
        event = await ask(venue, "get_event", event="fed-decision-in-december")
        details = await ask(venue, "get_market_details", market=FED)
        told = {text.text for text in (*strange_texts(event), *strange_texts(details))}
        listing = double.market(FED).listing
        assert {listing.question, listing.event.title, listing.event.description} <= told
        assert all(text.longest <= 1800 for text in (*strange_texts(event), *strange_texts(details)))


def test_each_tool_only_reads_but_those_of_one_toolset() -> None:
    acting = {extra.toolset for extra in factory.extras if extra.mutates}
    assert {extra.toolset for extra in factory.extras} - acting == {"discovery", "account"}
    assert acting == {"positions"}
