"""Gamma, the venue's catalogue: markets, events and tags by pages, and its search."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from venuekit_polymarket.capabilities import EVENTS, GAMMA, MARKETS, SEARCH
from venuekit_polymarket.market_terms import MarketTerms, terms_from_gamma
from venuekit_polymarket.reading import objects, rows, table, text

if TYPE_CHECKING:  # aiohttp behind it is large
    from venuekit_polymarket.api import Api

#: Of one page, at most (the venue's documents, 2026-06).
MARKETS_A_PAGE, EVENTS_A_PAGE, TAGS_A_PAGE = 100, 100, 100
#: Ids in one question: each is 78 digits long, and the address of a request must not be endless.
_IDS_A_QUESTION = 40
#: Events of one page of a search.
_FOUND_A_PAGE = 50


class Catalogue:
    """Asks Gamma. Everything that it says in words is the venue's text."""

    def __init__(self, api: Api) -> None:
        self._api = api

    # -- markets

    async def markets(self, *, most: int, **query: Any) -> list[MarketTerms]:
        """Markets that a query finds, in the venue's order; `most` rows are looked at."""
        found: list[MarketTerms] = []
        async for page in self._pages("/markets/keyset", "markets", MARKETS, MARKETS_A_PAGE, most, query):
            found += [terms for row in page if (terms := terms_from_gamma(row)) is not None]
        return found

    async def by_ids(self, name: str, ids: Sequence[str]) -> list[MarketTerms]:
        """Markets by ``clob_token_ids``, ``condition_ids`` or ``slug``, open and closed ones."""
        found: dict[str, MarketTerms] = {}
        for start in range(0, len(ids), _IDS_A_QUESTION):
            asked = set(ids[start : start + _IDS_A_QUESTION])
            # Whether closed ones are among the answers to a question that does not say is not documented.
            for closed in (None, True):
                if not asked:
                    break
                for terms in await self.markets(most=2 * len(asked), closed=closed, **{name: sorted(asked)}):
                    found[terms.condition_id] = terms
                    asked -= {*terms.tokens, terms.condition_id, terms.slug}
        return list(found.values())

    # -- events

    async def events(self, *, most: int, **query: Any) -> list[Mapping[str, Any]]:
        """Events that a query finds, in the venue's order, each with its markets."""
        found: list[Mapping[str, Any]] = []
        async for page in self._pages("/events/keyset", "events", EVENTS, EVENTS_A_PAGE, most, query):
            found += page
        return found

    async def event_page(
        self, *, limit: int, cursor: str | None, **query: Any
    ) -> tuple[list[Mapping[str, Any]], str | None]:
        """One page of events, and the cursor of the next."""
        return await self._page("/events/keyset", "events", EVENTS, limit, cursor, query)

    async def search(self, words: str, *, most: int) -> list[Mapping[str, Any]]:
        """Open events that match, best first, each with its markets; two pages are looked at."""
        found: list[Mapping[str, Any]] = []
        for page in (1, 2):
            body = await self._api.gamma(
                "/public-search",
                budget=SEARCH,
                q=words,
                page=page,
                limit_per_type=min(most, _FOUND_A_PAGE),
                events_status="active",
                keep_closed_markets=0,
                search_tags=False,
                search_profiles=False,
            )
            found += rows(body, "events")
            if len(found) >= most or table(body, "pagination").get("hasMore") is not True:
                break
        return found[:most]

    async def tags(self, *, limit: int, offset: int) -> Sequence[Mapping[str, Any]]:
        """Tags, which are categories and subjects."""
        body = await self._api.gamma("/tags", budget=GAMMA, limit=limit, offset=offset)
        return objects(body) or rows(body, "tags")

    # -- pages

    async def _pages(
        self, path: str, name: str, budget: str, size: int, most: int, query: Mapping[str, Any]
    ) -> AsyncIterator[list[Mapping[str, Any]]]:
        cursor: str | None = None
        while most > 0:
            page, cursor = await self._page(path, name, budget, min(size, most), cursor, query)
            yield page
            most -= len(page)
            if cursor is None:
                return

    async def _page(
        self, path: str, name: str, budget: str, limit: int, cursor: str | None, query: Mapping[str, Any]
    ) -> tuple[list[Mapping[str, Any]], str | None]:
        body = await self._api.gamma(path, budget=budget, limit=limit, after_cursor=cursor, **query)
        page = list(rows(body, name)) or list(objects(body))
        following = text(body, "next_cursor") if isinstance(body, Mapping) else ""
        return page, following if page and following and following != cursor else None


def markets_of(event: Mapping[str, Any]) -> list[MarketTerms]:
    """The markets of an event that are traded or were."""
    return [terms for row in rows(event, "markets") if (terms := terms_from_gamma(row, event)) is not None]
