"""Rates as people write them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from venuekit.errors import ConfigError, InvalidValue
from venuekit.model.rate import Rate, rates_of
from venuekit.settings.load import load_config
from venuekit.settings.schema import DeskConfig, PaceSettings


@pytest.mark.parametrize(
    ("given", "rates"),
    [
        (30, [Rate(30, 1)]),
        (0.1, [Rate(1, 10)]),
        (2.5, [Rate(5, 2)]),
        ("30", [Rate(30, 1)]),
        ("30/1s", [Rate(30, 1)]),
        ("30/s", [Rate(30, 1)]),
        ("9000/10s, 36000/10m burst 500", [Rate(9000, 10), Rate(36000, 600, 500)]),
        ("1/250ms", [Rate(1, 0.25)]),
        ("5/1.5h", [Rate(5, 5400)]),
        ([10, "100/1m"], [Rate(10), Rate(100, 60)]),
        ("off", []),
    ],
)
def test_a_rate_is_a_number_or_calls_in_a_time(given: Any, rates: list[Rate]) -> None:
    assert list(rates_of(given)) == rates
    assert list(rates_of([str(rate) for rate in rates])) == rates


@pytest.mark.parametrize(
    "given",
    [
        "",
        "fast",
        "0",
        "0/1s",
        "-1/1s",
        "5/0s",
        "5/1s burst 6",
        "5/1d",
        "5/s burst",
        float("nan"),
        0,
        -1,
        True,
        None,
        {},
    ],
)
def test_what_is_no_rate_is_refused(given: Any) -> None:
    with pytest.raises(InvalidValue) as caught:
        rates_of(given)
    assert "30/1s" in str(caught.value.details["accepted"])


def test_what_goes_at_once_and_all_that_follows_keep_within_the_calls() -> None:
    for calls in (1, 2, 7, 30, 9000):
        for burst in {0, 1, calls // 2, calls}:
            rate = Rate(calls, 10, burst)
            assert rate.at_once + rate.per_second * rate.seconds == pytest.approx(calls + 1)


def test_rates_are_read_from_a_file_and_from_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "desk.toml"
    file.write_text(
        '[pace]\norders = 5\npublic = ["9000/10s", "30000/60s"]\nprivate = "off"\n[pace.classes]\nv2 = "10/1s"\n'
        "[agents.bot]\ncalls_per_minute = 20\n"
    )
    pace = load_config(file, environ={"VENUEKIT__PACE__CANCELS": "7/2s, 100/1m"}).pace
    assert pace == PaceSettings(
        orders=5, public=[Rate(9000, 10), Rate(30000, 60)], private="off", cancels="7/2s,100/1m", classes={"v2": 10}
    )
    assert pace.private == ()
    assert DeskConfig().pace.public is None


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[pace]\norders = 'quick'", "pace.orders"),
        ("[pace]\norders = ['1/1s', 'quick']", "pace.orders"),
        ("[pace.classes]\nv2 = '1/1y'", "pace.classes.v2"),
        ("[pace]\nagent_calls_per_minute = 0", "pace.agent_calls_per_minute"),
        ("[agents.bot]\ncalls_per_minute = 0", "agents.bot.calls_per_minute"),
    ],
)
def test_a_wrong_rate_is_named_by_its_place(tmp_path: Path, text: str, place: str) -> None:
    file = tmp_path / "desk.toml"
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_config(file, environ={})
    assert caught.value.field == place
    assert str(file) in caught.value.message
