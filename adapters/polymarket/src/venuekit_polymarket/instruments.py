"""Outcomes as instruments: found when they are asked for, by token, readable name or search, and kept for a while.

The venue lists tens of thousands of markets. None is loaded when connecting; `all` lists those that trade most.
"""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import attrs

from venuekit.adapter import (
    NANOS,
    AmbiguousInstrument,
    Clock,
    Instrument,
    InstrumentStatus,
    Kept,
    Unavailable,
    UnknownInstrument,
)
from venuekit_polymarket.aliases import Name, outcome_named, read_name
from venuekit_polymarket.api import Api
from venuekit_polymarket.capabilities import CLOB
from venuekit_polymarket.catalogue import Catalogue, markets_of
from venuekit_polymarket.market_terms import MarketTerms, exact_terms
from venuekit_wire.calls import segment

_LONGEST = 100
#: Markets kept, at most; those that were told longest ago go first.
_MOST_KEPT = 20_000
#: Candidates that an error names.
_MOST_CANDIDATES = 20
_LIST = "all"
#: Terms that are wanted after this part of their time are read again meanwhile, so that no order waits for it.
_AHEAD = 0.5


@attrs.define
class _Known:
    terms: MarketTerms
    #: Monotonic; when it was told.
    at_ns: int
    pair: tuple[Instrument, Instrument]


