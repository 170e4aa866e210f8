"""`venuekit hours` says whether orders go, why not and what is next; and a mistake names the file and the key."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from venuekit.cli.exits import OK, USAGE

HOURS = """
[[hours]]
timezone = "America/New_York"
weekdays = ["mon", "tue", "wed", "thu", "fri"]
start = "09:30"
end = "16:00"
instruments = ["BTC-*"]

[[hours]]
name = "night"
closed = true
applies_to = "agents"
start = "22:00"
end = "06:00"
"""


@pytest.fixture
def config(empty: Path) -> Path:
    with empty.open("a", encoding="utf-8") as file:
        file.write(HOURS)
    return empty


def test_it_says_for_everyone_and_for_agents_until_when_and_why(venuekit: Any, config: Path) -> None:
    ran = venuekit("hours", "BTC-USD", "--at", "2026-11-21T23:00:00Z", "--json", config=config)
    assert ran.code == OK
    assert (ran.json["at"], ran.json["desk"]) == ("2026-11-21T23:00:00Z", "paper:default")
    everyone, agents = ran.json["hours"]
    assert everyone == {
        "instruments": "BTC-USD",
        "applies_to": "everyone",
        "open": False,
        "why": "outside hours[0] (mon tue wed thu fri 09:30 to 16:00 America/New_York)",
        "changes": "2026-11-23T14:30:00Z (2026-11-23 09:30 in America/New_York)",
        "changes_ns": 1795444200000000000,
    }
    assert agents["why"] == 'closed by hours[1] "night" (22:00 to 06:00 UTC)'
    assert agents["changes"].startswith("2026-11-23T14:30:00Z")


def test_without_an_instrument_it_tells_every_pattern_and_the_rest(venuekit: Any, config: Path) -> None:
    lines = venuekit("hours", "--at", "2026-11-23T21:30:00+01:00", config=config).lines
    rows = [line.split()[:5] for line in lines if line.startswith(("BTC-*", "all others"))]
    assert [row[:3] for row in rows[:2]] == [["BTC-*", "everyone", "open"], ["BTC-*", "agents", "open"]]
    assert [row[2:4] for row in rows[2:]] == [["everyone", "open"], ["agents", "open"]]
    assert "2026-11-23T21:00:00Z (2026-11-23 16:00 in America/New_York)" in "\n".join(lines)


def test_without_hours_it_says_so(venuekit: Any, empty: Path) -> None:
    ran = venuekit("hours", config=empty)
    assert ran.code == OK
    assert "[[hours]]" in ran.err


@pytest.mark.parametrize("at", ["yesterday", "2026-11-21T23:00:00", "9999-12-31T00:00:00Z", "0001-01-01T00:00:00Z"])
def test_a_time_that_is_none_is_refused(venuekit: Any, config: Path, at: str) -> None:
    ran = venuekit("hours", "--at", at, config=config)
    assert ran.code == USAGE
    assert ran.err.count("\n") == 1


@pytest.mark.parametrize("words", [("hours",), ("config", "check"), ("status",)])
def test_a_mistake_in_a_window_names_the_file_and_the_key(venuekit: Any, config: Path, words: tuple[str, ...]) -> None:
    config.write_text(config.read_text(encoding="utf-8").replace('"06:00"', '"6 am"'), encoding="utf-8")
    ran = venuekit(*words, config=config)
    assert ran.code == USAGE
    assert f"{config}: hours[1].end is '6 am'" in ran.err


@pytest.mark.parametrize("words", [("hours",), ("config", "check")])
def test_a_calendar_without_its_library_names_the_file_and_the_extra(
    venuekit: Any, config: Path, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "exchange_calendars", None)
    with config.open("a", encoding="utf-8") as file:
        file.write('[[hours]]\ncalendar = "XNYS"\n')
    ran = venuekit(*words, config=config)
    assert ran.code == USAGE
    assert f"{config}: hours[2].calendar is 'XNYS'" in ran.err
    assert 'pip install "venuekit[calendars]"' in ran.err
