"""An operator changes limits from another terminal, and finds out who changed which."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from venuekit import LimitOrder, RiskRefused, Side
from venuekit.cli.exits import FAILED, OK, USAGE

pytestmark = pytest.mark.anyio


def order() -> LimitOrder:
    return LimitOrder(instrument="BTC-USD", side=Side.BUY, size=Decimal("0.01"), price=Decimal(59000))


async def test_a_limit_that_is_set_holds_for_the_next_order_of_an_open_desk(
    beside: Any, empty: Path, desk_of: Callable[..., Any]
) -> None:
    async with desk_of(empty) as desk:
        await desk.submit(order())
        ran = await beside("risk", "set", "max_order_notional", "500", "--reason", "news", config=empty)
        assert ran.code == OK
        assert ran.lines[0] == "max_order_notional is 500 on every desk, by alice: news"
        assert "from the next order on: paper:default." in ran.out
        with pytest.raises(RiskRefused, match="500"):
            await desk.submit(order())
        assert "max_order_notional changed to 500: news (by alice)" in (await beside("status", config=empty)).out
        assert (await beside("risk", "unset", "max_order_notional", config=empty)).code == OK
        await desk.submit(order())


def test_a_looser_value_is_refused_without_the_word_for_it(venuekit: Any, empty: Path) -> None:
    words = ("risk", "set", "max_order_notional", "50000", "--reason", "a good day")
    ran = venuekit(*words, config=empty)
    assert ran.code == USAGE
    assert "max_order_notional is 10000 by the configuration" in ran.err
    loosened = venuekit(*words, "--loosen", config=empty)
    assert (loosened.code, loosened.lines[0]) == (
        OK,
        "max_order_notional is 50000 on every desk, by alice: a good day",
    )
    assert "50000 (loosened)" in venuekit("risk", "history", config=empty).out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["max_ordr_notional", "5", "--reason", "x"], "Did you mean max_order_notional?"),
        (["max_order_notional", "lots", "--reason", "x"], "plain decimal"),
        (["max_order_notional", "-1", "--reason", "x"], "0 or more"),
        (["max_order_notional", "5"], "--reason"),
        (["max_order_notional", "5", "--reason", " "], "needs a reason"),
        (["max_order_notional", "5", "--reason", "x", "--until", "2020-01-01T00:00:00Z"], "has passed"),
        (["max_order_notional", "5", "--reason", "x", "--until", "noon"], "is not a time"),
        (["max_order_notional", "5", "--reason", "x", "--desk", "paper:defualt"], "Did you mean paper:default?"),
        (["max_position_size", "5", "--reason", "x"], "max_position_size.INSTRUMENT"),
    ],
)
def test_what_cannot_be_set_is_refused_with_what_can(venuekit: Any, empty: Path, words: list[str], said: str) -> None:
    ran = venuekit("risk", "set", *words, config=empty)
    assert ran.code == USAGE
    assert said in ran.err
    assert venuekit("risk", "history", "--json", config=empty).json == {"changes": []}


def test_history_tells_every_change_newest_first(venuekit: Any, recorded: Any) -> None:
    file = recorded.config
    for value, where in (("400", []), ("300", ["--desk", "paper:default"])):
        words = ["max_order_notional", value, "--reason", "token=opensesame99", "--until", "2200-01-01T00:00:00Z"]
        assert venuekit("risk", "set", *words, *where, config=file).code == OK
    assert venuekit("risk", "unset", "max_order_notional", "--by", "bob", config=file).code == OK
    again = venuekit("risk", "unset", "max_order_notional", config=file)
    assert (again.code, again.err.count("Still changed: 300 on paper:default")) == (FAILED, 1)
    changes = venuekit("risk", "history", "--json", config=file).json["changes"]
    assert [(c["action"], c["by"], c["desk"], c["value"]) for c in changes] == [
        ("unset_limit", "bob", "", ""),
        ("set_limit", "alice", "paper:default", "300"),
        ("set_limit", "alice", "", "400"),
    ]
    assert "opensesame" not in str(changes)
    assert len(venuekit("risk", "history", "--limit", "1", "--json", config=file).json["changes"]) == 1
    assert venuekit("risk", "history", "--name", "max_open_orders", config=file).out == ""
    assert venuekit("audit", "verify", config=file).code == OK