class Instruments:
    """What is known of markets, and who to ask for the rest. Nothing that is being asked is asked twice at once."""

    def __init__(self, api: Api, clock: Clock, *, ttl_seconds: float, listed: int) -> None:
        self.catalogue = Catalogue(api)
        self._api = api
        self._clock = clock
        self._ttl_ns = int(ttl_seconds * NANOS)
        self._listed = listed
        self._markets: dict[str, _Known] = {}
        self._tokens: dict[str, str] = {}
        self._slugs: dict[str, str] = {}
        self._lists = Kept[tuple[str, ...]](clock, ttl_seconds)
        self._exact = Kept[str](clock, ttl_seconds, ahead=_AHEAD)

    async def close(self) -> None:
        """End what is being asked, and forget."""
        await asyncio.gather(self._lists.close(), self._exact.close())
        self._markets.clear()
        self._tokens.clear()
        self._slugs.clear()

    # -- asking

    async def all(self) -> Sequence[Instrument]:
        """Both outcomes of the open markets that traded most in the last day, as many as configured; sorted by id."""
        conditions = await self._lists.get(_LIST, self._most_traded)
        known = [self._markets[name] for name in conditions if name in self._markets]
        return sorted((self._shown(i) for market in known for i in market.pair), key=lambda i: i.id)

    async def _most_traded(self) -> tuple[str, ...]:
        found = await self.catalogue.markets(most=self._listed, closed=False, order="volume24hr", ascending=False)
        return tuple(terms.condition_id for terms in found if self.take(terms).status is InstrumentStatus.TRADING)

    async def one(self, name: str) -> Instrument:
        """One instrument by token id, ``slug:OUTCOME`` or ``condition id:OUTCOME``, with the order book's own rules.

        Raises:
            UnknownInstrument: with near matches. AmbiguousInstrument: with the candidates.
        """
        terms, index = await self._resolved(name)
        market = self._markets[terms.condition_id]
        return self._shown(market.pair[index])

    async def terms(self, name: str) -> MarketTerms:
        """The market of an instrument. Raises as `one`."""
        return (await self._resolved(name))[0]

    async def market(self, name: str) -> MarketTerms:
        """A market by slug or condition id, or by one of its outcomes as in `one`.

        Raises:
            UnknownInstrument: with near matches. AmbiguousInstrument: it is an event of several markets.
        """
        read = read_name(name)
        if read.token or read.outcome:
            return await self.terms(name)
        return await self._fresh(await self._found(read, name))

    async def _resolved(self, name: str) -> tuple[MarketTerms, int]:
        read = read_name(name)
        if read.token:
            terms = await self._fresh(await self._by_token(read.token, name))
            return terms, terms.index_of(read.token)
        terms = await self._fresh(await self._found(read, name))
        index = outcome_named(terms.outcomes, read.outcome) if read.outcome else None
        if index is None:
            raise _which(name, [terms])
        return terms, index

    async def _by_token(self, token: str, name: str) -> str:
        condition = self._tokens.get(token)
        if condition is None:
            for terms in await self.catalogue.by_ids("clob_token_ids", [token]):
                self.take(terms)
            condition = self._tokens.get(token)
        if condition is None:
            raise await self._unknown(name)
        return condition

    async def _found(self, read: Name, name: str) -> str:
        """The condition of a market by slug or condition; that of an event which has only one."""
        if read.condition:
            if read.condition not in self._markets:
                for terms in await self.catalogue.by_ids("condition_ids", [read.condition]):
                    self.take(terms)
            if read.condition in self._markets:
                return read.condition
            raise await self._unknown(name)
        if not read.slug:
            raise await self._unknown(name)
        if read.slug not in self._slugs:
            for terms in await self.catalogue.by_ids("slug", [read.slug]):
                self.take(terms)
        if read.slug in self._slugs:
            return self._slugs[read.slug]
        events = await self.catalogue.events(most=1, slug=[read.slug])
        markets = [self.take(terms) for event in events for terms in markets_of(event)]
        if len(markets) > 1:
            raise _which(name, markets)
        if not markets:
            raise await self._unknown(name)
        return markets[0].condition_id

    async def _fresh(self, condition: str) -> MarketTerms:
        """The market with the order book's own rules, as new as configured; an old one while nobody answers."""
        try:
            await self._exact.get(condition, lambda: self._ask_exact(condition))
        except Unavailable:
            if not self._markets[condition].terms.exact:
                raise
        return self._markets[condition].terms

    async def _ask_exact(self, condition: str) -> str:
        known = self._markets[condition]
        before = known.terms
        again = before.exact or self._clock.monotonic_ns() - known.at_ns >= self._ttl_ns
        # Both to their end, whichever fails.
        answers = await asyncio.gather(
            self._rules(condition), self._told_again(condition) if again else _nothing(), return_exceptions=True
        )
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer
        rules, told = answers
        terms = self._markets.get(condition, known).terms
        if terms is not before and terms.exact:
            return condition  # a stream told of it meanwhile, which is newer than what was asked before
        if told is not None:
            terms = self.take(told)
        if rules is None and terms.status is InstrumentStatus.TRADING:
            raise UnknownInstrument(
                f"Polymarket's order book does not know {terms.slug[:_LONGEST]}.", field="instrument"
            )
        self._keep(exact_terms(terms, rules or {}))
        return condition

    async def _rules(self, condition: str) -> Mapping[str, Any] | None:
        """What the order book itself goes by; None when it does not know the market, as one that is over."""
        missing = UnknownInstrument("no rules")
        try:
            rules = await self._api.clob(f"/clob-markets/{segment(condition)}", budget=CLOB, missing=missing)
        except UnknownInstrument as error:
            if error is not missing:
                raise
            return None
        return rules if isinstance(rules, Mapping) else {}

    async def _told_again(self, condition: str) -> MarketTerms | None:
        found = await self.catalogue.by_ids("condition_ids", [condition])
        return next((told for told in found if told.condition_id == condition), None)

    async def _unknown(self, name: str) -> UnknownInstrument:
        aliases = {i.alias: i for known in self._markets.values() for i in known.pair if i.alias}
        near = difflib.get_close_matches(name[:_LONGEST].partition(":")[0].lower(), self._slugs, n=3)
        shown = [a for a in aliases if a.partition(":")[0] in near][:6]
        return UnknownInstrument(
            f"Polymarket has no market with two outcomes by the name {name[:_LONGEST]!r}.",
            fix=f"Did you mean {' or '.join(shown)}?" if shown else "Search for it, and use the id or the alias found.",
            field="instrument",
            details={"near": shown},
        )

    async def search(self, words: str, limit: int) -> Sequence[Instrument]:
        """Both outcomes of open markets that match, best first; a token id or an alias finds itself first."""
        if not words.strip():
            return ()
        found: dict[str, Instrument] = {}
        read = read_name(words)
        if read.token or read.outcome or read.condition:
            try:
                one = await self.one(words)
            except (UnknownInstrument, AmbiguousInstrument):
                one = None
            if one is not None:
                found[one.id] = one
        events = await self.catalogue.search(words[:_LONGEST], most=min(limit, _LONGEST)) if len(found) < limit else ()
        for event in events:
            for terms in markets_of(event):
                if self.take(terms).status is InstrumentStatus.TRADING:
                    found |= {i.id: self._shown(i) for i in self._markets[terms.condition_id].pair}
        return list(found.values())[:limit]

    # -- what streams and orders tell

    def known(self, token: str) -> Instrument | None:
        """One instrument, if it was told of; asks nobody."""
        market = self._markets.get(self._tokens.get(token, ""))
        if market is None:
            return None
        return self._shown(market.pair[market.terms.index_of(token)])

    def known_terms(self, token: str) -> MarketTerms | None:
        """The market of a token, if it was told of; asks nobody."""
        market = self._markets.get(self._tokens.get(token, ""))
        return None if market is None else market.terms

    def changed(self, instrument: Instrument) -> None:
        """A stream told that an instrument's tick size or status is another; its complement's is then, too."""
        market = self._markets.get(self._tokens.get(instrument.id, ""))
        if market is not None:
            terms = attrs.evolve(market.terms, tick_size=instrument.tick_size, status=instrument.status)
            if (paid := instrument.metadata.get("payout")) is not None and terms.payouts is None:
                mine = Decimal(paid)
                both = (mine, 1 - mine) if terms.index_of(instrument.id) == 0 else (1 - mine, mine)
                terms = attrs.evolve(terms, payouts=both)
            self._keep(terms)

    def tick_changed(self, token: str, tick: Decimal) -> Instrument | None:
        """The tick size of a market is another; the instrument as it is now, None when nothing has changed."""
        market = self._markets.get(self._tokens.get(token, ""))
        if market is None or market.terms.tick_size == tick or tick <= 0:
            return None
        self._keep(attrs.evolve(market.terms, tick_size=tick))
        return self.known(token)

    async def refresh(self, tokens: Iterable[str]) -> Sequence[tuple[Instrument, Decimal | None]]:
        """Those instruments as the catalogue has them now, each with what a share paid, once that is known."""
        wanted = list(dict.fromkeys(tokens))
        for terms in await self.catalogue.by_ids("clob_token_ids", wanted):
            self.take(terms)
        found = ((token, self.known(token), self.known_terms(token)) for token in wanted)
        return [(i, terms.payout(token)) for token, i, terms in found if i is not None and terms is not None]

    def forget_rules(self, token: str) -> None:
        """Ask for the order book's rules anew when they are wanted next: it has refused by others."""
        condition = self._tokens.get(token)
        if condition is not None:
            self._exact.drop(condition)

    # -- keeping

    def take(self, told: MarketTerms) -> MarketTerms:
        """Take in a market of the catalogue; the rules that the order book told are better, and stay."""
        known = self._markets.get(told.condition_id)
        if known is not None and known.terms.exact:
            old = known.terms
            told = attrs.evolve(
                told,
                tick_size=old.tick_size,
                min_size=old.min_size,
                neg_risk=old.neg_risk,
                fees=old.fees,
                event_slug=told.event_slug or old.event_slug,
                event_title=told.event_title or old.event_title,
                exact=True,
            )
        return self._keep(told)

    def _keep(self, terms: MarketTerms) -> MarketTerms:
        known = self._markets.pop(terms.condition_id, None)
        if known is not None and known.terms == terms:
            known.at_ns = self._clock.monotonic_ns()
            self._markets[terms.condition_id] = known
            return known.terms
        self._markets[terms.condition_id] = _Known(terms, self._clock.monotonic_ns(), terms.instruments())
        self._tokens |= dict.fromkeys(terms.tokens, terms.condition_id)
        self._slugs[terms.slug.lower()] = terms.condition_id
        if len(self._markets) > _MOST_KEPT:
            self._drop(next(iter(self._markets)))
        return terms

    def _drop(self, condition: str) -> None:
        gone = self._markets.pop(condition).terms
        for token in gone.tokens:
            self._tokens.pop(token, None)
        self._slugs.pop(gone.slug.lower(), None)
        self._exact.drop(condition)

    def _shown(self, instrument: Instrument) -> Instrument:
        status = self._api.conditions.status(instrument.status)
        return instrument if status is instrument.status else attrs.evolve(instrument, status=status)


async def _nothing() -> None:
    return None


def _which(name: str, markets: Sequence[MarketTerms]) -> AmbiguousInstrument:
    candidates: list[Any] = [i.alias for terms in markets for i in terms.instruments()]
    return AmbiguousInstrument(
        f"{name[:_LONGEST]!r} does not say which of {len(candidates)} outcomes is meant.",
        fix=f"Name the outcome, such as {candidates[0]}.",
        field="instrument",
        details={"candidates": candidates[:_MOST_CANDIDATES]},
    )
