"""Limits pass at the limit, refuse one step above, say what would pass, and refuse what they cannot know."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from venuekit.books.exposure import Exposure
from venuekit.desk.risk.checks import build_checks, error_of, run, run_all
from venuekit.desk.risk.hours import Hours
from venuekit.desk.risk.proposal import propose
from venuekit.errors import DataNotTrusted, Halted
from venuekit.model.account import Balance, Position
from venuekit.model.instrument import Instrument
from venuekit.model.intent import LimitOrder, MarketOrder, OrderRequest, Side, StopOrder
from venuekit.protocols.risk import Proposal, Quote, TradingState, Verdict
from venuekit.settings.schema import RiskSettings

D = Decimal
LOOSE = RiskSettings(max_open_orders=None, check_balance=False)


def ask(view: Exposure, instrument: Instrument, request: OrderRequest, risk: RiskSettings) -> Verdict | None:
    return run(build_checks(risk, Hours(())), proposal(view, instrument, request, risk), view)


def proposal(view: Exposure, instrument: Instrument, request: OrderRequest, risk: RiskSettings) -> Proposal:
    return propose(
        request,
        instrument,
        view,
        agent_id="a",
        collar=risk.price_collar,
        max_quote_age_seconds=risk.max_quote_age_seconds,
        now_ns=view._clock.now_ns(),
    )


def limit(size: str, price: str = "100", side: Side = Side.BUY, instrument: str = "BTC-USD", **more: Any) -> LimitOrder:
    return LimitOrder(instrument=instrument, side=side, size=D(size), price=D(price), **more)


def hold(view: Exposure, instrument: str, size: str) -> None:
    position = Position(
        venue="paper", account="a", instrument=instrument, quote="USD", size=D(size), average_entry_price=D(100)
    )
    view.set_positions([position], {instrument: D(size) * 100})


@pytest.mark.parametrize(
    ("name", "risk", "most"),
    [
        ("max_order_notional", {"max_order_notional": D(1000)}, "10"),
        ("max_position", {"max_position_size": {"BTC-USD": D(3)}}, "3"),
        ("max_position", {"max_position_notional": D(500)}, "5"),
        ("max_position", {"max_position_share": D("0.2")}, "20"),
        ("max_exposure", {"max_gross_exposure": D(700)}, "7"),
        ("max_exposure", {"max_net_exposure": D(600)}, "6"),
        ("balance", {"check_balance": True}, "100"),
    ],
)
def test_a_limit_passes_at_the_limit_and_refuses_one_lot_above(
    view: Exposure, spot: Instrument, name: str, risk: dict[str, Any], most: str
) -> None:
    rules = attrs.evolve(LOOSE, **risk)
    assert ask(view, spot, limit(most), rules) is None
    refused = ask(view, spot, limit(str(D(most) + D("0.001"))), rules)
    assert refused is not None
    assert refused.check == name
    assert refused.limit
    assert refused.value
    fits = re.search(r"size ([0-9.]+)", refused.would_pass)
    if fits:
        assert D(fits[1]) == D(most)
        assert ask(view, spot, limit(fits[1]), rules) is None


def test_the_collar_bounds_only_the_wrong_side_of_the_market(view: Exposure, spot: Instrument) -> None:
    assert ask(view, spot, limit("1", "105"), LOOSE) is None
    refused = ask(view, spot, limit("1", "105.01"), LOOSE)
    assert refused is not None
    assert (refused.check, refused.limit, refused.value) == ("price_collar", "105", "105.01")
    assert ask(view, spot, limit("1", "1"), LOOSE) is None
    assert ask(view, spot, limit("1", "94.05", Side.SELL), LOOSE) is None
    assert ask(view, spot, limit("1", "94.04", Side.SELL), LOOSE) is not None


def test_a_market_order_is_checked_at_the_worst_price_of_its_collar(view: Exposure, spot: Instrument) -> None:
    risk = attrs.evolve(LOOSE, max_order_notional=D(105))
    assert ask(view, spot, MarketOrder(instrument="BTC-USD", side=Side.BUY, size=D(1)), risk) is None
    refused = ask(view, spot, MarketOrder(instrument="BTC-USD", side=Side.BUY, size=D("1.001")), risk)
    assert refused is not None
    assert refused.value == "105.105"


def test_a_stop_that_would_trigger_at_once_is_priced_at_the_market(view: Exposure, spot: Instrument) -> None:
    order = StopOrder(instrument="BTC-USD", side=Side.BUY, size=D(1), stop_price=D("0.01"))
    assert proposal(view, spot, order, LOOSE).worst_price == D(105)


def test_a_cheap_sell_limit_does_not_slip_under_a_position_limit(view: Exposure, perp: Instrument) -> None:
    risk = attrs.evolve(LOOSE, max_position_notional=D(500), price_collar=None)
    refused = ask(view, perp, limit("6", "0.01", Side.SELL, "BTC-PERP"), risk)
    assert refused is not None
    assert refused.check == "max_position"


EVERY = RiskSettings(
    max_order_notional=D(10**9),
    max_position_notional=D(10**9),
    max_position_share=D(10),
    max_gross_exposure=D(10**9),
    max_net_exposure=D(10**9),
    max_daily_loss=D(100),
    max_spread=D("0.5"),
    min_liquidity_share=D(100),
)
BAD = st.sampled_from([D("NaN"), D("sNaN"), D("Infinity"), D("-Infinity"), D(0), D(-1)])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bad=BAD, side=st.sampled_from(Side), kind=st.sampled_from(["market", "limit", "stop"]))
def test_a_price_that_is_no_price_refuses_every_order(
    view: Exposure, perp: Instrument, bad: Decimal, side: Side, kind: str
) -> None:
    now = view._clock.now_ns()
    view._quotes[perp.id] = Quote(bid=bad, ask=bad, last=bad, bid_size=D(1), ask_size=D(1), time_ns=now)
    assert_untrusted(view, perp, kind, side)


@pytest.mark.parametrize("kind", ["market", "limit", "stop"])
@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("off_ns", [-16_000_000_000, 16_000_000_000])
def test_a_stale_price_and_one_from_the_future_refuse(
    view: Exposure, perp: Instrument, kind: str, side: Side, off_ns: int
) -> None:
    view._quotes[perp.id] = attrs.evolve(view._quotes[perp.id], time_ns=view._clock.now_ns() + off_ns)
    assert_untrusted(view, perp, kind, side)


def assert_untrusted(view: Exposure, instrument: Instrument, kind: str, side: Side) -> None:
    request: OrderRequest = {
        "market": lambda: MarketOrder(instrument=instrument.id, side=side, size=D(1)),
        "limit": lambda: limit("1", side=side, instrument=instrument.id),
        "stop": lambda: StopOrder(instrument=instrument.id, side=side, size=D(1), stop_price=D(100)),
    }[kind]()
    for risk in (EVERY, LOOSE):
        refused = ask(view, instrument, request, risk)
        assert refused is not None
        assert isinstance(error_of(refused), DataNotTrusted)


@pytest.mark.parametrize("figure", ["equity", "daily_pnl", "available", "gross_exposure", "position_size"])
@pytest.mark.parametrize("bad", [None, D("NaN"), D("sNaN")])
def test_a_missing_or_broken_figure_refuses_and_never_raises(
    view: Exposure, perp: Instrument, monkeypatch: pytest.MonkeyPatch, figure: str, bad: Decimal | None
) -> None:
    value: object = bad
    if figure == "position_size" and bad is None:
        value = D("NaN")
    monkeypatch.setattr(view, figure, lambda *_: value)
    assert ask(view, perp, limit("1", instrument="BTC-PERP"), EVERY) is not None


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(size=st.integers(1, 200_000), price=st.integers(1, 20_000), side=st.sampled_from(Side))
def test_what_if_and_enforcement_say_the_same(
    view: Exposure, perp: Instrument, size: int, price: int, side: Side
) -> None:
    risk = attrs.evolve(EVERY, max_order_notional=D(5000), max_position_notional=D(3000))
    checks = build_checks(risk, Hours(()))
    order = limit(str(D(size) / 1000), str(D(price) / 100), side, perp.id)
    p = proposal(view, perp, order, risk)
    refusals = [v for v in run_all(checks, p, view) if not v.allowed]
    assert run(checks, p, view) == (refusals[0] if refusals else None)


def test_reducing_lets_only_orders_that_reduce_go_and_halted_none(view: Exposure, perp: Instrument) -> None:
    hold(view, "BTC-PERP", "2")
    view.set_trading_state(TradingState.REDUCING)
    assert ask(view, perp, limit("2", side=Side.SELL, instrument="BTC-PERP"), LOOSE) is None
    assert ask(view, perp, limit("2.001", side=Side.SELL, instrument="BTC-PERP"), LOOSE) is not None
    assert ask(view, perp, limit("1", instrument="BTC-PERP"), LOOSE) is not None
    view.set_trading_state(TradingState.HALTED, "news at 14:00.")
    refused = ask(view, perp, limit("1", side=Side.SELL, instrument="BTC-PERP"), LOOSE)
    assert refused is not None
    error = error_of(refused)
    assert isinstance(error, Halted)
    assert "(news at 14:00)" in error.message


def test_an_equal_order_is_a_duplicate_however_its_digits_are_written(view: Exposure, spot: Instrument) -> None:
    from venuekit.desk.risk.proposal import fingerprint

    risk = attrs.evolve(LOOSE, duplicate_window_seconds=5.0)
    view.on_sent("a", fingerprint(limit("1.0")), view._clock.now_ns())
    refused = ask(view, spot, limit("1.00"), risk)
    assert refused is not None
    assert refused.check == "duplicate_order"
    view._clock.now += 5 * 10**9
    assert ask(view, spot, limit("1.00"), risk) is None


def test_a_closing_order_needs_no_margin_even_when_nothing_is_left(view: Exposure, perp: Instrument) -> None:
    hold(view, "BTC-PERP", "2")
    view.set_balances([Balance(venue="p", account="a", asset="USD", total=D(-5), available=D(-5), held=D(0))])
    rules = attrs.evolve(LOOSE, check_balance=True)
    assert ask(view, perp, limit("2", side=Side.SELL, instrument="BTC-PERP"), rules) is None
    assert ask(view, perp, limit("3", side=Side.SELL, instrument="BTC-PERP"), rules) is not None
