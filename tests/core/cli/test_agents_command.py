"""`venuekit agents` tells an operator who may do what, what is used of it, and what is left."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from venuekit import Caller, LimitOrder, MarketOrder, Refused, Role, Side

BOT = Caller(agent_id="night-bot", role=Role.TRADER)
GUEST = Caller(agent_id="guest", role=Role.TRADER)
TABLES = """
[agents.night-bot]
token_sha256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
instruments = ["BTC-*"]
max_notional_per_day = "2000"
max_orders_per_day = 5
max_loss_per_day = "100"
expires = "2999-01-01T00:00:00Z"

[agents.watcher]
role = "viewer"
tools = ["get_*"]
"""


@pytest.fixture
def granted(empty: Path) -> Path:
    with empty.open("a") as file:
        file.write(TABLES)
    return empty


def order(size: str, price: Decimal, instrument: str = "BTC-USD") -> LimitOrder:
    return LimitOrder(instrument=instrument, side=Side.BUY, size=Decimal(size), price=price, reason="t")


async def trade(config: Path, desk_of: Any, beside: Any, *words: str) -> Any:
    """A buy, an order that rests, one too many, and one in what was not granted; then the command, beside the desk."""
    async with desk_of(config) as desk:
        ask = (await desk.venue.order_book("BTC-USD", depth=1)).best_ask.price
        price = ask - ask % 100 - 1000
        await desk.submit(
            MarketOrder(instrument="BTC-USD", side=Side.BUY, size=Decimal("0.01"), reason="t"), caller=BOT
        )
        await desk.submit(order("0.01", price), caller=BOT)
        for request in (order("0.02", price), order("1", Decimal(1000), "ETH-USD")):
            with pytest.raises(Refused):
                await desk.submit(request, caller=BOT)
        await desk.submit(order("0.01", price), caller=GUEST)
        return await beside("agents", *words, config=config)


@pytest.mark.anyio
async def test_the_list_has_who_is_configured_and_who_was_active(granted: Path, desk_of: Any, beside: Any) -> None:
    ran = await trade(granted, desk_of, beside, "--json")
    agents = {agent["name"]: agent for agent in ran.json["agents"]}
    assert set(agents) == {"night-bot", "watcher", "guest"}
    bot = agents["night-bot"]
    assert (bot["orders_today"], bot["refused_today"], bot["over_http"]) == (2, 2, True)
    limits = {row["check"]: row for row in bot["limits"]}
    assert limits["agent_orders_per_day"]["left"] == "3"
    notional = limits["agent_notional_per_day"]
    assert Decimal(notional["used"]) + Decimal(notional["left"]) == 2000
    assert Decimal(1000) < Decimal(notional["used"]) < Decimal(2000)
    assert "you may still lose" in limits["agent_loss_per_day"]["message"]
    assert (agents["guest"]["table"], agents["guest"]["orders_today"], agents["guest"]["limits"]) == ("", 1, [])
    assert agents["watcher"]["role"] == "viewer"
    assert "9f86d081" not in ran.out, "nobody needs the digest of a token"


@pytest.mark.anyio
async def test_one_agent_is_told_whole_with_what_refused_it(granted: Path, desk_of: Any, beside: Any) -> None:
    ran = await trade(granted, desk_of, beside, "show", "night-bot")
    assert ran.code == 0
    for text in ("BTC-*", "2999-01-01", "with a token of its own", "you may still send 3 orders today", "the day ends"):
        assert text in ran.out
    refused = [line.split() for line in ran.lines[ran.lines.index(next(x for x in ran.lines if "REFUSED BY" in x)) :]]
    assert {tuple(words) for words in refused[1:]} == {("agent_notional_per_day", "1"), ("agent_instruments", "1")}


def test_the_bare_command_is_the_list_and_nothing_is_made_by_looking(venuekit: Any, granted: Path) -> None:
    for words in (("agents",), ("agents", "list")):
        ran = venuekit(*words, config=granted)
        assert ran.code == 0
        assert "night-bot" in ran.out
        assert "2000 of 2000 notional per day" in ran.out
    assert not (granted.parent / "data" / "venuekit.db").exists()


def test_an_agent_that_there_is_not_is_named_with_those_there_are(venuekit: Any, granted: Path) -> None:
    ran = venuekit("agents", "show", "nobody", config=granted)
    assert ran.code == 2
    assert "night-bot, watcher" in ran.err
