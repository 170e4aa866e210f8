"""Every check against a plain, slow restatement of it, over worlds made by chance, sane and hostile ones."""

from __future__ import annotations

import decimal
from decimal import Decimal
from fractions import Fraction
from typing import Any

import attrs
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from worlds import INSTRUMENTS, MAX_AGE, NOW, PERP, SPOT, World, of, requests, worlds

from venuekit.books.exposure import Exposure
from venuekit.desk.risk.checks import build_checks, run
from venuekit.desk.risk.hours import Hours
from venuekit.desk.risk.proposal import propose
from venuekit.model.instrument import Instrument
from venuekit.model.intent import LimitOrder, OrderRequest, Side
from venuekit.protocols.risk import Proposal, Quote
from venuekit.settings.schema import RiskSettings

D = Decimal
OFF = RiskSettings(price_collar=None, max_open_orders=None, check_balance=False)
COLLAR = Fraction(5, 100)
Known = Fraction | None


def proposed(request: OrderRequest, view: Exposure) -> Proposal:
    return propose(
        request,
        of(request.instrument),
        view,
        agent_id="a",
        collar=D("0.05"),
        max_quote_age_seconds=MAX_AGE,
        now_ns=NOW,
    )


def passes(request: OrderRequest, view: Exposure, **rules: Any) -> bool:
    return run(build_checks(attrs.evolve(OFF, **rules), Hours(())), proposed(request, view), view) is None


def number(value: Decimal | None) -> Known:
    """A figure that can be reckoned with; None for whatever is none."""
    return None if value is None or not value.is_finite() else Fraction(value)


class Oracle:
    """The same questions, answered from the world itself by the rules as a person would state them."""

    def __init__(self, world: World, request: OrderRequest) -> None:
        self.world = world
        self.request = request
        self.instrument = of(request.instrument)
        self.buy = request.side is Side.BUY
        self.quote = self.trusted(request.instrument)
        self.at = self.touch()
        self.contract = Fraction(self.instrument.contract_size)
        self.worst, self.price = self.prices()
        self.size, self.notional = self.amounts()

    def trusted(self, name: str) -> Quote | None:
        quote = self.world.quotes.get(name)
        if quote is None or abs(NOW - quote.time_ns) > MAX_AGE * 10**9:
            return None
        told = [p for p in (quote.bid, quote.ask, quote.last) if p is not None]
        return quote if told and all(p.is_finite() and p > 0 for p in told) else None

    def touch(self) -> Known:
        if self.quote is None:
            return None
        best = self.quote.ask if self.buy else self.quote.bid
        return number(best if best is not None else self.quote.last)

    def prices(self) -> tuple[Known, Known]:
        """The worst price that it may trade at, and the price that it is worth the most at."""
        kind, request = self.request.type.value, self.request
        limit = number(getattr(request, "price", None))
        stop = number(getattr(request, "stop_price", None))
        off = 1 + COLLAR if self.buy else 1 - COLLAR
        if kind in ("LIMIT", "STOP_LIMIT"):
            worst = limit
        elif kind == "BRACKET":
            assert limit is not None
            assert stop is not None
            worst = max(limit, stop) if self.buy else limit
        elif self.at is None:
            worst = None
        elif kind == "STOP":
            assert stop is not None
            worst = (max if self.buy else min)(stop, self.at) * off
        else:
            worst = self.at * off
        if self.buy or worst is None:
            return worst, worst
        if self.at is None:
            return worst, None
        return worst, max(worst, self.at, stop if stop is not None and kind != "BRACKET" else Fraction(0))

    def amounts(self) -> tuple[Known, Known]:
        size = number(self.request.size)
        amount = number(getattr(self.request, "quote_size", None))
        if amount is not None:
            least = self.at if self.buy else self.worst
            if least is None or self.at is None:
                return None, None
            lot = Fraction(self.instrument.lot_size)
            return amount / (least * self.contract) // lot * lot, amount
        return size, None if size is None or self.price is None else size * self.price * self.contract

    def rate(self) -> Known:
        if self.instrument.quote in ("USD", "USDC"):
            return Fraction(1)
        quote = self.trusted("BTC-USD")
        return None if quote is None else max(Fraction(p) for p in (quote.bid, quote.ask, quote.last) if p is not None)

    def value(self) -> Known:
        rate = self.rate()
        return None if self.notional is None or rate is None else self.notional * rate

    def unit(self) -> Known:
        rate = self.rate()
        if self.price is None or rate is None:
            return None
        unit = self.price * self.contract
        if getattr(self.request, "quote_size", None) is not None and self.size:
            assert self.notional is not None
            unit = max(unit, self.notional / self.size)
        return unit * rate

    def position(self) -> Known:
        return number(self.world.positions.get(self.instrument.id, D(0)))

    def waiting(self, side: Side) -> Fraction:
        mine = (o for o in self.world.orders if o.instrument == self.instrument.id and o.side is side)
        return sum((Fraction(o.remaining or 0) for o in mine), Fraction(0))

    def mark(self, name: str) -> Known:
        quote = self.world.quotes.get(name)
        if quote is None:
            return None
        if quote.bid is None or quote.ask is None:
            last = number(quote.last)
            return last if last is not None and last > 0 else None
        bid, ask = number(quote.bid), number(quote.ask)
        return None if bid is None or ask is None or bid <= 0 or ask <= 0 else (bid + ask) / 2

    def worth(self, name: str) -> Known:
        size, mark, known = self.world.positions.get(name, D(0)), self.mark(name), of(name)
        if size == 0:
            return Fraction(0)
        if number(size) is None or mark is None or known.quote not in ("USD", "USDC"):
            return None
        return Fraction(size) * mark * Fraction(known.contract_size)

    def open_value(self, side: Side) -> Known:
        total = Fraction(0)
        for order in self.world.orders:
            if order.side is side:
                price = number(order.price) if order.price is not None else self.mark(order.instrument)
                if price is None:
                    return None
                total += Fraction(order.remaining or 0) * price * Fraction(of(order.instrument).contract_size)
        return total

    def reduces(self) -> bool:
        position = self.position()
        if position is None or self.size is None or position == 0 or (position > 0) == self.buy:
            return False
        return self.size + self.waiting(self.request.side) <= abs(position)


