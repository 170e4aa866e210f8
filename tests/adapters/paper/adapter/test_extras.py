"""The tools of the paper exchange's own: declared with schemas, careful with their arguments."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import attrs
import pytest
from paper_kit import BTC, NO, YES, Opener, balance, everything

from venuekit.adapter import (
    Extra,
    InstrumentStatus,
    InsufficientFunds,
    InvalidSize,
    InvalidValue,
    UnknownInstrument,
    VenuekitError,
)
from venuekit_paper import factory
from venuekit_paper.adapter import PaperVenue
from venuekit_paper.extras import LONGEST_ADVANCE_SECONDS

pytestmark = pytest.mark.anyio
D = Decimal
EXTRAS = {extra.name: extra for extra in factory.extras}


async def call(venue: PaperVenue, name: str, **arguments: Any) -> Any:
    extra = EXTRAS[name]
    answer = await extra.call(venue, extra.arguments(**arguments))
    assert isinstance(answer, extra.result)
    return answer


@pytest.mark.parametrize("extra", factory.extras, ids=lambda e: e.name)
def test_every_tool_says_what_it_is_and_what_it_takes(extra: Extra) -> None:
    assert extra.mutates
    assert extra.title
    assert extra.description.endswith(".")
    for kind in (extra.arguments, extra.result):
        assert all(f.metadata["doc"] for f in attrs.fields(kind))


async def test_advancing_moves_the_market_and_says_how_far(venue: PaperVenue) -> None:
    answer = await call(venue, "advance_market", seconds=10)
    assert (answer.moves, answer.journal_hash) == (40, venue.journal_hash)


@pytest.mark.parametrize("seconds", [0, -1, LONGEST_ADVANCE_SECONDS + 1])
async def test_nobody_waits_for_ever(venue: PaperVenue, seconds: int) -> None:
    before = venue.journal_hash
    with pytest.raises(InvalidValue) as caught:
        await call(venue, "advance_market", seconds=seconds)
    assert caught.value.field == "seconds"
    assert venue.journal_hash == before


async def test_a_market_can_be_halted_and_resolved(venue: PaperVenue) -> None:
    await call(venue, "set_instrument_status", instrument=BTC, status=InstrumentStatus.HALTED)
    assert (await venue.instrument(BTC)).status is InstrumentStatus.HALTED
    await call(venue, "mint_outcomes", instrument=YES, size=D(10))
    await call(venue, "merge_outcomes", instrument=NO, size=D(4))
    await call(venue, "resolve_market", instrument=YES, payout=D(1))
    assert (await balance(venue)).total == 10_000_000
    assert (await venue.instrument(NO)).status is InstrumentStatus.RESOLVED


@pytest.mark.parametrize(
    ("name", "arguments", "error", "field"),
    [
        ("mint_outcomes", {"instrument": YES, "size": D(0)}, InvalidValue, "size"),
        ("mint_outcomes", {"instrument": YES, "size": D("NaN")}, InvalidValue, "size"),
        ("mint_outcomes", {"instrument": YES, "size": D("0.001")}, InvalidSize, "size"),
        ("mint_outcomes", {"instrument": BTC, "size": D(1)}, InvalidValue, "instrument"),
        ("merge_outcomes", {"instrument": YES, "size": D(1)}, InsufficientFunds, None),
        ("merge_outcomes", {"instrument": YES, "size": D("-1")}, InvalidValue, "size"),
        ("resolve_market", {"instrument": YES, "payout": D("1.5")}, InvalidValue, "payout"),
        ("resolve_market", {"instrument": YES, "payout": D("Infinity")}, InvalidValue, "payout"),
        ("resolve_market", {"instrument": "X", "payout": D(1)}, UnknownInstrument, "instrument"),
        (
            "set_instrument_status",
            {"instrument": "X", "status": InstrumentStatus.HALTED},
            UnknownInstrument,
            "instrument",
        ),
    ],
    ids=lambda value: str(value)[:50],
)
async def test_bad_arguments_are_refused_by_name_and_change_nothing(
    opened: Opener, name: str, arguments: dict[str, Any], error: type[VenuekitError], field: str | None
) -> None:
    venue = await opened()
    before = await everything(venue)
    with pytest.raises(error) as caught:
        await call(venue, name, **arguments)
    assert caught.value.field == field
    assert await everything(venue) == before
