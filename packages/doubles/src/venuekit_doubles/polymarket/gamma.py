"""Gamma: events, markets and tags, as people search and browse them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from aiohttp import web
from eth_utils.crypto import keccak

from venuekit_doubles.polymarket.clob import Clob
from venuekit_doubles.polymarket.contracts import is_position
from venuekit_doubles.polymarket.listings import PRICE_ONE, Event, Listed
from venuekit_doubles.polymarket.refusals import Refusal, bad
from venuekit_doubles.polymarket.wire import GAMMA, Route, cursor, listed, needed, whole

_MOST_MARKETS, _MOST_EVENTS = 100, 500
_START = "2025-06-01T00:00:00Z"
#: Words of the query → fields of a market to sort by.
_NUMBERS = ("volumeNum", "volume24hr", "liquidityNum", "volume", "liquidity")


def number_of(*words: str) -> str:
    """The number that Gamma has for an event or a tag."""
    return str(1_000 + int.from_bytes(keccak(" ".join(words).encode())[:2], "big"))


class Gamma:
    """What is listed."""

    def __init__(self, clob: Clob) -> None:
        self._clob = clob

    def routes(self) -> list[Route]:
        """Every endpoint."""
        get = [
            ("/markets/keyset", self._markets, "gamma_markets_keyset"),
            ("/markets", self._plain_markets, "gamma_markets"),
            ("/markets/slug/{slug}", self._market, "gamma_market"),
            ("/markets/{id}", self._market, "gamma_market"),
            ("/markets/{id}/tags", self._market_tags, "gamma_market_tags"),
            ("/events/keyset", self._events, "gamma_events_keyset"),
            ("/events", self._plain_events, "gamma_events"),
            ("/events/slug/{slug}", self._event, "gamma_event"),
            ("/events/{id}", self._event, "gamma_event"),
            ("/events/{id}/tags", self._event_tags, "gamma_event_tags"),
            ("/tags", self._tags, "gamma_tags"),
            ("/tags/slug/{slug}", self._tag, "gamma_tag"),
            ("/tags/{id}", self._tag, "gamma_tag"),
            ("/public-search", self._search, "gamma_search"),
            ("/series", self._nothing, "gamma_series"),
            ("/sports", self._nothing, "gamma_sports"),
        ]
        return [Route("GET", GAMMA + path, handler, name) for path, handler, name in get]

    # -- what there is

    def _all_events(self) -> list[Event]:
        return list(dict.fromkeys(m.listing.event for m in self._clob.markets.values()))

    def market(self, market: Listed) -> dict[str, Any]:
        """A market as Gamma tells it: lists are text with JSON in it."""
        listing = market.listing
        bid, ask = self._clob.books.best(market, 0)
        middle = (bid + (ask or PRICE_ONE)) / 2 / PRICE_ONE
        prices = [middle, round(1 - middle, 6)] if market.payouts is None else [float(p) for p in market.payouts]
        last, _, _ = self._clob.books.last(market)
        volume = self._clob.books.volume(market) / 1e6
        liquidity = sum(p * n for p, n in self._clob.books.levels(market, 0)[0]) / PRICE_ONE / 1e6
        tokens = list(market.tokens)
        fees = {
            "exponent": listing.fee_exponent,
            "rate": float(listing.fee_rate),
            "takerOnly": True,
            "rebateRate": 0.25,
        }
        return {
            "id": listing.market_id,
            "version": "v2" if is_position(tokens[0]) else "v1",
            "question": listing.question,
            "conditionId": market.condition_id,
            "questionID": listing.question_id,
            "slug": market.slug,
            "groupItemTitle": listing.group_title,
            "description": listing.event.description,
            "startDate": _START,
            "endDate": listing.end_date,
            "outcomes": json.dumps(list(listing.outcomes)),
            "outcomePrices": json.dumps([f"{price:g}" for price in prices]),
            "clobTokenIds": json.dumps(tokens),
            "positionIds": json.dumps(tokens if is_position(tokens[0]) else []),
            "active": True,
            "closed": market.closed,
            "archived": False,
            "restricted": False,
            "acceptingOrders": not market.closed,
            "enableOrderBook": True,
            "negRisk": market.neg_risk,
            "orderMinSize": float(listing.min_size),
            "orderPriceMinTickSize": float(market.tick),
            "secondsDelay": market.delay_seconds,
            "bestBid": bid / PRICE_ONE,
            "bestAsk": (ask or PRICE_ONE) / PRICE_ONE,
            "spread": ((ask or PRICE_ONE) - bid) / PRICE_ONE,
            "lastTradePrice": last / PRICE_ONE,
            "volume": str(volume),
            "volumeNum": volume,
            "volume24hr": volume,
            "volumeClob": volume,
            "liquidity": str(liquidity),
            "liquidityNum": liquidity,
            "feesEnabled": bool(listing.fee_rate),
            "feeSchedule": fees,
            "umaResolutionStatus": "resolved" if market.closed else "",
            "gameStartTime": listing.game_start,
            "sportsMarketType": "moneyline" if listing.game_start else None,
            "events": [{"id": number_of("event", listing.event.slug), **self._named(listing.event)}],
            "tags": self._tags_of(listing.event),
        }

    @staticmethod
    def _named(event: Event) -> dict[str, str]:
        return {"ticker": event.slug, "slug": event.slug, "title": event.title, "description": event.description}

    @staticmethod
    def _tags_of(event: Event) -> list[dict[str, str]]:
        return [{"id": number_of("tag", slug), "slug": slug, "label": label} for slug, label in event.tags]

    def named(self, market: Listed) -> dict[str, str]:
        """A market's event, in short."""
        return {"id": number_of("event", market.listing.event.slug), **self._named(market.listing.event)}

    def _event_told(self, event: Event) -> dict[str, Any]:
        markets = [self.market(m) for m in self._clob.markets.values() if m.listing.event == event]
        return {
            "id": number_of("event", event.slug),
            **self._named(event),
            "startDate": _START,
            "endDate": max(m["endDate"] for m in markets),
            "active": True,
            "closed": all(m["closed"] for m in markets),
            "archived": False,
            "featured": False,
            "restricted": False,
            "enableOrderBook": True,
            "negRisk": event.neg_risk,
            "enableNegRisk": event.neg_risk,
            "volume": sum(m["volumeNum"] for m in markets),
            "volume24hr": sum(m["volume24hr"] for m in markets),
            "liquidity": sum(m["liquidityNum"] for m in markets),
            "openInterest": 0,
            "tags": self._tags_of(event),
            "markets": markets,
        }

    # -- lists

    def _found_markets(self, request: web.Request) -> list[dict[str, Any]]:
        """The markets that a query asks for; open ones when it does not say."""
        found = [self.market(m) for m in self._clob.markets.values()]
        named = ("slug", "id", "condition_ids", "clob_token_ids", "position_ids", "question_ids")
        closed = request.query.get("closed")
        if closed is not None or not any(name in request.query for name in named):
            found = [m for m in found if m["closed"] is (closed == "true")]
        asked: dict[str, Callable[[dict[str, Any]], Sequence[str]]] = {
            "slug": lambda m: [m["slug"]],
            "id": lambda m: [m["id"]],
            "condition_ids": lambda m: [m["conditionId"]],
            "clob_token_ids": lambda m: json.loads(m["clobTokenIds"]),
            "position_ids": lambda m: json.loads(m["positionIds"]),
            "question_ids": lambda m: [m["questionID"]],
            "tag_id": lambda m: [tag["id"] for tag in m["tags"]],
        }
        for name, values in asked.items():
            if wanted := set(listed(request, name)):
                found = [m for m in found if wanted.intersection(values(m))]
        return _sorted(request, found)

    def _found_events(self, request: web.Request) -> list[dict[str, Any]]:
        found = [self._event_told(event) for event in self._all_events()]
        closed = request.query.get("closed")
        if closed is not None:
            found = [e for e in found if e["closed"] is (closed == "true")]
        for name in ("slug", "id"):
            if wanted := listed(request, name):
                found = [e for e in found if e[name] in wanted]
        for name, field in (("tag_slug", "slug"), ("tag_id", "id")):
            if wanted := listed(request, name):
                found = [e for e in found if any(tag[field] in wanted for tag in e["tags"])]
        text = request.query.get("title_search", "").lower()
        return _sorted(request, [e for e in found if text in e["title"].lower()])

    async def _markets(self, request: web.Request) -> Any:
        return _keyset(request, "markets", self._found_markets(request), _MOST_MARKETS)

    async def _plain_markets(self, request: web.Request) -> Any:
        return _offset(request, self._found_markets(request), _MOST_MARKETS)

    async def _events(self, request: web.Request) -> Any:
        return _keyset(request, "events", self._found_events(request), _MOST_EVENTS)

    async def _plain_events(self, request: web.Request) -> Any:
        return _offset(request, self._found_events(request), _MOST_EVENTS)

    async def _search(self, request: web.Request) -> Any:
        text = needed(request, "q").lower()
        events = [self._event_told(event) for event in self._all_events()]
        found = [
            e for e in events if any(text in w.lower() for w in (e["title"], *(m["question"] for m in e["markets"])))
        ]
        status = request.query.get("events_status")
        if status:
            found = [e for e in found if e["closed"] is (status != "active")]
        limit, page = whole(request, "limit_per_type", 20, 100), whole(request, "page", 1, 1000)
        tags = [tag for tag in await self._tags(request) if text in tag["label"].lower()]
        return {
            "events": found[limit * (page - 1) : limit * page],
            "tags": tags,
            "profiles": [],
            "pagination": {"hasMore": len(found) > limit * page, "totalResults": len(found)},
        }

    # -- one

    def _one(self, request: web.Request, found: Sequence[dict[str, Any]]) -> dict[str, Any]:
        key, value = next(iter(request.match_info.items()))
        for entry in found:
            if str(entry[key]) == value:
                return entry
        raise Refusal(404, "not found", {"type": "not found error", "error": "id not found"})

    async def _market(self, request: web.Request) -> Any:
        return self._one(request, [self.market(m) for m in self._clob.markets.values()])

    async def _market_tags(self, request: web.Request) -> Any:
        return (await self._market(request))["tags"]

    async def _event(self, request: web.Request) -> Any:
        return self._one(request, [self._event_told(event) for event in self._all_events()])

    async def _event_tags(self, request: web.Request) -> Any:
        return (await self._event(request))["tags"]

    async def _tags(self, _: web.Request) -> Any:
        tags = {tag["id"]: tag for event in self._all_events() for tag in self._tags_of(event)}
        return list(tags.values())

    async def _tag(self, request: web.Request) -> Any:
        return self._one(request, await self._tags(request))

    async def _nothing(self, _: web.Request) -> Any:
        return []