def may_order_notional(o: Oracle, limit: Decimal) -> bool:
    value = o.value()
    return value is not None and value <= Fraction(limit)


def may_position(o: Oracle, size: Decimal | None, notional: Decimal | None) -> bool:
    position = o.position()
    if o.size is None or position is None:
        return False
    total = o.size + o.waiting(o.request.side)
    held = abs(position + total if o.buy else position - total)
    if held <= abs(position):
        return True
    if size is not None and held > Fraction(size):
        return False
    unit = o.unit()
    return notional is None or (unit is not None and held * unit <= Fraction(notional))


def may_exposure(o: Oracle, gross: Decimal | None, net: Decimal | None) -> bool:
    if o.reduces():
        return True
    value = o.value()
    if value is not None and value <= 0:
        return True
    worths = [o.worth(name) for name in o.world.positions]
    buys, sells = o.open_value(Side.BUY), o.open_value(Side.SELL)
    if value is None or buys is None or sells is None or any(w is None for w in worths):
        return False
    known = [w for w in worths if w is not None]
    if gross is not None and sum(map(abs, known)) + buys + sells + value > Fraction(gross):
        return False
    if net is None:
        return True
    total = sum(known, Fraction(0))
    return (total + buys + value if o.buy else sells + value - total) <= Fraction(net)


def may_collar(o: Oracle, share: Decimal) -> bool:
    kind = o.request.type.value
    at = number(getattr(o.request, "stop_price", None)) if kind == "STOP_LIMIT" else o.at
    if at is None:
        return False
    price = number(getattr(o.request, "price", None))
    if price is None:
        return True
    return price <= at * (1 + Fraction(share)) if o.buy else price >= at * (1 - Fraction(share))


def may_spread(o: Oracle, most: Decimal) -> bool:
    if getattr(o.request, "price", None) is not None:
        return True
    if o.quote is None or o.quote.bid is None or o.quote.ask is None or o.quote.ask < o.quote.bid:
        return False
    bid, ask = Fraction(o.quote.bid), Fraction(o.quote.ask)
    return (ask - bid) * 2 / (ask + bid) <= Fraction(most)


def same(world: World, request: OrderRequest, expected: bool, **rules: Any) -> None:
    if expected != passes(request, world.view(), **rules) and request.reduce_only:
        # Whether reduce_only reduces is a check of its own, which always runs.
        assert expected
        return
    assert expected == passes(request, world.view(), **rules)


CASES = st.tuples(
    st.one_of(worlds(), worlds(hostile=True)), st.sampled_from(INSTRUMENTS).flatmap(requests), st.integers(1, 60)
)
MANY = settings(max_examples=100, deadline=None, phases=(Phase.explicit, Phase.generate))


@given(CASES)
@MANY
def test_max_order_notional(case: tuple[World, OrderRequest, int]) -> None:
    world, request, n = case
    limit = D(n * 97)
    same(world, request, may_order_notional(Oracle(world, request), limit), max_order_notional=limit)


@given(CASES)
@MANY
def test_max_position(case: tuple[World, OrderRequest, int]) -> None:
    world, request, n = case
    o, size, value = Oracle(world, request), n * of(request.instrument).lot_size * 9, D(n * 97)
    same(world, request, may_position(o, size, None), max_position_size={request.instrument: size})
    same(world, request, may_position(o, None, value), max_position_notional=value)


