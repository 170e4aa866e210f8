"""Rules of an instrument that cannot be true: no order is checked by them, and none is sent."""

from __future__ import annotations

from decimal import Decimal

import attrs
import pytest
from desks import Bench, limit
from hypothesis import given
from hypothesis import strategies as st

from venuekit.errors import DataNotTrusted
from venuekit.model.instrument import Instrument, InstrumentKind, impossible
from venuekit.settings.schema import RiskSettings

pytestmark = pytest.mark.anyio
D = Decimal
POSITIVE = ("tick_size", "lot_size", "contract_size", "initial_margin", "max_size", "max_price")
BOUNDS = ("min_size", "min_price", "min_notional")
SANE = Instrument(
    id="BTC-USD",
    venue="scripted",
    kind=InstrumentKind.SPOT,
    base="BTC",
    quote="USD",
    tick_size=D("0.01"),
    lot_size=D("0.001"),
    min_size=D("0.001"),
)


@pytest.mark.parametrize("name", [*POSITIVE, *BOUNDS])
@pytest.mark.parametrize("value", ["NaN", "-Infinity", "-1", "1E+40", "0"])
async def test_an_order_in_an_instrument_with_an_impossible_rule_is_refused_and_says_which(
    bench: Bench, name: str, value: str
) -> None:
    if value == "0" and name in BOUNDS:
        return
    bench.venue.listed["BTC-USD"] = attrs.evolve(bench.venue.listed["BTC-USD"], **{name: D(value)})
    async with bench.open(bench.config(risk=RiskSettings(max_order_notional=D(10)))) as desk:
        with pytest.raises(DataNotTrusted, match=name):
            await desk.submit(limit(size=D(500)))
        preview = await desk.preview(limit(size=D(500)))
        assert not preview.allowed
        assert bench.venue.sent() == []


async def test_rules_that_were_mended_are_trusted_again(bench: Bench) -> None:
    good = bench.venue.listed["BTC-USD"]
    bench.venue.listed["BTC-USD"] = attrs.evolve(good, lot_size=D(0))
    async with bench.open() as desk:
        with pytest.raises(DataNotTrusted, match="lot_size is 0"):
            await desk.submit(limit())
        desk._state.know(good)
        await desk.submit(limit())


@given(
    st.fixed_dictionaries(
        {name: st.decimals(min_value=D("1E-8"), max_value=D("1E+8"), places=8) for name in POSITIVE[:4]}
    )
)
def test_rules_as_venues_have_them_are_possible(rules: dict[str, Decimal]) -> None:
    assert impossible(attrs.evolve(SANE, **rules)) == ""


def test_bounds_in_the_wrong_order_are_impossible() -> None:
    assert impossible(attrs.evolve(SANE, max_size=D("0.0005"))) == "min_size is 0.001 and max_size 0.0005"
    assert "min_price" in impossible(attrs.evolve(SANE, min_price=D(5), max_price=D(4)))
    assert impossible(attrs.evolve(SANE, tick_size=0.01))  # type: ignore[arg-type]
