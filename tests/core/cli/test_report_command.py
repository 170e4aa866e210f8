"""Figures are reported from another terminal, and shown with value, limit and age."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from venuekit import LimitOrder, Side
from venuekit.cli.exits import OK, USAGE
from venuekit.errors import ReduceOnlyState

pytestmark = pytest.mark.anyio


@pytest.fixture
def limited(empty: Path) -> Path:
    with empty.open("a") as file:
        file.write('[breakers.figures.coverage]\nfloor = "0.85"\nstale_after_seconds = 3600\n')
    return empty


def order() -> LimitOrder:
    return LimitOrder(instrument="BTC-USD", side=Side.BUY, size=Decimal("0.01"), price=Decimal(59000))


async def test_a_running_desk_obeys_a_report_and_the_journal_has_it(
    beside: Any, limited: Path, desk_of: Callable[..., Any]
) -> None:
    async with desk_of(limited) as desk:
        with pytest.raises(ReduceOnlyState):
            await desk.submit(order())
        good = await beside("report", "coverage", "0.91", config=limited)
        assert good.code == OK
        assert good.out.startswith("coverage is 0.91 (0.85 or more), reported by alice.")
        assert "paper:default" in good.out
        await desk.submit(order())
        bad = await beside("report", "coverage", "-0.1", "--by", "ci", config=limited)
        assert "trips its breaker: only orders that make a position smaller go" in bad.out
        with pytest.raises(ReduceOnlyState):
            await desk.submit(order())
        rows = (await beside("audit", "search", "--kind", "control", "--json", config=limited)).json["rows"]
        reports = [(r["agent_id"], r["body"]["figure"]["value"]) for r in rows if "figure" in r["body"]]
        assert reports == [("alice", "0.91"), ("ci", "-0.1")]


def test_the_status_shows_value_limit_age_and_who_reported(venuekit: Any, limited: Path) -> None:
    venuekit("report", "coverage", "0.91", config=limited)
    (figure,) = venuekit("status", "--json", config=limited).json["figures"]
    assert (figure["value"], figure["limit"], figure["by"]) == ("0.91", "0.85 or more", "alice")
    assert 0 <= figure["age_seconds"] < 60


def test_an_unknown_name_and_a_value_that_is_none_are_refused_with_what_is_meant(venuekit: Any, limited: Path) -> None:
    for words, said in (
        (("covrage", "1"), "Did you mean coverage?"),
        (("coverage", "lots"), "value"),
        (("coverage", "1", "--desk", "papr:default"), "Did you mean paper:default?"),
    ):
        ran = venuekit("report", *words, config=limited)
        assert ran.code == USAGE
        assert said in ran.err
    assert venuekit("status", "--json", config=limited).json["figures"] == []
