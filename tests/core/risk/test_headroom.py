"""An order of exactly the headroom passes, and one lot more is refused by that very check."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import CROSS, INSTRUMENTS, MAX_AGE, NOW, OUTCOME, PERP, SPOT, World, worlds

from venuekit.books.exposure import Exposure
from venuekit.desk.risk.checks import build_checks, run
from venuekit.desk.risk.headroom import Sized, figures, sizes
from venuekit.desk.risk.hours import Hours
from venuekit.desk.risk.proposal import fingerprint, propose
from venuekit.model.instrument import Instrument
from venuekit.model.intent import LimitOrder, MarketOrder, Side
from venuekit.protocols.risk import Headroom, RiskCheck
from venuekit.settings.schema import RiskSettings

D = Decimal
OFF = RiskSettings(price_collar=D("0.05"), max_open_orders=None, check_balance=False)


def checks_of(**rules: Any) -> list[RiskCheck]:
    return build_checks(attrs.evolve(OFF, **rules), Hours(()))


def market(view: Exposure, instrument: Instrument, side: Side) -> Sized:
    return lambda size: propose(
        MarketOrder(instrument=instrument.id, side=side, size=size),
        instrument,
        view,
        agent_id="a",
        collar=OFF.price_collar,
        max_quote_age_seconds=MAX_AGE,
        now_ns=NOW,
    )


def rows_of(view: Exposure, instrument: Instrument, side: Side, **rules: Any) -> list[Headroom]:
    return sizes(checks_of(**rules), view, instrument, side, market(view, instrument, side))


LIMITS: list[dict[str, Any]] = [
    {"max_order_notional": D(777)},
    {"max_position_size": {i.id: 77 * i.lot_size for i in INSTRUMENTS}},
    {"max_position_notional": D(1234)},
    {"max_position_share": D("0.3")},
    {"max_gross_exposure": D(4321)},
    {"max_net_exposure": D(4321)},
    {"check_balance": True},
]


@pytest.mark.parametrize("rules", LIMITS, ids=lambda rules: next(iter(rules)))
@given(world=worlds(), instrument=st.sampled_from(INSTRUMENTS), side=st.sampled_from(Side))
@settings(max_examples=60)
def test_the_largest_order_passes_and_one_lot_more_does_not(
    rules: dict[str, Any], world: World, instrument: Instrument, side: Side
) -> None:
    view = world.view()
    (check,) = (c for c in checks_of(**rules) if c.name not in ("trading_state", "reduce_only", "price_collar"))
    sized = market(view, instrument, side)
    rows = rows_of(view, instrument, side, **rules)
    assert [row.check for row in rows] == [check.name]
    for row in rows:
        assert (row.instrument, row.side) == (instrument.id, side.value)
        if not row.left:
            assert "not known" in row.message
            assert run([check], sized(instrument.lot_size), view) is not None
            continue
        left = D(row.left)
        assert left % instrument.lot_size == 0
        assert left == 0 or run([check], sized(left), view) is None
        beyond = run([check], sized(left + instrument.lot_size), view)
        assert beyond is not None
        assert beyond.check == row.check
        assert f"{'buy' if side is Side.BUY else 'sell'} {row.left} " in row.message


@given(world=worlds(), instrument=st.sampled_from(INSTRUMENTS), side=st.sampled_from(Side), data=st.data())
def test_every_smaller_order_passes_too(world: World, instrument: Instrument, side: Side, data: st.DataObject) -> None:
    view = world.view()
    rules = data.draw(st.sampled_from(LIMITS))
    sized = market(view, instrument, side)
    for row in rows_of(view, instrument, side, **rules):
        count = int(D(row.left or "0") / instrument.lot_size)
        if count:
            size = data.draw(st.integers(1, count)) * instrument.lot_size
            assert run(checks_of(**rules), sized(size), view) is None


@given(world=worlds(), limit=st.integers(0, 12), sent=st.integers(0, 12))
def test_as_many_orders_as_are_left_go_and_none_more(world: World, limit: int, sent: int) -> None:
    view = world.view()
    checks = checks_of(max_orders_per_minute=limit, max_open_orders=limit)
    request = LimitOrder(instrument=SPOT.id, side=Side.BUY, size=D(1), price=D(100))
    order = propose(request, SPOT, view, agent_id="a", collar=None, max_quote_age_seconds=MAX_AGE, now_ns=NOW)
    for _ in range(sent):
        view.on_sent("a", fingerprint(request), NOW)
    rate, working = (int(row.left) for row in figures(checks, view))
    by_name = {check.name: check for check in checks}
    for _ in range(rate):
        assert run([by_name["order_rate"]], order, view) is None
        view.on_sent("a", fingerprint(request), NOW)
    assert run([by_name["order_rate"]], order, view) is not None
    assert working == max(0, limit - view.open_order_count())
    assert (run([by_name["max_open_orders"]], order, view) is None) == (working > 0)


@given(world=worlds(), lost=st.integers(-50, 200), cap=st.integers(0, 200))
def test_what_may_be_lost_today_is_exact(world: World, lost: int, cap: int) -> None:
    world = attrs.evolve(world, positions={}, orders=[], balances={"USD": D(1000)})
    view = world.view()
    view.start_day_at(NOW // (86_400 * 10**9), D(1000 + lost))
    checks = checks_of(max_daily_loss=D(cap))
    (row,) = figures(checks, view)
    assert D(row.left) == max(0, cap - max(0, lost))
    refused = run(checks, market(view, SPOT, Side.BUY)(D(1)), view)
    assert (refused is None) == (lost <= 0 or D(row.left) > 0)


def test_it_says_how_much_more_in_the_instruments_own_units() -> None:
    world = World(quotes={}, positions={PERP.id: D(20)}, orders=[], balances={"USD": D(10_000)})
    view = world.view()
    rules: dict[str, Any] = {"max_position_size": {SPOT.id: D("0.31"), PERP.id: D(50), OUTCOME.id: D(5)}}

    def said(instrument: Instrument, side: Side) -> str:
        (row,) = rows_of(view, instrument, side, **rules)
        return row.message

    assert said(SPOT, Side.BUY) == "you may buy 0.31 BTC more of BTC-USD before max_position"
    assert said(PERP, Side.BUY) == "you may buy 30 contracts more of BTC-PERP before max_position"
    assert said(PERP, Side.SELL) == "you may sell 70 contracts more of BTC-PERP before max_position"
    assert said(OUTCOME, Side.BUY) == "you may buy 5 more of YES before max_position"


def test_what_has_no_bound_is_not_told_and_what_cannot_be_known_says_why() -> None:
    view = World(quotes={}, positions={}, orders=[], balances={"USD": D(10_000)}).view()
    assert rows_of(view, SPOT, Side.BUY, max_position_size={PERP.id: D(1)}) == []
    (row,) = rows_of(view, CROSS, Side.BUY, max_order_notional=D(5))
    assert row.left == ""
    assert row.message.startswith("how much more of ETH-BTC you may buy is not known: price is not known")
