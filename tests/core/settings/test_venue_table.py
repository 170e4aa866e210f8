"""What an adapter is given: its table, the variables of the venue's own, read as its class of options."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import attrs
import pytest

from venuekit.adapter import POSITIVE, ConfigError, read_table
from venuekit.settings.load import load


@attrs.frozen(kw_only=True)
class Options:
    """Such as an adapter has."""

    api_key: str = attrs.field(default="", metadata={"doc": "The key.", "env": "SOME_API_KEY"})
    most: Decimal | None = attrs.field(default=None, metadata={"doc": "A limit."})
    seconds: float = attrs.field(default=1.0, metadata={"doc": "A wait.", POSITIVE: True})


ENVIRON = {"SOME_API_KEY": "from-the-venues-own-variable", "OTHER": "x"}


def test_a_variable_of_the_venues_own_sets_what_nothing_else_sets() -> None:
    table = load("some", environ=ENVIRON).venue("some", Options)
    assert table.options == {"api_key": "from-the-venues-own-variable"}


@pytest.mark.parametrize("value", ["", None])
def test_an_empty_variable_sets_nothing(value: str | None) -> None:
    environ = {} if value is None else {"SOME_API_KEY": value}
    assert load("some", environ=environ).venue("some", Options).options == {}


def test_the_products_own_variable_comes_first() -> None:
    environ = {**ENVIRON, "VENUEKIT__VENUES__SOME__API_KEY": "from-ours-which-is-nearer"}
    table = load("some", environ=environ).venue("some", Options)
    assert table.options == {"api_key": "from-ours-which-is-nearer"}


def test_what_it_brings_is_a_secret_of_the_configuration_and_in_no_repr() -> None:
    loaded = load("some", environ=ENVIRON)
    table = loaded.venue("some", Options)
    assert "from-the-venues-own-variable" in table.secrets
    assert "from-the-venues-own" not in repr(table) + repr(loaded)


def test_a_table_is_read_as_its_class() -> None:
    assert read_table({"most": "1.50", "seconds": "2"}, Options, "venues.some") == Options(
        most=Decimal("1.50"), seconds=2.0
    )


@pytest.mark.parametrize(
    ("table", "place", "words"),
    [
        ({"sekonds": 1}, "venues.some.sekonds", "Did you mean seconds?"),
        ({"seconds": 0}, "venues.some.seconds", "more than 0"),
        ({"seconds": "soon"}, "venues.some.seconds", "a number of 0 or more"),
        ({"most": 1.5}, "venues.some.most", "a decimal in quotes"),
        ({"api_key": 7}, "venues.some.api_key", "text in quotes"),
    ],
)
def test_a_mistake_is_named_by_its_place(table: dict[str, Any], place: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_table(table, Options, "venues.some")
    assert caught.value.field == place
    assert words in str(caught.value)


def test_a_secret_is_in_no_message() -> None:
    with pytest.raises(ConfigError) as caught:
        read_table({"api_key": ["sk-canary"]}, Options, "venues.some")
    assert "canary" not in str(caught.value)
