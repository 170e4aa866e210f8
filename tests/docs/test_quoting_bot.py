"""The example bot quotes both sides, holds its inventory limit, and leaves nothing behind."""

from __future__ import annotations

import importlib.util
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import pytest

from venuekit import Desk, DeskConfig, DeskSettings, Side, open_desk
from venuekit.settings.schema import RiskSettings, StoreSettings

pytestmark = pytest.mark.anyio

BOT = Path(__file__).parents[2] / "docs/examples/quoting_bot.py"
SPEC = importlib.util.spec_from_file_location("quoting_bot", BOT)
assert SPEC is not None
assert SPEC.loader is not None
bot_file = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(bot_file)
Quoting, QuotingBot, prices = bot_file.Quoting, bot_file.QuotingBot, bot_file.prices
TICK = Decimal("0.01")


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    config = DeskConfig(
        desk=DeskSettings(venue="paper", data_dir=str(tmp_path)),
        store=StoreSettings(url="sqlite://"),
        risk=RiskSettings(max_open_orders=10),
        venues={"paper": {"pace": "manual", "seed": 7, "persist": False}},
    )
    async with open_desk(config, environ={}) as desk:
        yield desk


async def advance(desk: Desk, seconds: int) -> None:
    extra = next(e for e in desk.extras if e.name == "advance_market")
    await desk.call_extra("advance_market", extra.arguments(seconds=seconds))


# tutorial: begin
async def test_the_bot_keeps_its_position_within_the_limit(desk: Desk) -> None:
    quoting = Quoting(
        instrument="BTC-PERP", size=Decimal("0.05"), half_spread=Decimal("0.0001"), max_inventory=Decimal("0.1")
    )
    bot = QuotingBot(desk, quoting)
    inventories = set()
    for _ in range(60):
        await bot.step()
        orders = await desk.open_orders("BTC-PERP")
        assert len({order.side for order in orders}) == len(orders) <= 2
        await advance(desk, seconds=30)
        inventory = await bot.inventory()
        assert abs(inventory) <= quoting.max_inventory
        inventories.add(inventory)
    assert len(inventories) > 1, "it never traded, so the limit was never tried"
    await bot.stop()
    assert list(await desk.open_orders("BTC-PERP")) == []


# tutorial: end


async def test_a_quote_that_is_where_it_should_be_is_left_in_its_place_in_the_queue(desk: Desk) -> None:
    bot = QuotingBot(desk, Quoting(instrument="BTC-PERP"))
    await bot.step()
    before = {order.id for order in await desk.open_orders("BTC-PERP")}
    await bot.step()
    assert before
    assert {order.id for order in await desk.open_orders("BTC-PERP")} == before


async def test_stopping_leaves_other_instruments_alone(desk: Desk) -> None:
    one, two = (QuotingBot(desk, Quoting(instrument=name, size=Decimal("0.1"))) for name in ("BTC-PERP", "ETH-PERP"))
    await one.step()
    await two.step()
    await one.stop()
    assert {order.instrument for order in await desk.open_orders()} == {"ETH-PERP"}


def test_the_program_says_what_it_does_and_leaves_quietly_on_ctrl_c(tmp_path: Path) -> None:
    environ = {"VENUEKIT__DESK__DATA_DIR": str(tmp_path), "PATH": "", "PYTHONUNBUFFERED": "1", "HOME": str(tmp_path)}
    command = [sys.executable, str(BOT)]
    # What was started in the background ignores Ctrl-C, and so would its children.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        bot = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ, cwd=tmp_path
        )
    finally:
        signal.signal(signal.SIGINT, before)
    with bot:
        assert bot.stdout is not None
        first = bot.stdout.readline()
        bot.send_signal(signal.SIGINT)
        said, complained = bot.communicate(timeout=240)
    assert first.startswith("BTC-PERP: holds 0, quotes BUY at ")
    assert said.splitlines()[-1].endswith("quotes nothing")
    assert (bot.returncode, complained) == (0, "")


def test_both_sides_are_quoted_around_the_middle_on_the_tick() -> None:
    wanted = prices(Quoting(instrument="X"), Decimal("100.003"), Decimal(0), TICK)
    assert wanted == {Side.BUY: Decimal("99.95"), Side.SELL: Decimal("100.06")}


@pytest.mark.parametrize(
    ("inventory", "sides"),
    [("0.2", {Side.SELL}), ("0.16", {Side.SELL}), ("0.15", {Side.BUY, Side.SELL}), ("-0.2", {Side.BUY})],
)
def test_a_side_that_could_break_the_limit_is_left_out(inventory: str, sides: set[Side]) -> None:
    assert set(prices(Quoting(instrument="X"), Decimal(100), Decimal(inventory), TICK)) == sides


def test_a_long_position_moves_both_quotes_down_and_a_short_one_up() -> None:
    flat, long, short = (
        prices(Quoting(instrument="X"), Decimal(100), Decimal(inventory), TICK) for inventory in ("0", "0.1", "-0.1")
    )
    for side in Side:
        assert long[side] < flat[side] < short[side]
