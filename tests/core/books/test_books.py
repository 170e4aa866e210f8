"""Books are folds: any order of work gives the same state as starting over."""

from __future__ import annotations

from decimal import Decimal

import attrs
from hypothesis import given, settings
from hypothesis import strategies as st

from venuekit.books.exposure import Exposure
from venuekit.books.orders import REMEMBERED_ORDERS, Orders
from venuekit.books.positions import Positions
from venuekit.model.account import Balance
from venuekit.model.instrument import Instrument, InstrumentKind
from venuekit.model.intent import OrderType, Side, TimeInForce
from venuekit.model.money import EXACT
from venuekit.model.order import Fill, FillState, Liquidity, Order, OrderStatus
from venuekit.protocols.risk import Quote

D = Decimal


class StillClock:
    def now_ns(self) -> int:
        return 10**18

    def monotonic_ns(self) -> int:
        return 10**18

    async def sleep(self, seconds: float) -> None:
        raise AssertionError(seconds)


def instrument(name: str, kind: InstrumentKind) -> Instrument:
    return Instrument(
        id=name,
        venue="p",
        kind=kind,
        base=name[:3],
        quote="USD",
        tick_size=D("0.01"),
        lot_size=D(1),
        min_size=D(1),
        initial_margin=D("0.1") if kind is InstrumentKind.PERPETUAL else D(1),
    )


KNOWN = {i.id: i for i in (instrument("AAA", InstrumentKind.SPOT), instrument("BBB", InstrumentKind.PERPETUAL))}


def fill(number: int, name: str, side: Side, price: int, size: int, state: FillState = FillState.CONFIRMED) -> Fill:
    return Fill(
        id=str(number),
        venue="p",
        account="a",
        instrument=name,
        venue_order_id="v",
        client_order_id=None,
        side=side,
        price=D(price),
        size=D(size),
        fee=D("0.1"),
        fee_asset="USD",
        liquidity=Liquidity.TAKER,
        time_ns=number,
        state=state,
    )


def order(key: str, name: str, side: Side, size: int, status: OrderStatus, filled: int = 0) -> Order:
    return Order(
        venue="p",
        account="a",
        instrument=name,
        side=side,
        type=OrderType.LIMIT,
        status=status,
        time_in_force=TimeInForce.GTC,
        created_ns=1,
        updated_ns=1,
        size=D(size),
        price=D(10),
        client_order_id=key,
        filled_size=D(filled),
    )


def book() -> Positions:
    return Positions("p", "a", KNOWN.get)


FILLS = st.lists(
    st.tuples(st.sampled_from(sorted(KNOWN)), st.sampled_from(Side), st.integers(1, 50), st.integers(1, 9)),
    max_size=25,
)


@settings(max_examples=30, deadline=None)
@given(FILLS)
def test_equity_of_a_position_is_the_cash_that_went_through_it(rows: list[tuple[str, Side, int, int]]) -> None:
    positions, mark = book(), D(17)
    cash = {name: D(0) for name in KNOWN}
    for number, (name, side, price, size) in enumerate(rows):
        assert positions.apply(fill(number, name, side, price, size))
        assert not positions.apply(fill(number, name, side, price, size)), "a repeated fill counts once"
        cash[name] -= D(price) * size * side.sign
    for name in KNOWN:
        p = positions.position(name, mark)
        assert p.unrealized_pnl is not None
        assert EXACT.add(p.realized_pnl, p.unrealized_pnl) == cash[name] + p.size * mark


@settings(max_examples=30, deadline=None)
@given(FILLS, FILLS)
def test_a_reversed_fill_leaves_no_trace(
    kept: list[tuple[str, Side, int, int]], undone: list[tuple[str, Side, int, int]]
) -> None:
    plain, busy = book(), book()
    for number, row in enumerate(kept):
        plain.apply(fill(number, *row))
        busy.apply(fill(number, *row))
    for number, row in enumerate(undone, 1000):
        busy.apply(fill(number, *row, FillState.PROVISIONAL))
    for number, row in enumerate(undone, 1000):
        busy.apply(fill(number, *row, FillState.REVERSED))
    for name in KNOWN:
        assert busy.holding(name) == plain.holding(name)


def test_a_long_that_is_sold_through_becomes_a_short_at_the_new_price() -> None:
    positions = book()
    positions.apply(fill(1, "BBB", Side.BUY, 10, 2))
    positions.apply(fill(2, "BBB", Side.SELL, 15, 5))
    p = positions.position("BBB", D(12))
    assert (p.size, p.average_entry_price, p.realized_pnl, p.unrealized_pnl) == (D(-3), D(15), D(10), D(9))
    assert p.fees_paid == D("0.2")


