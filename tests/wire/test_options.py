"""Options of a venue on the network: a test cannot be pointed at the real venue by an address that was forgotten."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from venuekit.adapter import ConfigError, read_table
from venuekit_wire.options import check_addresses, one_of, option

PLACE = "venues.acme"
SCHEMES = {"base_url": "https", "ws_url": "wss", "place_url": "https"}


@attrs.frozen(kw_only=True)
class Options:
    api_key: str = option("The key.", "", env="ACME_KEY", secret=True)
    environment: str = option("Which.", "production")
    base_url: str = option("REST.", "https://api.acme.example")
    ws_url: str = option("Streams.", "wss://ws.acme.example")
    place_url: str = option("Whether it serves this place.", "https://acme.example/place")
    seconds: float = option("How long.", 1.0, positive=True)


def checked(**table: Any) -> Options:
    options = read_table(table, Options, PLACE)
    check_addresses(options, SCHEMES, real=("acme.example",), place=PLACE, asked_by_tests=("place_url",))
    return options


HERE = {"base_url": "http://127.0.0.1:1", "ws_url": "ws://127.0.0.1:1"}


def test_the_real_venue_and_a_test_are_both_fine() -> None:
    assert checked().environment == "production"
    assert checked(environment="sandbox", **HERE).base_url == HERE["base_url"]


@pytest.mark.parametrize(
    ("table", "field"),
    [
        ({"environment": "Sandbox"}, "environment"),
        ({"environment": "sandbox", **HERE, "ws_url": "wss://ws.acme.example"}, "environment"),
        ({"base_url": "http://api.acme.example"}, "base_url"),
        ({"ws_url": "https://ws.acme.example"}, "ws_url"),
        ({"place_url": "ftp://acme.example"}, "place_url"),
        ({"seconds": 0}, "seconds"),
    ],
)
def test_what_cannot_be_right_is_named(table: dict[str, Any], field: str) -> None:
    with pytest.raises(ConfigError) as error:
        checked(**table)
    assert error.value.field == f"{PLACE}.{field}"


def test_a_word_is_one_of_a_few() -> None:
    with pytest.raises(ConfigError, match=r"venues\.acme\.environment must be live or test\.") as error:
        one_of(Options(), "environment", ("live", "test"), place=PLACE)
    assert error.value.details["accepted"] == ["live", "test"]


def test_a_secret_is_not_shown_and_its_variable_is_known() -> None:
    assert "hidden" not in repr(checked(api_key="hidden"))
    assert attrs.fields(Options).api_key.metadata["env"] == "ACME_KEY"
