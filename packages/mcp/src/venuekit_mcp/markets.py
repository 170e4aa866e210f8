"""A market by the names that people and other servers have for it, as the instruments that are traded in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from venuekit.errors import AmbiguousInstrument, UnknownInstrument
from venuekit.model.instrument import Instrument
from venuekit_mcp.wire import clean

if TYPE_CHECKING:
    from venuekit.desk.desk import Desk

#: Instruments that a search for a market may find.
_MOST_FOUND = 50
#: What an instrument's metadata may call the market that it is an outcome of.
_NAMES = ("condition_id", "market_id", "slug")


async def outcomes_of(desk: Desk, markets: Iterable[str], *, field: str) -> Sequence[str]:
    """The instruments of markets, each named by one of its outcomes, or by what the venue calls the market itself.

    An instrument's own id or alias means that instrument alone.

    Raises:
        AmbiguousInstrument: it has several markets, such as an event.
        UnknownInstrument: nothing has that name; `field` is the argument that it came in.
    """
    found: dict[str, None] = {}
    for market in markets:
        found.update(dict.fromkeys(await _of(desk, market, field)))
    return list(found)


async def _of(desk: Desk, market: str, field: str) -> Sequence[str]:
    try:
        return [(await desk.venue.instrument(market)).id]
    except AmbiguousInstrument as error:
        both = await _candidates(desk, error)
        if {i.id for i in both} != {both[0].id, both[0].complement}:
            raise  # they are outcomes of several markets
        return [i.id for i in both]
    except UnknownInstrument as error:
        named = [i.id for i in await desk.venue.search(market, limit=_MOST_FOUND) if _is_of(i, market)]
        if not named:
            raise UnknownInstrument(
                f"No market or instrument {clean(market, 80)!r}.",
                fix="Find it with search_instruments.",
                field=field,
                details=error.details,
            ) from error
        return named


async def _candidates(desk: Desk, error: AmbiguousInstrument) -> Sequence[Instrument]:
    named = error.details.get("candidates")
    found = [await desk.venue.instrument(str(name)) for name in named] if isinstance(named, list) else []
    if not found:
        raise error
    return found


def _is_of(instrument: Instrument, market: str) -> bool:
    if any(instrument.metadata.get(name) == market for name in _NAMES):
        return True
    # Outcomes are named MARKET:OUTCOME, by id or by alias.
    return any(name.rpartition(":")[0] == market for name in (instrument.id, instrument.alias or ""))
