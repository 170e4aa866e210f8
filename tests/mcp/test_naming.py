"""Ids of many digits cost a model more than a line of text: where there is an alias, it stands for them."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import anyio
import pytest

from venuekit.errors import Unavailable, UnknownInstrument
from venuekit_mcp.naming import Names

pytestmark = pytest.mark.anyio
YES, NO, BARE = "1" * 78, "2" * 77, "3" * 78


class Catalogue:
    """What a venue lists, and what it was asked."""

    def __init__(self, aliases: Mapping[str, str | None]) -> None:
        self.aliases = dict(aliases)
        self.asked: list[str] = []
        self.fails: Exception | None = None

    async def find(self, name: str) -> Any:
        self.asked.append(name)
        if self.fails is not None:
            raise self.fails
        for token, alias in self.aliases.items():
            if name in (token, alias):
                return SimpleNamespace(id=token, alias=alias)
        raise UnknownInstrument(f"No {name}.", field="instrument")


@pytest.fixture
def catalogue() -> Catalogue:
    return Catalogue({YES: "rain:YES", NO: "rain:NO", BARE: None})


async def test_the_alias_stands_for_the_id_in_rows_lists_and_messages(catalogue: Catalogue) -> None:
    body = {
        "orders": [{"instrument": YES, "size": "1"}, {"instrument": NO}],
        "instruments": [NO],
        "summary": f"BUY 1 {YES} LIMIT",
    }
    assert await Names(catalogue.find).shortened(body) == {
        "orders": [{"instrument": "rain:YES", "size": "1"}, {"instrument": "rain:NO"}],
        "instruments": ["rain:NO"],
        "summary": "BUY 1 rain:YES LIMIT",
    }


async def test_an_instruments_own_id_stays_in_its_row_and_nothing_is_looked_up_for_it(catalogue: Catalogue) -> None:
    rows = [{"id": YES, "alias": "rain:YES", "complement": NO}, {"id": NO, "alias": "rain:NO", "complement": YES}]
    named = await Names(catalogue.find).shortened({"instruments": rows})
    assert [(row["id"], row["complement"]) for row in named["instruments"]] == [(YES, "rain:NO"), (NO, "rain:YES")]
    assert catalogue.asked == []


async def test_what_has_no_alias_or_is_unknown_or_a_strangers_text_stays_as_it_is(catalogue: Catalogue) -> None:
    names = Names(catalogue.find)
    body = {"instrument": BARE, "about": [{"instrument": "9" * 60}], "venue_order_id": "0x" + "ab" * 32}
    assert await names.shortened(body) == body
    said = {"instrument": YES, "reason": {"untrusted": True, "text": f"I saw {YES}"}}
    assert (await names.shortened(said))["reason"] == said["reason"]


async def test_each_id_is_looked_up_once(catalogue: Catalogue) -> None:
    names = Names(catalogue.find)
    for _ in range(3):
        await names.shortened({"rows": [{"instrument": YES}, {"instrument": BARE}, {"instrument": "9" * 60}]})
    assert sorted(catalogue.asked) == [YES, BARE, "9" * 60]


async def test_a_message_says_the_name_that_the_call_gave(catalogue: Catalogue) -> None:
    error = {"message": f"price 0.5 is not on the tick for {YES}."}
    named = await Names(catalogue.find).shortened(error, {"instrument": "rain:YES", "side": "BUY"})
    assert named["message"] == "price 0.5 is not on the tick for rain:YES."


async def test_a_venue_that_does_not_answer_costs_the_answer_nothing_but_the_name(catalogue: Catalogue) -> None:
    names = Names(catalogue.find)
    catalogue.fails = Unavailable("It is away.")
    assert await names.shortened({"instrument": YES}) == {"instrument": YES}
    catalogue.fails = None
    assert await names.shortened({"instrument": YES}) == {"instrument": "rain:YES"}

    async def never(_: str) -> Any:
        await anyio.sleep_forever()

    assert await Names(never, patience_seconds=0.01).shortened({"instrument": YES}) == {"instrument": YES}


@pytest.mark.parametrize("text", ['{"instrument":"BTC-USD"}', '{"id":"vk660cd81137d5c43698d1"}'])
def test_short_ids_are_no_concern(text: str) -> None:
    assert not Names.concern(text)