def _sorted(request: web.Request, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    order = request.query.get("order", "")
    words = order.split(",")[0].replace("_num", "Num").replace("_24hr", "24hr")
    if words in _NUMBERS or words == "endDate":
        newest_first = request.query.get("ascending") != "true"
        key = (lambda e: e[words]) if words == "endDate" else (lambda e: float(e.get(words) or 0))
        return sorted(found, key=key, reverse=newest_first)
    return found


def _keyset(request: web.Request, name: str, found: list[dict[str, Any]], most: int) -> dict[str, Any]:
    """A page after a cursor; the one that ends the list has none."""
    if "offset" in request.query:
        raise Refusal(422, "offset is not supported by this endpoint; use after_cursor")
    limit = whole(request, "limit", 20, most)
    after = request.query.get("after_cursor", "")
    places = {cursor(n): n for n in range(len(found))}
    if after and after not in places:
        raise bad("invalid after_cursor")
    start = places.get(after, 0)
    answer: dict[str, Any] = {name: found[start : start + limit]}
    if start + limit < len(found):
        answer["next_cursor"] = cursor(start + limit)
    return answer


def _offset(request: web.Request, found: list[dict[str, Any]], most: int) -> list[dict[str, Any]]:
    limit, offset = whole(request, "limit", 20, 10**6), whole(request, "offset", 0, 10**6)
    return found[offset : offset + min(limit, most)]
