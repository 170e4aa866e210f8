"""The venue's own tools for finding what to trade: events, markets, categories, prices, holders. All only read."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from venuekit.adapter import (
    NANOS,
    Extra,
    InstrumentStatus,
    InvalidValue,
    UnknownInstrument,
    Untrusted,
    VenuekitError,
    iso,
    minus,
)
from venuekit_polymarket.capabilities import DATA, GAMMA
from venuekit_polymarket.catalogue import markets_of
from venuekit_polymarket.discovery_asked import (
    MOST,
    MOST_PRICES,
    HoldersOf,
    ListCategories,
    ListEvents,
    ListMarkets,
    OneEvent,
    OneMarket,
    Order,
    PricesOf,
)
from venuekit_polymarket.discovery_rows import (
    Categories,
    CategoryRow,
    Details,
    Event,
    EventRow,
    Events,
    HolderRow,
    Holders,
    Markets,
    PriceRow,
    Prices,
    details_of,
    row_of,
)
from venuekit_polymarket.reading import amount, flag, number, rows, text, time_ns
from venuekit_wire.calls import segment

if TYPE_CHECKING:  # aiohttp behind it is large
    from venuekit_polymarket.adapter import PolymarketVenue

#: Markets of one event that are told, and how much of what it says of itself.
_MOST_OF_EVENT, _ABOUT = 30, 900


#: Order → the catalogue's word for it, and whether it ascends.
_ORDERS = {
    Order.TRENDING: ("volume24hr", False),
    Order.CLOSING_SOON: ("endDate", True),
    Order.NEWEST: ("startDate", False),
    Order.LIQUID: ("liquidity", False),
}


def _within(limit: int, most: int, field: str = "limit", least: int = 1) -> int:
    if not least <= limit <= most:
        raise InvalidValue(
            f"{field} must be {least} to {most}.", field=field, details={"accepted": f"{least} to {most}"}
        )
    return limit


async def _events(venue: PolymarketVenue, asked: ListEvents) -> Events:
    limit = _within(asked.limit, MOST)
    catalogue = venue.listings.catalogue
    if asked.text.strip():
        found = await catalogue.search(asked.text[:100], most=limit)
        return Events(events=[_event_row(event) for event in found])
    order, ascending = _ORDERS[asked.order]
    page, cursor = await catalogue.event_page(
        limit=limit,
        cursor=asked.cursor,
        closed=False,
        order=order,
        ascending=ascending,
        tag_slug=asked.category or None,
        end_date_min=_from_now(venue, 0) if asked.order is Order.CLOSING_SOON else None,
    )
    return Events(events=[_event_row(event) for event in page], next_cursor=cursor)


def _from_now(venue: PolymarketVenue, hours: int) -> str:
    return iso((venue.clock.now_ns() // NANOS + hours * 3600) * NANOS)


def _event_row(event: Mapping[str, Any]) -> EventRow:
    return EventRow(
        slug=text(event, "slug")[:200],
        title=Untrusted(text(event, "title")),
        ends_ns=time_ns(event, "endDate"),
        markets=len(rows(event, "markets")),
        exclusive=flag(event, "negRisk"),
        volume_24h=number(event, "volume24hr"),
        liquidity=number(event, "liquidity"),
        categories=[Untrusted(text(tag, "label"), 60) for tag in rows(event, "tags")[:6]],
    )


async def _event(venue: PolymarketVenue, asked: OneEvent) -> Event:
    found = await venue.listings.catalogue.events(most=1, slug=[asked.event.strip().lower()[:200]])
    if not found:
        raise UnknownInstrument(
            f"Polymarket has no event {asked.event[:100]!r}.", fix="List events, or search for it.", field="event"
        )
    markets = [venue.listings.take(terms) for terms in markets_of(found[0])]
    markets.sort(key=lambda terms: (terms.status is not InstrumentStatus.TRADING, -terms.volume_24h, terms.slug))
    return Event(
        event=_event_row(found[0]),
        description=Untrusted(text(found[0], "description"), _ABOUT),
        markets=[row_of(terms) for terms in markets[:_MOST_OF_EVENT]],
        left_out=max(0, len(rows(found[0], "markets")) - _MOST_OF_EVENT),
    )


async def _markets(venue: PolymarketVenue, asked: ListMarkets) -> Markets:
    limit = _within(asked.limit, MOST)
    hours = asked.closing_within_hours
    if hours is not None:
        _within(hours, 24 * 366, "closing_within_hours")
    order, ascending = _ORDERS[asked.order]
    soon = asked.order is Order.CLOSING_SOON or hours is not None
    found = await venue.listings.catalogue.markets(
        most=limit,
        closed=False,
        order=order,
        ascending=ascending,
        tag_id=await _tag(venue, asked.category) if asked.category else None,
        end_date_min=_from_now(venue, 0) if soon else None,
        end_date_max=None if hours is None else _from_now(venue, hours),
    )
    return Markets(markets=[row_of(venue.listings.take(terms)) for terms in found])


async def _tag(venue: PolymarketVenue, slug: str) -> str:
    missing: VenuekitError = InvalidValue(
        f"Polymarket has no category {slug[:60]!r}.", fix="Use a slug of list_categories.", field="category"
    )
    body = await venue.api.gamma(f"/tags/slug/{segment(slug.strip().lower()[:100])}", budget=GAMMA, missing=missing)
    found = text(body, "id") if isinstance(body, Mapping) else ""
    if not found:
        raise missing
    return found


async def _details(venue: PolymarketVenue, asked: OneMarket) -> Details:
    terms = await venue.listings.market(asked.market)
    body = await venue.api.data("/v2/oi", budget=DATA, condition_id=terms.condition_id)
    interest = next((amount(row, "value") for row in rows(body, "data")), None)
    return details_of(terms, interest)


async def _categories(venue: PolymarketVenue, asked: ListCategories) -> Categories:
    _within(asked.offset, 100_000, "offset", least=0)
    found = await venue.listings.catalogue.tags(limit=_within(asked.limit, 100), offset=asked.offset)
    return Categories(
        categories=[
            CategoryRow(slug=text(tag, "slug")[:100], label=Untrusted(text(tag, "label"), 100))
            for tag in found[: asked.limit]
        ]
    )


async def _holders(venue: PolymarketVenue, asked: HoldersOf) -> Holders:
    terms = await venue.listings.market(asked.market)
    limit = _within(asked.limit, MOST)
    body = await venue.api.data("/v2/holders", budget=DATA, condition_id=terms.condition_id, limit=limit)
    found = [row for group in rows(body, "data") for row in rows(group, "holders")]
    told = [
        HolderRow(
            wallet=text(row, "proxy_wallet")[:44],
            instrument=text(row, "token_id"),
            shares=number(row, "amount"),
            name=Untrusted(name, 60) if (name := text(row, "name") or text(row, "pseudonym")) else None,
        )
        for row in found
        if text(row, "token_id") in terms.tokens
    ]
    return Holders(holders=sorted(told, key=lambda row: -row.shares)[: 2 * limit])


async def _prices(venue: PolymarketVenue, asked: PricesOf) -> Prices:
    if not 1 <= len(asked.instruments) <= MOST_PRICES:
        raise InvalidValue(f"Name 1 to {MOST_PRICES} instruments.", field="instruments")
    found = []
    for ticker in await venue.tickers(asked.instruments):
        known = venue.listings.known(ticker.instrument)
        spread: Decimal | None = None
        if ticker.bid is not None and ticker.ask is not None:
            spread = minus(ticker.ask, ticker.bid)
        found.append(
            PriceRow(
                instrument=ticker.instrument,
                alias=(known.alias if known is not None else None) or "",
                bid=ticker.bid,
                ask=ticker.ask,
                midpoint=ticker.mid,
                spread=spread,
                last=ticker.last,
            )
        )
    return Prices(prices=found)


def _extra(name: str, title: str, description: str, arguments: type[Any], result: type[Any], call: Any) -> Extra:
    return Extra(
        name=name,
        toolset="discovery",
        title=title,
        description=description,
        arguments=arguments,
        result=result,
        call=call,
    )


EXTRAS = (
    _extra(
        "list_events",
        "Events",
        "Open events by what trades most, closes soon or is new, of a category or by words.",
        ListEvents,
        Events,
        _events,
    ),
    _extra("get_event", "Event", "An event with its markets and their outcomes.", OneEvent, Event, _event),
    _extra(
        "list_markets",
        "Markets",
        "Open markets: trending, closing soon, new or liquid ones, of a category.",
        ListMarkets,
        Markets,
        _markets,
    ),
    _extra(
        "get_market_details",
        "Market",
        "How a market is resolved, its rules, fees, volume and open interest.",
        OneMarket,
        Details,
        _details,
    ),
    _extra(
        "list_categories",
        "Categories",
        "Tags by which events and markets are found.",
        ListCategories,
        Categories,
        _categories,
    ),
    _extra(
        "get_prices",
        "Prices",
        "Best prices, midpoints and spreads of many outcomes at once.",
        PricesOf,
        Prices,
        _prices,
    ),
    _extra(
        "get_market_holders",
        "Holders",
        "Who holds most of each outcome of a market.",
        HoldersOf,
        Holders,
        _holders,
    ),
)
