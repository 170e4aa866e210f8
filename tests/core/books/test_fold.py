"""State is a fold of what the venue says: repeated, and in any order, it ends the same."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import attrs
from hypothesis import given, settings
from hypothesis import strategies as st

from venuekit.desk.state import State
from venuekit.model.account import Balance
from venuekit.model.instrument import Instrument, InstrumentKind
from venuekit.model.intent import OrderType, Side, TimeInForce
from venuekit.model.market import Ticker
from venuekit.model.order import Fill, FillState, Liquidity, Order, OrderStatus
from venuekit.testing.clock import SimulatedClock

D = Decimal
CLOCK = SimulatedClock()
VENUE: Any = SimpleNamespace(name="v", account="a")
NAMES = {"AAA-USD": InstrumentKind.SPOT, "BBB-PERP": InstrumentKind.PERPETUAL, "CCC-YES": InstrumentKind.BINARY_OUTCOME}
Told = Order | Fill


def instrument(name: str, kind: InstrumentKind) -> Instrument:
    base = "AAA" if kind is InstrumentKind.SPOT else name
    lot = D("0.1")
    return Instrument(
        id=name, venue="v", kind=kind, base=base, quote="USD", tick_size=D("0.01"), lot_size=lot, min_size=lot
    )


def desk_state() -> State:
    state = State(VENUE, CLOCK, "USD")
    for name, kind in NAMES.items():
        state.know(instrument(name, kind))
        ticker = Ticker(
            venue="v", instrument=name, time_ns=1, bid=D(9), bid_size=D(1), ask=D(11), ask_size=D(1), last=D(10)
        )
        state.see(ticker)
    held = {"USD": D(10_000), "AAA": D(50)}
    state.exposure.set_balances(
        [Balance(venue="v", account="a", asset=a, total=n, available=n, held=D(0)) for a, n in held.items()]
    )
    return state


@attrs.frozen
class Step:
    """Something that happens to one of the orders at the venue."""

    order: int
    what: str
    amount: int
    provisional: bool
    #: What is told when a fill is final is not what was told at first.
    mended: bool = False


@attrs.frozen
class History:
    """What the venue says of several orders, in the order in which it happened."""

    first: list[Order]
    told: list[Told]


def play(kinds: list[tuple[str, Side]], steps: list[Step]) -> History:
    """Let the venue do the steps, and write down every report of it."""
    now = {}
    for n, (name, side) in enumerate(kinds):
        now[n] = Order(
            venue="v",
            account="a",
            instrument=name,
            side=side,
            type=OrderType.LIMIT,
            status=OrderStatus.OPEN,
            time_in_force=TimeInForce.GTC,
            created_ns=1,
            updated_ns=1,
            size=D(5),
            price=D(10),
            client_order_id=f"o{n}",
            venue_order_id=f"v{n}",
            fee_asset="USD",
        )
    first, told = list(now.values()), list[Told](now.values())
    for at, step in enumerate(steps, 2):
        order = now.get(step.order)
        if order is None or order.is_done:
            continue
        assert order.size is not None
        left = order.size - order.filled_size
        if step.what == "cancel":
            order = order.but(status=OrderStatus.CANCELED)
        elif step.what == "amend":
            order = order.but(price=D(9) + D(step.amount) / 10)
        else:
            fill = Fill(
                id=f"f{at}",
                venue="v",
                account="a",
                instrument=order.instrument,
                venue_order_id=order.venue_order_id or "",
                client_order_id=order.client_order_id if at % 2 else None,
                side=order.side,
                price=order.price or D(10),
                size=min(D(step.amount), left),
                fee=D("0.01"),
                fee_asset="USD",
                liquidity=Liquidity.MAKER,
                time_ns=at,
            )
            if step.provisional or step.what == "undo":
                wrong = {"price": D(8), "fee": D(0), "time_ns": at + 2} if step.mended else {}
                told.append(attrs.evolve(fill, state=FillState.PROVISIONAL, **wrong))
            if step.what == "undo":
                told.append(attrs.evolve(fill, state=FillState.REVERSED))
                continue
            told.append(fill)
            filled = order.filled_size + fill.size
            status = OrderStatus.FILLED if filled == order.size else OrderStatus.PARTIALLY_FILLED
            value = order.filled_size * (order.average_price or D(0)) + fill.size * fill.price
            average = (value / filled).quantize(D("0.000001"))
            order = order.but(status=status, filled_size=filled, average_price=average, fees=order.fees + fill.fee)
        now[step.order] = order = order.but(updated_ns=at)
        told.append(order)
    return History(first, told)


def folded(history: History, told: list[Told]) -> dict[str, object]:
    """All that a desk which sent these orders knows after it was told."""
    state = desk_state()
    for order in history.first:
        state.put(order.but(status=OrderStatus.SUBMITTING, venue_order_id=None, updated_ns=10**18))
    for event in told:
        if isinstance(event, Order):
            state.apply(event)
        else:
            state.fold(event)
    view = state.exposure
    known: dict[str, object] = {}
    for order in history.first:
        now = state.orders.get(order.id)
        assert now is not None
        known[order.id] = (now.status, now.filled_size, now.price, now.average_price, now.fees, now.venue_order_id)
    for name in NAMES:
        holding = state.positions.holding(name)
        known[name] = (
            holding,
            *(view.open_size(name, side) for side in Side),
            view.open_order_count(name),
            view.position_size(name),
        )
    known["money"] = [view.total(asset) for asset in ("USD", "AAA")]
    known["claims"] = [view.available("AAA"), *(view.open_notional(side) for side in Side), view.gross_exposure()]
    known["live"] = {o.id for o in state.orders.live()}
    return known


KINDS = st.lists(st.tuples(st.sampled_from(sorted(NAMES)), st.sampled_from(Side)), min_size=1, max_size=4)
STEPS = st.lists(
    st.builds(
        Step,
        order=st.integers(0, 3),
        what=st.sampled_from(["fill", "fill", "fill", "amend", "undo", "cancel"]),
        amount=st.integers(1, 4),
        provisional=st.booleans(),
        mended=st.booleans(),
    ),
    max_size=16,
)


def shared(kind: str, *steps: Step, sides: Sequence[Side] = (Side.BUY,)) -> History:
    """The history of orders for one instrument."""
    return play([(kind, side) for side in sides], list(steps))


def test_a_price_that_was_amended_and_amended_back_is_not_replaced_by_the_one_between() -> None:
    up, back = (Step(0, "amend", n, provisional=False) for n in (1, 2))
    history = shared("AAA-USD", back, up, back)
    opened, first, between, last = history.told
    assert folded(history, [opened, first, last, between]) == folded(history, history.told)


def test_a_late_fill_changes_what_the_later_ones_took_and_the_money_with_it() -> None:
    history = shared(
        "BBB-PERP",
        Step(0, "fill", 1, provisional=True),
        Step(0, "amend", 1, provisional=False),
        Step(0, "fill", 1, provisional=True),
        Step(1, "fill", 1, provisional=False),
        sides=(Side.SELL, Side.BUY),
    )
    late = [t for t in history.told if isinstance(t, Fill) and t.time_ns == 2]
    reordered = [t for t in history.told if t not in late] + late
    assert folded(history, reordered) == folded(history, history.told)


def test_a_newer_report_with_less_filled_has_the_newer_price_and_takes_no_fill_back() -> None:
    history = shared("AAA-USD", Step(0, "fill", 2, provisional=False))
    report = history.told[-1]
    assert isinstance(report, Order)
    stale = report.but(price=D("9.5"), filled_size=D(1), average_price=D(7), updated_ns=report.updated_ns + 1)
    before, after = folded(history, [*history.told, stale]), folded(history, [*history.told[:-1], stale, report])
    assert before == after
    assert before["o0"] == (report.status, D(2), D("9.5"), D(10), D("0.01"), "v0")


@settings(max_examples=150, deadline=None)
@given(kinds=KINDS, steps=STEPS, data=st.data())
def test_repeated_and_in_any_order_it_ends_the_same(
    kinds: list[tuple[str, Side]], steps: list[Step], data: st.DataObject
) -> None:
    history = play(kinds, steps)
    again = data.draw(st.lists(st.sampled_from(history.told), max_size=len(history.told)), label="told again")
    shuffled = data.draw(st.permutations(history.told + again), label="told")
    assert folded(history, shuffled) == folded(history, history.told)


@settings(max_examples=60, deadline=None)
@given(kinds=KINDS, steps=STEPS)
def test_told_in_order_it_ends_where_the_venue_is(kinds: list[tuple[str, Side]], steps: list[Step]) -> None:
    history = play(kinds, steps)
    known = folded(history, history.told)
    truth = {o.id: o for o in history.told if isinstance(o, Order)}
    fills = {f.id: f for f in history.told if isinstance(f, Fill)}
    for order in truth.values():
        figures = (order.filled_size, order.price, order.average_price, order.fees)
        assert known[order.id] == (order.status, *figures, order.venue_order_id)
    for name in NAMES:
        counted = [f for f in fills.values() if f.instrument == name and f.state is FillState.CONFIRMED]
        size = sum((f.size * f.side.sign for f in counted), D(0))
        open_size = [
            sum(
                (o.remaining or D(0) for o in truth.values() if o.instrument == name and o.side is s and not o.is_done),
                D(0),
            )
            for s in Side
        ]
        held = known[name]
        assert isinstance(held, tuple)
        assert (held[0].size, list(held[1:3])) == (size, open_size)
