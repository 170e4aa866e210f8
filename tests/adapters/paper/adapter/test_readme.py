"""What the package's README says is what the code does."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import attrs

import venuekit_paper
from venuekit.adapter import plain
from venuekit_paper import subscription
from venuekit_paper.candles import KEPT
from venuekit_paper.capabilities import CAPABILITIES, MAX_DEPTH
from venuekit_paper.config import _RANGES, PaperOptions
from venuekit_paper.extras import EXTRAS, LONGEST_ADVANCE_SECONDS
from venuekit_paper.funding import MOST
from venuekit_paper.instruments import BEHAVIOURS, default_instruments
from venuekit_paper.past import DAY_MINUTES, PAST_DAYS
from venuekit_paper.reports import TRADES_KEPT
from venuekit_paper.simulator import LEVELS

README = (Path(venuekit_paper.__file__).parents[2] / "README.md").read_text()
WORDS = " ".join(README.split())


def table(heading: str) -> list[list[str]]:
    """The cells of the section's table, without its head."""
    section = README.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    rows = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip().strip("`") for cell in row] for row in rows[2:]]


def test_the_instruments_are_those_that_are_listed() -> None:
    listed = {row[0]: row[1:] for row in table("Instruments")}
    assert list(listed) == sorted(listed, key=list(BEHAVIOURS).index)
    expected = {
        i.id: [
            i.kind.value.lower().replace("_", " "),
            plain(i.tick_size),
            plain(i.lot_size),
            plain(i.min_size),
            f"{plain(i.min_notional)} {i.quote}" if i.min_notional is not None else "",
            plain(BEHAVIOURS[i.id].start),
        ]
        for i in default_instruments()
    }
    assert listed == expected


def shown(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{asset} {plain(amount)}" for asset, amount in value.items())
    if isinstance(value, bool):
        return str(value).lower()
    return plain(value) if isinstance(value, Decimal) else str(value)


def test_the_options_and_their_defaults_are_those_of_the_code() -> None:
    defaults = PaperOptions()
    expected = [(f.name, shown(getattr(defaults, f.name))) for f in attrs.fields(PaperOptions)]
    assert [(row[0], row[1]) for row in table("Options")] == expected
    meanings = {row[0]: row[2] for row in table("Options")}
    assert f"{_RANGES['tick_interval_ms'][0]} to {_RANGES['tick_interval_ms'][1]}" in meanings["tick_interval_ms"]
    assert str(_RANGES["latency_ms"][1]) in meanings["latency_ms"]


def test_the_tools_are_those_of_the_code() -> None:
    assert [row[:2] for row in table("Tools of its own")] == sorted(
        ([e.name, e.toolset] for e in EXTRAS), key=[row[:2] for row in table("Tools of its own")].index
    )
    assert f"{LONGEST_ADVANCE_SECONDS} simulated seconds" in WORDS


def test_the_numbers_in_the_text_are_those_of_the_code() -> None:
    margins = {i.initial_margin for i in default_instruments() if i.is_derivative}
    assert margins == {Decimal("0.1")}
    assert "10 % initial margin" in WORDS
    assert f"at most {float(MOST):.2%} of the position".replace("%", " %") in WORDS
    assert f"books ({MAX_DEPTH} levels at most)" in WORDS
    assert f"the last {TRADES_KEPT:,} public trades" in WORDS
    assert f"quotes {LEVELS} levels" in WORDS
    days = {step: kept // DAY_MINUTES for step, kept in KEPT.items()}
    assert f"Minutes are kept for {days[1]} days, hours for {days[60]} and days for {days[1440]}" in WORDS
    assert f"invented past of {PAST_DAYS} whole days" in WORDS
    assert subscription.OWN_BUFFER > subscription.BUFFER


def test_every_order_type_and_time_in_force_that_it_names_is_offered() -> None:
    sentence = README.split("## Orders\n", 1)[1].split("\n\n**Holds", 1)[0]
    named = {word.upper().replace("-", "_") for word in re.findall(r"[A-Za-z-]+", sentence)}
    assert {t.value for t in CAPABILITIES.order_types} <= named
    assert {t.value for t in CAPABILITIES.times_in_force} <= named
