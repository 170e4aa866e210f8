"""An agent loses no more in a day than its table allows: its own fills at average cost, and what they hold at marks."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import attrs
import pytest
from desks import Bench, OtherVenue, at_other, limit
from scripted import ScriptedVenue

from venuekit.books.agents import AgentBooks, Worth
from venuekit.desk.desk import Desk
from venuekit.errors import DataNotTrusted, RiskRefused
from venuekit.model.events import Channel
from venuekit.model.instrument import Instrument, InstrumentKind
from venuekit.model.intent import MarketOrder, Side
from venuekit.model.order import Fill, FillState, Liquidity, OrderStatus
from venuekit.protocols.approver import Caller, Role
from venuekit.protocols.risk import Headroom
from venuekit.settings.schema import AgentSettings, DeskConfig

pytestmark = pytest.mark.anyio
D = Decimal
BOT = Caller(agent_id="bot", role=Role.TRADER)
OTHER = Caller(agent_id="other", role=Role.TRADER)


def bounded(bench: Bench, most: int = 50, **grant: Any) -> DeskConfig:
    return bench.config(agents={"bot": AgentSettings(max_loss_per_day=D(most), **grant)})


def to_lose(desk: Desk, caller: Caller = BOT) -> Headroom:
    (row,) = [h for h in desk.risk_limits(caller=caller) if h.check == "agent_loss_per_day"]
    return row


def market(venue: ScriptedVenue, bid: int) -> None:
    venue.bid, venue.ask = D(bid), D(bid + 1)


async def buy(bench: Bench, desk: Desk, size: int = 1, caller: Caller = BOT) -> None:
    await desk.submit(MarketOrder(instrument="BTC-USD", side=Side.BUY, size=D(size)), caller=caller)
    await bench.clock.settle()


async def seen(bench: Bench, desk: Desk) -> None:
    await bench.clock.advance(1)
    await desk.preview(limit(), caller=BOT)


async def test_what_its_fills_lost_counts_and_what_others_lost_does_not(bench: Bench) -> None:
    async with bench.open(bounded(bench)) as desk:
        await buy(bench, desk, 4)
        await buy(bench, desk, 100, OTHER)
        market(bench.venue, 90)
        await seen(bench, desk)
        assert to_lose(desk).left == "12", "4 bought at 100 are worth 90.5 each"
        assert to_lose(desk).message.startswith("you may still lose 12 USD today; the day ends at ")
        await desk.submit(limit(price=D(89)), caller=BOT)
        market(bench.venue, 86)
        await bench.clock.advance(1)
        preview = await desk.preview(limit(price=D(85)), caller=BOT)
        with pytest.raises(RiskRefused, match="bot lost 54 today; 50 is the most") as refused:
            await desk.submit(limit(price=D(85)), caller=BOT)
        assert [v.check for v in preview.verdicts if not v.allowed] == ["agent_loss_per_day"]
        assert "an order that reduces, or any from " in str(refused.value.details["would_pass"])
        assert (await desk.submit(limit(price=D(85)), caller=OTHER)).status is OrderStatus.OPEN


async def test_a_loss_that_was_taken_stays_lost_and_what_reduces_still_goes(bench: Bench) -> None:
    async with bench.open(bounded(bench)) as desk:
        await buy(bench, desk, 6)
        market(bench.venue, 90)
        await seen(bench, desk)
        with pytest.raises(RiskRefused):
            await desk.submit(limit(price=D(89)), caller=BOT)
        sell = await desk.submit(limit(side=Side.SELL, size=D(6), price=D(90)), caller=BOT)
        bench.venue.fill(sell.id, D(6), D(90))
        await bench.clock.settle()
        market(bench.venue, 120)
        await seen(bench, desk)
        assert to_lose(desk).used == "60", "prices that come back bring nothing back"
        with pytest.raises(RiskRefused, match="bot lost 60 today"):
            await desk.submit(limit(price=D(119)), caller=BOT)


async def test_the_days_loss_goes_on_after_a_crash_and_a_new_day_starts_from_the_last_word(bench: Bench) -> None:
    config = bounded(bench)
    async with bench.open(config) as desk:
        await buy(bench, desk, 4)
        market(bench.venue, 90)
        await seen(bench, desk)
        await bench.clock.advance(1.5)
        crashed = bench.after_crash(config)
    async with bench.open(crashed) as desk:
        assert to_lose(desk).used == "38"
        again = bench.after_crash(crashed)
    market(bench.venue, 85)
    bench.clock.step(86_400)
    async with bench.open(again) as desk:
        await seen(bench, desk)
        assert to_lose(desk).used == "20", "from 90.5 when it was last heard of, to 85.5 on the next day"


async def test_at_midnight_the_loss_starts_anew(bench: Bench) -> None:
    async with bench.open(bounded(bench)) as desk:
        await buy(bench, desk, 6)
        market(bench.venue, 90)
        await seen(bench, desk)
        await bench.clock.advance(1.5)
        assert to_lose(desk).left == "0"
        bench.clock.step(86_400)
        assert to_lose(desk).used == "0"


async def test_it_is_one_loss_over_all_desks(bench: Bench, other: OtherVenue) -> None:
    config = bounded(bench)
    async with bench.open(config) as one, bench.open(at_other(config)) as two:
        await buy(bench, one, 3)
        await buy(bench, two, 3)
        market(bench.venue, 90)
        market(other, 90)
        await seen(bench, one)
        await seen(bench, two)
        await bench.clock.advance(1.5)
        assert to_lose(one).used == to_lose(two).used == "57"
        with pytest.raises(RiskRefused, match="bot lost 57"):
            await two.submit(limit(price=D(89)), caller=BOT)


async def test_a_loss_that_cannot_be_known_refuses_all_but_what_reduces(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with bench.open(bounded(bench)) as desk:
        await buy(bench, desk, 1)
        monkeypatch.setattr(desk._state.exposure, "mark", lambda _: D("NaN"))
        assert to_lose(desk).left == "0"
        assert "not known" in to_lose(desk).message
        with pytest.raises(DataNotTrusted, match="agent_loss_per_day cannot be checked"):
            await desk.submit(limit(), caller=BOT)
        sell = await desk.submit(limit(side=Side.SELL, size=D(1), price=D(101)), caller=BOT)
        assert sell.status is OrderStatus.OPEN


async def test_a_fill_that_was_told_late_and_one_that_was_undone_count_as_they_are(bench: Bench) -> None:
    async with bench.open(bounded(bench)) as desk:
        order = await desk.submit(limit(size=D(2), price=D(100)), caller=BOT)
        placed = bench.venue.orders[order.id]
        provisional = bench.venue.execution(placed, D(2), D(100), state=FillState.PROVISIONAL)
        bench.venue.push(Channel.OWN_FILLS, bench.venue.fill_event(provisional))
        await bench.clock.settle()
        market(bench.venue, 90)
        await seen(bench, desk)
        assert to_lose(desk).used == "19"
        undone = attrs.evolve(provisional, state=FillState.REVERSED)
        bench.venue.push(Channel.OWN_FILLS, bench.venue.fill_event(undone))
        await bench.clock.settle()
        assert to_lose(desk).used == "0"


# -- the arithmetic

Filled = Callable[..., Fill]


@pytest.fixture
def filled() -> Filled:
    def make(side: Side, size: str, price: str, **changes: Any) -> Fill:
        fields: dict[str, Any] = {
            "id": "f",
            "venue": "v",
            "account": "a",
            "instrument": "BTC-USD",
            "fee": D(0),
            "fee_asset": "USD",
            "liquidity": Liquidity.TAKER,
            "time_ns": 1,
            "venue_order_id": "o",
            "client_order_id": None,
        }
        return Fill(side=side, size=D(size), price=D(price), **{**fields, **changes})

    return make


@pytest.fixture
def books() -> AgentBooks:
    spot = Instrument(
        id="BTC-USD",
        venue="v",
        kind=InstrumentKind.SPOT,
        base="BTC",
        quote="USD",
        tick_size=D("0.01"),
        lot_size=D("0.001"),
        min_size=D("0.001"),
    )
    foreign = attrs.evolve(spot, id="BTC-EUR", quote="EUR")
    known = {spot.id: spot, foreign.id: foreign}
    return AgentBooks(lambda agent: "bot" if agent == "bot" else None, known.get, frozenset({"USD"}))


def worth(books: AgentBooks, mark: str) -> Worth | None:
    return books.worth("bot", lambda _: D(mark))


def test_realized_is_against_the_average_cost_of_its_own_fills(books: AgentBooks, filled: Filled) -> None:
    books.fold(filled(Side.BUY, "1", "100"), "bot", 1)
    books.fold(filled(Side.BUY, "1", "200"), "bot", 1)
    books.fold(filled(Side.BUY, "5", "1"), "other", 1)
    books.fold(filled(Side.SELL, "1", "120", fee=D(2)), "bot", 1)
    assert worth(books, "160") == Worth(realized=D(-32), unrealized=D(10))


def test_who_sells_what_others_bought_is_short_in_its_own_book(books: AgentBooks, filled: Filled) -> None:
    books.fold(filled(Side.SELL, "2", "100"), "bot", 1)
    assert worth(books, "110") == Worth(realized=D(0), unrealized=D(-20))


def test_a_fee_in_the_base_counts_at_the_price_and_one_in_a_third_asset_does_not(
    books: AgentBooks, filled: Filled
) -> None:
    books.fold(filled(Side.BUY, "1", "100", fee=D("0.01"), fee_asset="BTC"), "bot", 1)
    books.fold(filled(Side.BUY, "1", "100", fee=D(5), fee_asset="BNB"), "bot", 1)
    found = worth(books, "100")
    assert found is not None
    assert found.total == -1


def test_what_is_undone_leaves_nothing(books: AgentBooks, filled: Filled) -> None:
    books.fold(filled(Side.BUY, "1", "100", fee=D(1)), "bot", 1)
    books.fold(filled(Side.BUY, "1", "100", fee=D(1)), "bot", 0)
    books.fold(filled(Side.BUY, "1", "100", fee=D(1)), "bot", -1)
    found = worth(books, "250")
    assert found is not None
    assert found.total == 0


def test_what_is_paid_in_another_currency_is_not_known(books: AgentBooks, filled: Filled) -> None:
    books.fold(filled(Side.BUY, "1", "100", instrument="BTC-EUR"), "bot", 1)
    assert worth(books, "100") is None