def test_a_stale_or_impossible_update_is_named_and_changes_nothing() -> None:
    orders = Orders()
    orders.apply(order("a", "AAA", Side.BUY, 5, OrderStatus.PARTIALLY_FILLED, 3))
    back = orders.apply(order("a", "AAA", Side.BUY, 5, OrderStatus.PARTIALLY_FILLED, 2))
    assert not back.changed
    assert back.refused
    orders.apply(order("a", "AAA", Side.BUY, 5, OrderStatus.CANCELED, 3))
    alive = orders.apply(order("a", "AAA", Side.BUY, 5, OrderStatus.OPEN, 3))
    assert not alive.changed
    assert "CANCELED" in alive.refused
    assert orders.live() == []


def test_an_end_counts_although_its_report_does_not_say_how_new_it_is() -> None:
    orders = Orders()
    told = order("a", "AAA", Side.BUY, 5, OrderStatus.OPEN, 2)
    orders.apply(told.but(updated_ns=told.created_ns + 100))
    listed = told.but(status=OrderStatus.CANCELED, updated_ns=told.created_ns, size=Decimal(4))
    ended = orders.apply(listed)
    assert (ended.order.status, ended.order.size) == (OrderStatus.CANCELED, Decimal(5))
    fewer = told.but(status=OrderStatus.CANCELED, filled_size=Decimal(1), updated_ns=told.created_ns)
    orders = Orders()
    orders.apply(told.but(updated_ns=told.created_ns + 100))
    assert not orders.apply(fewer).changed


def test_done_orders_are_forgotten_in_the_end() -> None:
    orders = Orders()
    for n in range(REMEMBERED_ORDERS + 10):
        orders.put(order(str(n), "AAA", Side.BUY, 5, OrderStatus.CANCELED))
    assert orders.get("9") is None
    assert orders.get("10") is not None


def exposure() -> Exposure:
    view = Exposure(StillClock(), "USD")
    view.set_instruments(KNOWN.values())
    for name in KNOWN:
        view.on_quote(name, Quote(bid=D(9), ask=D(11), last=D(10), bid_size=D(1), ask_size=D(1), time_ns=10**18))
    balance = Balance(venue="p", account="a", asset="USD", total=D(1000), available=D(1000), held=D(0))
    view.set_balances([balance])
    return view


def figures(view: Exposure) -> list[object]:
    sizes = [view.open_size(name, side) for name in KNOWN for side in Side]
    counts = [view.open_order_count(name) for name in KNOWN]
    money = [view.open_notional(side) for side in Side]
    money += [view.gross_exposure(), view.net_exposure(), view.equity()]
    return [*sizes, *counts, *money, *(view.available(asset) for asset in ("USD", "AAA"))]


STEPS = st.lists(
    st.tuples(
        st.integers(0, 5), st.sampled_from(sorted(KNOWN)), st.sampled_from(Side), st.integers(1, 9), st.booleans()
    ),
    max_size=40,
)


@settings(max_examples=30, deadline=None)
@given(STEPS, FILLS)
def test_exposure_kept_up_to_date_equals_exposure_from_scratch(
    steps: list[tuple[int, str, Side, int, bool]], rows: list[tuple[str, Side, int, int]]
) -> None:
    view, last = exposure(), {}
    positions = book()
    fills = [fill(n, *row) for n, row in enumerate(rows)]
    for key, name, side, size, is_open in steps:
        status = OrderStatus.OPEN if is_open else OrderStatus.CANCELED
        last[key] = order(str(key), name, side, size, status)
        view.on_order(last[key])
    for f in fills:
        positions.apply(f)
        holding = positions.holding(f.instrument)
        view.on_fill(f, holding.size, holding.cost, 1)
    fresh = exposure()
    for name in KNOWN:
        held = [f for f in fills if f.instrument == name]
        for n, f in enumerate(held):
            done = positions.holding(name) if n == len(held) - 1 else None
            fresh.on_fill(f, done.size if done else D(0), done.cost if done else D(0), 1)
    for known in last.values():
        if known.status is OrderStatus.OPEN:
            fresh.on_order(known)
    assert figures(view) == figures(fresh)


def test_a_provisional_fill_moves_money_once_and_its_reversal_moves_it_back() -> None:
    view = exposure()
    pending = fill(1, "AAA", Side.BUY, 10, 5, FillState.PROVISIONAL)
    before = view.equity()
    view.on_fill(pending, D(5), D(50), 1)
    after = view.available("USD")
    view.on_fill(attrs.evolve(pending, state=FillState.CONFIRMED), D(5), D(50), 0)
    assert view.available("USD") == after
    other = fill(2, "AAA", Side.BUY, 10, 5, FillState.PROVISIONAL)
    view.on_fill(other, D(10), D(100), 1)
    view.on_fill(attrs.evolve(other, state=FillState.REVERSED), D(5), D(50), -1)
    assert view.available("USD") == after
    assert before is not None
    assert view.equity() == before - D("0.1")
