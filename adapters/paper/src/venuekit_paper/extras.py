"""The paper exchange's own tools: moving the simulated market, and shares of two-outcome markets."""

from __future__ import annotations

from decimal import Decimal

import attrs

from venuekit.adapter import (
    CALLS,
    EndpointClass,
    Explained,
    Extra,
    InstrumentStatus,
    InvalidValue,
    checked_amount,
    plain,
    positive_amount,
)
from venuekit_paper.adapter import PaperVenue

#: The market makes some two thousand moves a second, and a caller waits for them.
LONGEST_ADVANCE_SECONDS = 3_600


def _doc(text: str) -> dict[str, str]:
    return {"doc": text}


@attrs.frozen(kw_only=True)
class AdvanceMarket:
    """How far."""

    seconds: int = attrs.field(metadata=_doc("Simulated seconds, 1 to 3600."))


@attrs.frozen(kw_only=True)
class Advanced:
    """Where the market is now."""

    moves: int = attrs.field(metadata=_doc("Steps that the market made."))
    journal_hash: str = attrs.field(metadata=_doc("Digest of everything that happened so far."))


@attrs.frozen(kw_only=True)
class SetStatus:
    """Which market, and what it shall be."""

    instrument: str = attrs.field(metadata=_doc("Instrument id."))
    status: InstrumentStatus = attrs.field(metadata=_doc("The new status."))


@attrs.frozen(kw_only=True)
class Outcome:
    """Which outcome, and how many shares."""

    instrument: str = attrs.field(metadata=_doc("Either outcome's instrument id."))
    size: Decimal = attrs.field(metadata=_doc("Pairs of shares; each costs or returns one unit of quote."))


@attrs.frozen(kw_only=True)
class Resolve:
    """How a two-outcome market ends."""

    instrument: str = attrs.field(metadata=_doc("The outcome's instrument id."))
    payout: Decimal = attrs.field(metadata=_doc("What one share pays, 0 to 1; its complement pays the rest."))


@attrs.frozen(kw_only=True)
class RefuseCalls:
    """Which calls are refused, how many of them, and what they are told."""

    endpoint: str = attrs.field(metadata=_doc("public, private, orders, cancels, or a call such as candles."))
    calls: int = attrs.field(metadata=_doc("How many, 0 to 1000; 0 ends it."))
    retry_after_ms: int = attrs.field(metadata=_doc("After how many milliseconds to come again, 0 to 3600000."))


@attrs.frozen(kw_only=True)
class Done:
    """What was done."""

    message: str = attrs.field(metadata=_doc("What was done."))


async def _advance(venue: PaperVenue, arguments: AdvanceMarket) -> Advanced:
    if not 1 <= arguments.seconds <= LONGEST_ADVANCE_SECONDS:
        raise InvalidValue(f"seconds must be from 1 to {LONGEST_ADVANCE_SECONDS}.", field="seconds")
    return Advanced(moves=await venue.advance(arguments.seconds), journal_hash=venue.journal_hash)


async def _set_status(venue: PaperVenue, arguments: SetStatus) -> Done:
    await venue.set_status(arguments.instrument, arguments.status)
    return Done(message=f"{arguments.instrument} is {arguments.status.value}")


async def _refuse(venue: PaperVenue, arguments: RefuseCalls) -> Done:
    known = (*EndpointClass, *CALLS)
    if arguments.endpoint not in known:
        raise InvalidValue(f"endpoint must be one of {', '.join(known)}.", field="endpoint")
    for field, most in (("calls", 1_000), ("retry_after_ms", 3_600_000)):
        if not 0 <= getattr(arguments, field) <= most:
            raise InvalidValue(f"{field} must be from 0 to {most}.", field=field)
    venue.limits.refuse(arguments.endpoint, arguments.calls, arguments.retry_after_ms / 1000)
    return Done(message=f"the next {arguments.calls} {arguments.endpoint} calls are refused")


async def _explained(venue: PaperVenue, arguments: Outcome, what: str, *, reduces: bool) -> Explained:
    """A pair costs or returns one unit of quote, and is worth that."""
    size = positive_amount(arguments.size, field="size")
    instrument = await venue.instrument(arguments.instrument)
    return Explained(
        sentence=what.format(size=plain(size), name=instrument.alias or instrument.id, money=instrument.quote),
        worth=size,
        currency=instrument.quote,
        instruments=(instrument.id,),
        reduces=reduces,
    )


async def _explain_mint(venue: PaperVenue, arguments: Outcome) -> Explained:
    return await _explained(
        venue, arguments, "Mint {size} pairs of outcome shares of {name} for {size} {money}", reduces=False
    )


async def _explain_merge(venue: PaperVenue, arguments: Outcome) -> Explained:
    return await _explained(
        venue, arguments, "Merge {size} pairs of outcome shares of {name} into {size} {money}", reduces=True
    )


async def _mint(venue: PaperVenue, arguments: Outcome) -> Done:
    await venue.mint(arguments.instrument, positive_amount(arguments.size, field="size"))
    return Done(message=f"{plain(arguments.size)} pairs minted")


async def _merge(venue: PaperVenue, arguments: Outcome) -> Done:
    await venue.merge(arguments.instrument, positive_amount(arguments.size, field="size"))
    return Done(message=f"{plain(arguments.size)} pairs merged")


async def _resolve(venue: PaperVenue, arguments: Resolve) -> Done:
    await venue.resolve(arguments.instrument, checked_amount(arguments.payout, field="payout"))
    return Done(message=f"{arguments.instrument} pays {plain(arguments.payout)}")


EXTRAS = (
    Extra(
        name="advance_market",
        toolset="simulation",
        title="Advance the market",
        description="Let simulated time pass, so that the market moves and orders fill.",
        arguments=AdvanceMarket,
        result=Advanced,
        call=_advance,
        mutates=True,
        simulates=True,
    ),
    Extra(
        name="set_instrument_status",
        toolset="simulation",
        title="Open or halt a market",
        description="Change a simulated market's status, to see how your program copes.",
        arguments=SetStatus,
        result=Done,
        call=_set_status,
        mutates=True,
        simulates=True,
    ),
    Extra(
        name="refuse_calls",
        toolset="simulation",
        title="Refuse calls",
        description="Let the exchange say 429 to its next calls of a kind, to see how your program copes.",
        arguments=RefuseCalls,
        result=Done,
        call=_refuse,
        mutates=True,
        simulates=True,
    ),
    Extra(
        name="resolve_market",
        toolset="simulation",
        title="Resolve a market",
        description="End a two-outcome market: shares pay out, orders are canceled.",
        arguments=Resolve,
        result=Done,
        call=_resolve,
        mutates=True,
        simulates=True,
    ),
    Extra(
        name="mint_outcomes",
        toolset="outcomes",
        title="Mint outcome shares",
        description="Turn quote currency into one share of each outcome.",
        arguments=Outcome,
        result=Done,
        call=_mint,
        mutates=True,
        explain=_explain_mint,
    ),
    Extra(
        name="merge_outcomes",
        toolset="outcomes",
        title="Merge outcome shares",
        description="Turn one share of each outcome back into quote currency.",
        arguments=Outcome,
        result=Done,
        call=_merge,
        mutates=True,
        explain=_explain_merge,
    ),
)
