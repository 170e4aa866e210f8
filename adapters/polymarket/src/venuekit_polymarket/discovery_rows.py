"""What the venue's own tools take and give: events, markets, prices and holders, with its words marked as its own."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import attrs

from venuekit.adapter import InstrumentStatus, Untrusted
from venuekit_polymarket.market_terms import MarketTerms

#: What a market is about, and by what rules it is resolved: long enough to decide by.
_RULES = 1800


def doc(text: str) -> dict[str, str]:
    """Metadata that describes a field."""
    return {"doc": text}


def outcomes_of(terms: MarketTerms) -> list[OutcomeRow]:
    """Both outcomes of a market."""
    return [
        OutcomeRow(
            instrument=instrument.id,
            alias=instrument.alias or "",
            label=Untrusted(terms.outcomes[index]),
            payout=terms.payout(instrument.id),
        )
        for index, instrument in enumerate(terms.instruments())
    ]


def row_of(terms: MarketTerms) -> MarketRow:
    """A market in a list."""
    return MarketRow(
        slug=terms.slug[:200],
        question=Untrusted(terms.question),
        status=terms.status,
        ends_ns=terms.end_ns,
        best_bid=terms.best_bid,
        best_ask=terms.best_ask,
        volume_24h=terms.volume_24h,
        liquidity=terms.liquidity,
        outcomes=outcomes_of(terms),
    )


@attrs.frozen(kw_only=True)
class OutcomeRow:
    """One side of a market, which is traded as an instrument."""

    instrument: str = attrs.field(metadata=doc("Its instrument id."))
    alias: str = attrs.field(metadata=doc("Its readable name, good wherever an instrument is asked for."))
    label: Untrusted = attrs.field(metadata=doc("What it stands for, in the venue's words."))
    payout: Decimal | None = attrs.field(default=None, metadata=doc("What a share paid, once that is known."))


@attrs.frozen(kw_only=True)
class MarketRow:
    """A market in a list. Prices are the first outcome's."""

    slug: str = attrs.field(metadata=doc("Its name in addresses."))
    question: Untrusted = attrs.field(metadata=doc("What is asked, in the venue's words."))
    status: InstrumentStatus = attrs.field(metadata=doc("Which orders it takes now."))
    ends_ns: int | None = attrs.field(metadata=doc("When it is expected to end."))
    best_bid: Decimal | None = attrs.field(metadata=doc("Best bid of the first outcome, as the catalogue last saw it."))
    best_ask: Decimal | None = attrs.field(metadata=doc("Best ask of the first outcome."))
    volume_24h: Decimal = attrs.field(metadata=doc("Traded in 24 hours, USD."))
    liquidity: Decimal = attrs.field(metadata=doc("What rests in the book, USD, as the venue counts it."))
    outcomes: Sequence[OutcomeRow] = attrs.field(metadata=doc("Both outcomes."))


@attrs.frozen(kw_only=True)
class Markets:
    """Some markets."""

    markets: Sequence[MarketRow] = attrs.field(metadata=doc("In the order asked for."))


@attrs.frozen(kw_only=True)
class EventRow:
    """A question, or several that belong together."""

    slug: str = attrs.field(metadata=doc("Its name; get_event takes it."))
    title: Untrusted = attrs.field(metadata=doc("In the venue's words."))
    ends_ns: int | None = attrs.field(metadata=doc("When it is expected to end."))
    markets: int = attrs.field(metadata=doc("How many markets it has."))
    exclusive: bool = attrs.field(metadata=doc("At most one of its markets can resolve to Yes (negative risk)."))
    volume_24h: Decimal = attrs.field(metadata=doc("Traded in 24 hours, USD."))
    liquidity: Decimal = attrs.field(metadata=doc("What rests in its books, USD."))
    categories: Sequence[Untrusted] = attrs.field(metadata=doc("Its tags."))


@attrs.frozen(kw_only=True)
class Events:
    """Some events."""

    events: Sequence[EventRow] = attrs.field(metadata=doc("In the order asked for."))
    next_cursor: str | None = attrs.field(default=None, metadata=doc("For the next page; absent after the last."))


