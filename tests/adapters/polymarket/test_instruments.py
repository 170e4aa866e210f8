"""Outcomes as instruments: what the venue tells of them, what they are called, and when they are asked for."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from typing import Any

import attrs
import pytest
from aiohttp import web
from polymarket_loopback import RECORDED, refused
from polymarket_markets import exchange, market, token

from venuekit.adapter import (
    AmbiguousInstrument,
    InstrumentKind,
    InstrumentNotTrading,
    InstrumentStatus,
    UnknownInstrument,
    VenueDown,
)
from venuekit.model.instrument import impossible
from venuekit.testing.clock import SimulatedClock
from venuekit_polymarket.aliases import alias_of, outcome_named, read_name
from venuekit_polymarket.market_terms import MarketTerms, exact_terms, terms_from_gamma

pytestmark = pytest.mark.anyio
D = Decimal
LIVE, OVER = InstrumentStatus.TRADING, InstrumentStatus.RESOLVED


def told(**more: Any) -> dict[str, Any]:
    """A market as it comes from the wire."""
    read: dict[str, Any] = json.loads(json.dumps(market(1, "rain", **more)), parse_float=D)
    return read


def terms(**more: Any) -> MarketTerms:
    found = terms_from_gamma(told(**more))
    assert found is not None
    return found


# -- one market


def test_both_outcomes_are_instruments_that_know_each_other() -> None:
    yes, no = terms().instruments()
    assert (yes.id, no.id) == (token(2), token(3))
    assert (yes.complement, no.complement) == (no.id, yes.id)
    assert (yes.alias, no.alias) == ("rain:YES", "rain:NO")
    assert yes.kind is InstrumentKind.BINARY_OUTCOME
    assert (yes.tick_size, yes.min_size, yes.min_price, yes.max_price) == (D("0.01"), D(5), D("0.01"), D("0.99"))
    assert (yes.quote, yes.base, yes.status) == ("pUSD", yes.id, LIVE)
    assert (yes.metadata["outcome"], no.metadata["outcome"]) == ("Yes", "No")
    assert yes.metadata["condition_id"] == "0x" + f"{1:064x}"
    assert yes.metadata["event_slug"] == "event-of-rain"
    assert yes.expiry_ns == 1_830_254_400 * 10**9
    assert impossible(yes) == ""


STATUSES: list[tuple[dict[str, Any], InstrumentStatus]] = [
    ({}, LIVE),
    ({"acceptingOrders": False}, InstrumentStatus.HALTED),
    ({"acceptingOrders": None}, InstrumentStatus.HALTED),
    ({"active": False}, InstrumentStatus.HALTED),
    ({"archived": True}, InstrumentStatus.HALTED),
    ({"enableOrderBook": False}, InstrumentStatus.HALTED),
    ({"closed": True, "outcomePrices": '["1", "0"]'}, OVER),
    ({"closed": True, "outcomePrices": '["0.5", "0.5"]'}, OVER),
    ({"closed": True, "outcomePrices": '["0.97", "0.03"]'}, InstrumentStatus.EXPIRED),
    ({"closed": True, "outcomePrices": '["0.97", "0.03"]', "umaResolutionStatus": "resolved"}, OVER),
    ({"closed": True, "outcomePrices": '["0", "0"]'}, InstrumentStatus.EXPIRED),
    ({"closed": True, "outcomePrices": None}, InstrumentStatus.EXPIRED),
    ({"closed": False, "outcomePrices": '["1", "0"]'}, LIVE),
]


@pytest.mark.parametrize(("change", "status"), STATUSES)
def test_a_status_says_whether_orders_are_taken(change: dict[str, Any], status: InstrumentStatus) -> None:
    assert terms(**change).status is status
    assert (terms(**change).payouts is not None) == (status is OVER)


def test_what_was_paid_is_told_of_each_outcome() -> None:
    yes, no = terms(closed=True, outcomePrices='["0", "1"]').instruments()
    assert (yes.metadata["payout"], no.metadata["payout"]) == ("0", "1")


@pytest.mark.parametrize(
    "change",
    [
        {"outcomes": '["A", "B", "C"]', "clobTokenIds": '["111111111111111", "222222222222222", "333333333333333"]'},
        {"clobTokenIds": None},
        {"clobTokenIds": '["111111111111111", "111111111111111"]'},
        {"clobTokenIds": '["not a number", "222222222222222"]'},
        {"conditionId": ""},
    ],
)
def test_a_market_without_two_outcomes_is_no_instrument(change: dict[str, Any]) -> None:
    assert terms_from_gamma(told(**change)) is None


def test_a_list_that_is_none_cannot_be_read() -> None:
    with pytest.raises(VenueDown, match="clobTokenIds"):
        terms_from_gamma(told(clobTokenIds="[broken"))


def test_the_order_books_own_rules_count_for_more() -> None:
    exact = exact_terms(
        terms(), {"mts": D("0.0025"), "mos": 15, "nr": True, "fd": {"r": D("0.07"), "e": 2, "to": False}}
    )
    yes, _ = exact.instruments()
    assert (yes.tick_size, yes.min_size, yes.max_price) == (D("0.0025"), D(15), D("0.9975"))
    said = {name: yes.metadata[name] for name in ("neg_risk", "fee_rate", "fee_exponent", "fee_taker_only")}
    assert said == {"neg_risk": "true", "fee_rate": "0.07", "fee_exponent": "2", "fee_taker_only": "false"}
    assert exact_terms(terms(), {}).instruments()[0].metadata["fee_rate"] == "0"


def test_long_words_of_the_venue_are_bounded() -> None:
    long = terms(question="x" * 5000, events=[{"slug": "e" * 999, "title": "t" * 9999}], category="c" * 999)
    for instrument in long.instruments():
        assert len(instrument.name) <= 250
        assert all(len(value) <= 200 for value in instrument.metadata.values())


# -- names


@pytest.mark.parametrize(
    ("outcomes", "aliases"),
    [
        (("Yes", "No"), ("m:YES", "m:NO")),
        (("Up", "Down"), ("m:UP", "m:DOWN")),
        (("Kansas City Chiefs", "49ers"), ("m:KANSAS-CITY-CHIEFS", "m:49ERS")),
        (("Same", "same!"), ("m:1", "m:2")),
        (("…", "No"), ("m:1", "m:NO")),
    ],
)
def test_an_alias_leads_back_to_its_outcome(outcomes: tuple[str, str], aliases: tuple[str, str]) -> None:
    for index in (0, 1):
        assert alias_of("m", outcomes, index) == aliases[index]
        read = read_name(aliases[index])
        assert (read.slug, outcome_named(outcomes, read.outcome)) == ("m", index)


@pytest.mark.parametrize(
    ("name", "slug", "outcome"),
    [
        ("rain:yes", "rain", "yes"),
        ("Rain:Kansas City", "rain", "kansas-city"),
        (" rain:yes", "", ""),
        ("https://polymarket.com/event/rain", "rain", ""),
        ("https://polymarket.com/event/weather/rain?tid=1", "rain", ""),
        ("rain", "rain", ""),
        ("not a slug", "", ""),
        ("../markets", "", ""),
        ("", "", ""),
    ],
)
def test_a_name_is_read_in_the_forms_that_people_write(name: str, slug: str, outcome: str) -> None:
    read = read_name(name)
    assert (read.slug, read.outcome, read.token) == (slug, outcome, "")


# -- asking


async def test_an_instrument_is_found_by_token_alias_and_condition_and_asked_for_once() -> None:
    async with exchange() as (venue, here, _):
        yes = await venue.listings.one(token(2))
        assert yes.metadata["fee_rate"] == "0.04"
        assert await venue.listings.one("rain:YES") == yes
        assert await venue.listings.one("RAIN:yes") == yes
        assert await venue.listings.one(f"{yes.metadata['condition_id']}:yes") == yes
        assert (await venue.listings.one(token(3))).complement == yes.id
        assert len(here.asked) == 2  # the catalogue, and the order book's rules


async def test_nothing_is_loaded_by_connecting() -> None:
    async with exchange() as (venue, here, _):
        assert here.asked == []
        assert venue.listings.known(token(2)) is None


async def test_a_name_without_an_outcome_is_refused_with_both() -> None:
    async with exchange() as (venue, _, _):
        with pytest.raises(AmbiguousInstrument) as refusal:
            await venue.listings.one("rain")
        assert refusal.value.details["candidates"] == ["rain:YES", "rain:NO"]
        with pytest.raises(AmbiguousInstrument):
            await venue.listings.one("rain:MAYBE")


async def test_an_event_of_several_markets_is_refused_with_every_outcome() -> None:
    async with exchange() as (venue, _, held):
        held.events = [{"slug": "weather", "title": "Weather", "markets": held.markets}]
        with pytest.raises(AmbiguousInstrument) as refusal:
            await venue.listings.one("weather:YES")
        assert refusal.value.details["candidates"] == ["rain:YES", "rain:NO", "snow:YES", "snow:NO"]
        held.events = [{"slug": "sun", "title": "Sun", "markets": held.markets[1:]}]
        assert (await venue.listings.one("sun:YES")).alias == "snow:YES"


@pytest.mark.parametrize("name", [token(9), "hail:YES", "0x" + "9" * 64, "what is this?", ""])
async def test_a_stranger_is_unknown(name: str) -> None:
    async with exchange() as (venue, _, _):
        await venue.listings.one("rain:YES")
        with pytest.raises(UnknownInstrument) as refusal:
            await venue.listings.one(name)
        assert refusal.value.field == "instrument"
        assert refusal.value.fix


async def test_near_names_are_suggested() -> None:
    async with exchange() as (venue, _, _):
        await venue.listings.one("rain:YES")
        with pytest.raises(UnknownInstrument) as refusal:
            await venue.listings.one("rains:YES")
        assert refusal.value.details["near"] == ["rain:YES", "rain:NO"]


async def test_a_closed_market_is_found_and_told_as_resolved() -> None:
    async with exchange([market(1, "rain", closed=True, outcomePrices='["1", "0"]')]) as (venue, _, _):
        assert (await venue.listings.one("rain:YES")).status is OVER
        [yes, no] = await venue.market.tickers(["rain:YES", "rain:NO"])
        assert (yes.last, yes.mark, no.last) == (D(1), D(1), D(0))


async def test_a_market_that_trades_must_have_rules() -> None:
    gone = {f"GET /clob-markets/0x{1:064x}": lambda _: refused(404, {"error": "market not found"})}
    async with exchange(routes=gone) as (venue, _, _):
        with pytest.raises(UnknownInstrument):
            await venue.listings.one("rain:YES")


async def test_rules_are_asked_for_again_after_their_time_and_old_ones_serve_while_nobody_answers() -> None:
    clock = SimulatedClock()
    async with exchange(clock=clock, markets_ttl_seconds=60) as (venue, here, held):
        await venue.listings.one("rain:YES")
        held.rules = {"mts": 0.001}
        held.markets[0]["acceptingOrders"] = False
        assert (await venue.listings.one("rain:YES")).tick_size == D("0.01")
        await clock.advance(60)
        now = await venue.listings.one("rain:YES")
        assert (now.tick_size, now.status) == (D("0.001"), InstrumentStatus.HALTED)
        await clock.advance(60)
        here.routes["GET /markets/keyset"] = lambda _: refused(500, {})
        assert (await venue.listings.one("rain:YES")).tick_size == D("0.001")


async def test_rules_in_use_are_read_again_before_they_are_too_old_and_nobody_waits() -> None:
    clock = SimulatedClock()
    async with exchange(clock=clock, markets_ttl_seconds=60) as (venue, here, held):
        await venue.listings.one("rain:YES")
        await clock.advance(30)
        held.rules = {"mts": 0.001}
        asked = len(here.asked)
        assert (await venue.listings.one("rain:YES")).tick_size == D("0.01")
        assert len(here.asked) == asked
        await asyncio.gather(*venue.listings._exact._asking.values())
        assert (await venue.listings.one("rain:YES")).tick_size == D("0.001")
        assert len(here.asked) == asked + 2
        await clock.advance(29)
        assert (await venue.listings.one("rain:YES")).tick_size == D("0.001")


async def test_a_tick_that_a_stream_tells_while_rules_are_read_again_stays() -> None:
    clock, asked, gate = SimulatedClock(), asyncio.Event(), asyncio.Event()

    async def slowly(_: web.Request) -> web.Response:
        asked.set()
        await gate.wait()
        return web.json_response({"mts": 0.01, "mos": 5})

    async with exchange(clock=clock, markets_ttl_seconds=60) as (venue, here, _):
        known = await venue.listings.one("rain:YES")
        here.routes[f"GET /clob-markets/0x{1:064x}"] = slowly
        await clock.advance(30)
        await venue.listings.one("rain:YES")
        await asked.wait()
        venue.listings.tick_changed(known.id, D("0.001"))
        gate.set()
        await asyncio.gather(*venue.listings._exact._asking.values())
        assert (await venue.listings.one("rain:YES")).tick_size == D("0.001")


async def test_every_instrument_is_those_that_trade_most_and_not_more_than_configured() -> None:
    many = [market(n, f"m{n}") for n in range(1, 251)]
    many[3]["acceptingOrders"] = False
    async with exchange(many, listed_markets=150) as (venue, here, _):
        listed = await venue.listings.all()
        assert len(listed) == 2 * 149  # the one that takes no orders is left out
        assert [i.id for i in listed] == sorted(i.id for i in listed)
        assert len(here.asked) == 2
        assert "order=volume24hr" in here.asked[0]
        assert await venue.listings.all() == listed
        assert len(here.asked) == 2


async def test_a_new_tick_size_is_of_both_outcomes_and_outlives_the_catalogues() -> None:
    async with exchange() as (venue, _, held):
        await venue.listings.one("rain:YES")
        now = venue.listings.tick_changed(token(2), D("0.001"))
        assert now is not None
        assert (now.tick_size, now.max_price) == (D("0.001"), D("0.999"))
        other = venue.listings.known(token(3))
        assert other is not None
        assert other.tick_size == D("0.001")
        assert venue.listings.tick_changed(token(2), D("0.001")) is None
        assert venue.listings.tick_changed(token(99), D("0.001")) is None
        await venue.listings.refresh([token(2)])
        assert (await venue.listings.one("rain:YES")).tick_size == D("0.001")
        held.rules = {"mts": 0.0001}
        venue.listings.forget_rules(token(2))
        assert (await venue.listings.one("rain:YES")).tick_size == D("0.0001")


async def test_a_stream_may_tell_that_a_market_is_over() -> None:
    async with exchange() as (venue, _, held):
        yes = await venue.listings.one("rain:YES")
        venue.listings.changed(attrs.evolve(yes, status=OVER))
        other = venue.listings.known(token(3))
        assert other is not None
        assert other.status is OVER
        held.markets[0] |= {"closed": True, "outcomePrices": '["0", "1"]'}
        assert [(i.alias, paid) for i, paid in await venue.listings.refresh([token(2), token(3), token(4)])] == [
            ("rain:YES", D(0)),
            ("rain:NO", D(1)),
            ("snow:YES", None),
        ]


async def test_a_state_of_the_venue_is_the_status_of_every_instrument() -> None:
    order = {"POST /order": lambda _: refused(503, {"error": "Trading is currently cancel-only"})}
    key = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"
    made = {"apiKey": "k", "secret": "c2VjcmV0", "passphrase": "p"}
    async with exchange(routes={**order, "GET /auth/derive-api-key": made}, private_key=key) as (venue, _, _):
        assert (await venue.listings.one("rain:YES")).status is LIVE
        with pytest.raises(InstrumentNotTrading):
            await venue.api.change("POST", "/order", {}, what="the order")
        assert (await venue.listings.one("rain:YES")).status is InstrumentStatus.CANCEL_ONLY


async def test_search_finds_open_markets_and_a_name_finds_itself_first() -> None:
    rain, snow, over = market(1, "rain"), market(2, "snow"), market(3, "hail", closed=True)
    found = {"events": [{"slug": "w", "title": "W", "markets": [snow, over]}], "pagination": {"hasMore": False}}
    async with exchange([rain, snow], {"GET /public-search": found}) as (venue, here, _):
        assert [i.alias for i in await venue.listings.search("weather", 20)] == ["snow:YES", "snow:NO"]
        assert "q=weather" in here.asked[0]
        assert [i.alias for i in await venue.listings.search("rain:no", 20)] == ["rain:NO", "snow:YES", "snow:NO"]
        assert [i.alias for i in await venue.listings.search("weather", 1)] == ["snow:YES"]
        assert await venue.listings.search("  ", 20) == ()


# -- recorded


@pytest.mark.skipif(RECORDED is None, reason="no recorded data")
def test_recorded_markets_are_read_with_every_digit() -> None:
    assert RECORDED is not None
    folder = RECORDED / "clob-and-gamma"
    read = 0
    for file in sorted(folder.glob("gamma_market*.json")):
        row = json.loads(file.read_text(), parse_float=D)
        found = terms_from_gamma(row)
        assert found is not None, file.name
        for index, instrument in enumerate(found.instruments()):
            assert instrument.id == json.loads(row["clobTokenIds"])[index]
            assert impossible(instrument) == "", file.name
        if "orderPriceMinTickSize" in row:
            assert str(found.tick_size) == str(row["orderPriceMinTickSize"])
        assert str(found.volume) == str(row.get("volume", 0))
        read += 1
    assert read >= 6
    [event] = json.loads((folder / "gamma_event.json").read_text(), parse_float=D)
    assert event["markets"]
    assert all(terms_from_gamma(m, event) for m in event["markets"])


@pytest.mark.skipif(RECORDED is None, reason="no recorded data")
@pytest.mark.parametrize(
    ("file", "status"),
    [
        ("gamma_market", LIVE),
        ("gamma_market_closed_nonbinary_legacy", InstrumentStatus.EXPIRED),
        ("gamma_market_closed_zero_zero_legacy", InstrumentStatus.EXPIRED),
        ("gamma_market_closed_binary_accepting_true", OVER),
        ("gamma_market_closed_binary_accepting_false", OVER),
    ],
)
def test_recorded_markets_have_the_status_that_they_had(file: str, status: InstrumentStatus) -> None:
    assert RECORDED is not None
    found = terms_from_gamma(json.loads((RECORDED / "clob-and-gamma" / f"{file}.json").read_text(), parse_float=D))
    assert found is not None
    assert found.status is status