@given(CASES)
@MANY
def test_max_exposure(case: tuple[World, OrderRequest, int]) -> None:
    world, request, n = case
    o, limit = Oracle(world, request), D(n * 397)
    same(world, request, may_exposure(o, limit, None), max_gross_exposure=limit)
    same(world, request, may_exposure(o, None, limit), max_net_exposure=limit)


@given(CASES)
@MANY
def test_price_collar_and_spread(case: tuple[World, OrderRequest, int]) -> None:
    world, request, n = case
    share = D(n) / 200
    same(world, request, may_collar(Oracle(world, request), share), price_collar=share)
    same(world, request, may_spread(Oracle(world, request), share), max_spread=share)


RULES: list[dict[str, Any]] = [
    {"max_order_notional": D(500)},
    {"max_position_notional": D(900)},
    {"max_position_share": D("0.2")},
    {"max_position_size": {i.id: 50 * i.lot_size for i in INSTRUMENTS}},
    {"max_gross_exposure": D(3000)},
    {"max_net_exposure": D(3000)},
    {"max_daily_loss": D(10)},
    {"max_daily_loss_share": D("0.05")},
    {"check_balance": True},
]


@given(
    world=worlds(hostile=True),
    request=st.sampled_from(INSTRUMENTS).flatmap(requests),
    rules=st.sampled_from(RULES),
)
@MANY
def test_no_host_programs_arithmetic_makes_a_check_pass_that_refuses(
    world: World, request: OrderRequest, rules: dict[str, Any]
) -> None:
    """A host may have switched the traps of its decimal context off; comparisons with no number are then just false."""
    view = world.view()
    try:
        expected = passes(request, view, **rules)
    except ArithmeticError:
        expected = False
    with decimal.localcontext(decimal.Context(prec=5, traps=[])):
        assert not passes(request, view, **rules) or expected


def _tighter(rules: dict[str, Any]) -> dict[str, Any]:
    def half(value: Any) -> Any:
        return {k: v / 2 for k, v in value.items()} if isinstance(value, dict) else value / 2

    return {k: v if isinstance(v, bool) else half(v) for k, v in rules.items()}


def _smaller(request: OrderRequest, instrument: Instrument) -> OrderRequest | None:
    if request.size is None:
        return None
    count = int(request.size / instrument.lot_size)
    return attrs.evolve(request, size=(count // 2) * instrument.lot_size) if count > 1 else None


@given(world=worlds(), request=st.sampled_from(INSTRUMENTS).flatmap(requests), rules=st.sampled_from(RULES))
@MANY
def test_a_tighter_limit_passes_no_more_and_a_smaller_order_no_less(
    world: World, request: OrderRequest, rules: dict[str, Any]
) -> None:
    view = world.view()
    if passes(request, view, **_tighter(rules)):
        assert passes(request, view, **rules)
    smaller = _smaller(request, of(request.instrument))
    if smaller is not None and passes(request, view, **rules):
        assert passes(smaller, view, **rules)


@pytest.mark.parametrize("size", ["NaN", "Infinity", "-Infinity"])
@pytest.mark.parametrize("side", Side)
def test_a_position_that_is_no_number_lets_nothing_pass(size: str, side: Side) -> None:
    view = World(quotes={}, positions={PERP.id: D(size)}, orders=[], balances={"USD": D(1)}).view()
    order = LimitOrder(instrument=PERP.id, side=side, size=D(1), price=D(100))
    assert not passes(order, view, max_position_size={PERP.id: D(10)})
    assert not passes(order, view, max_gross_exposure=D(10**9))


@pytest.mark.parametrize("total", ["NaN", "Infinity"])
def test_a_balance_that_is_no_number_pays_for_nothing(total: str) -> None:
    view = World(quotes={}, positions={}, orders=[], balances={"USD": D(total)}).view()
    assert not passes(LimitOrder(instrument=SPOT.id, side=Side.BUY, size=D(1), price=D(100)), view, check_balance=True)


def test_a_position_of_more_digits_than_the_hosts_context_keeps_is_not_rounded_away() -> None:
    quote = Quote(bid=D("0.40"), ask=D("0.43"), last=D("0.42"), bid_size=D(9), ask_size=D(9), time_ns=NOW)
    world = World(quotes={"YES": quote}, positions={"YES": D("1E+60")}, orders=[], balances={"USD": D(1000)})
    request = LimitOrder(instrument="YES", side=Side.BUY, size=D("28.8"), price=D("0.42"))
    assert not passes(request, world.view(), max_position_size={"YES": D("34.2")})