@attrs.frozen(kw_only=True)
class Event:
    """An event with its markets."""

    event: EventRow = attrs.field(metadata=doc("The event."))
    description: Untrusted = attrs.field(metadata=doc("What it is about, in the venue's words."))
    markets: Sequence[MarketRow] = attrs.field(metadata=doc("Open ones first, then by volume."))
    left_out: int = attrs.field(metadata=doc("Markets that are not in the list."))


@attrs.frozen(kw_only=True)
class Details:
    """Everything about a market that a trader should know."""

    market: MarketRow = attrs.field(metadata=doc("The market."))
    condition_id: str = attrs.field(metadata=doc("Its id on chain."))
    rules: Untrusted = attrs.field(metadata=doc("How it is resolved, in the venue's words."))
    event: str = attrs.field(metadata=doc("Slug of its event."))
    tick_size: Decimal = attrs.field(metadata=doc("Step of prices now."))
    min_size: Decimal = attrs.field(metadata=doc("Least size of an order that rests, in shares."))
    neg_risk: bool = attrs.field(metadata=doc("Whether it is one of several of which at most one resolves to Yes."))
    placeholder: bool = attrs.field(
        metadata=doc("It stands for outcomes that have no name yet, so that what it means may change.")
    )
    fee_rate: Decimal | None = attrs.field(metadata=doc("Fee: shares x rate x (price x (1 - price)) ^ exponent."))
    fee_exponent: Decimal | None = attrs.field(metadata=doc("The exponent."))
    makers_pay: bool | None = attrs.field(metadata=doc("Whether makers pay it, too."))
    delay_seconds: int = attrs.field(metadata=doc("How long an order that would trade waits first, as in sports."))
    volume: Decimal = attrs.field(metadata=doc("Traded since it began, USD."))
    open_interest: Decimal | None = attrs.field(metadata=doc("What is at stake, USD."))


def details_of(terms: MarketTerms, interest: Decimal | None) -> Details:
    """All of a market."""
    fees = terms.fees
    return Details(
        market=row_of(terms),
        condition_id=terms.condition_id,
        rules=Untrusted(terms.description, _RULES),
        event=terms.event_slug[:200],
        tick_size=terms.tick_size,
        min_size=terms.min_size,
        neg_risk=terms.neg_risk,
        placeholder=terms.placeholder,
        fee_rate=None if fees is None else fees.rate,
        fee_exponent=None if fees is None else fees.exponent,
        makers_pay=None if fees is None else not fees.taker_only,
        delay_seconds=terms.delay_seconds,
        volume=terms.volume,
        open_interest=interest,
    )


@attrs.frozen(kw_only=True)
class CategoryRow:
    """A tag by which events are found."""

    slug: str = attrs.field(metadata=doc("What list_events and list_markets take as category."))
    label: Untrusted = attrs.field(metadata=doc("In the venue's words."))


@attrs.frozen(kw_only=True)
class Categories:
    """Some tags."""

    categories: Sequence[CategoryRow] = attrs.field(metadata=doc("In the venue's order."))


@attrs.frozen(kw_only=True)
class PriceRow:
    """What an outcome costs now."""

    instrument: str = attrs.field(metadata=doc("Instrument id."))
    alias: str = attrs.field(metadata=doc("Its readable name."))
    bid: Decimal | None = attrs.field(metadata=doc("Best bid, if any."))
    ask: Decimal | None = attrs.field(metadata=doc("Best ask, if any."))
    midpoint: Decimal | None = attrs.field(metadata=doc("Between them; about the market's probability."))
    spread: Decimal | None = attrs.field(metadata=doc("Ask less bid."))
    last: Decimal | None = attrs.field(metadata=doc("The last trade's price; of a market that is over, what it paid."))


@attrs.frozen(kw_only=True)
class Prices:
    """Prices of some outcomes."""

    prices: Sequence[PriceRow] = attrs.field(metadata=doc("In the order asked for."))


@attrs.frozen(kw_only=True)
class HolderRow:
    """Somebody who holds shares."""

    wallet: str = attrs.field(metadata=doc("Address."))
    instrument: str = attrs.field(metadata=doc("Which outcome."))
    shares: Decimal = attrs.field(metadata=doc("How many."))
    name: Untrusted | None = attrs.field(metadata=doc("What they call themselves."))


@attrs.frozen(kw_only=True)
class Holders:
    """The largest holders of each outcome."""

    holders: Sequence[HolderRow] = attrs.field(metadata=doc("Largest first."))
