"""The venue's words on an order, in any order and from any place, together with what we know and it forgets."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from venuekit.adapter import (
    NANOS,
    Fill,
    FillState,
    LimitOrder,
    Liquidity,
    MarketOrder,
    Order,
    OrderEventKind,
    OrderStatus,
    Side,
    TimeInForce,
)
from venuekit.testing.clock import SimulatedClock
from venuekit_polymarket.orders import Orders, difference
from venuekit_polymarket.own_frames import OwnOrders
from venuekit_polymarket.records import KeptFill, Records

pytestmark = pytest.mark.anyio
D = Decimal
S = OrderStatus
TOKEN, ID = "71321045679252212594", "0x" + "1" * 64


class Kept(Orders):
    """Orders of an account, and what is kept of them."""

    def __init__(self, records: Records, clock: SimulatedClock) -> None:
        super().__init__("main", records, clock)
        self.records = records
        self.clock = clock

    def filled(self, size: str, *, name: str, state: FillState = FillState.CONFIRMED) -> None:
        """Know a fill of the order."""
        fill = Fill(
            id=name,
            venue="polymarket",
            account="main",
            instrument=TOKEN,
            venue_order_id=ID,
            client_order_id=None,
            side=Side.BUY,
            price=D("0.5"),
            size=D(size),
            fee=D("0.01"),
            fee_asset="pUSD",
            liquidity=Liquidity.TAKER,
            time_ns=1,
            state=state,
        )
        self.records.put_fills([KeptFill(fill, name, mined=True)])


@pytest.fixture
def orders(tmp_path: Path) -> Iterator[Kept]:
    records = Records(tmp_path / "orders.db")
    records.open()
    yield Kept(records, SimulatedClock())
    records.close()


def row(**more: Any) -> dict[str, Any]:
    return {
        "id": ID,
        "asset_id": TOKEN,
        "side": "BUY",
        "original_size": "10",
        "size_matched": "0",
        "price": "0.5",
        "status": "LIVE",
        "order_type": "GTC",
        "created_at": "1700000000",
        **more,
    }


def ours(orders: Orders, **more: Any) -> Order:
    """An order that was placed from here, as the venue has it."""
    order = Order(
        venue="polymarket",
        account="main",
        instrument=TOKEN,
        side=Side.BUY,
        type=LimitOrder.type,
        status=S.OPEN,
        time_in_force=TimeInForce.GTC,
        created_ns=1_700_000_000 * NANOS,
        updated_ns=1_700_000_000 * NANOS,
        size=D(10),
        price=D("0.5"),
        client_order_id="mine",
        venue_order_id=ID,
        fee_asset="pUSD",
    )
    return orders.tell(order.but(**more))


async def test_what_has_not_changed_keeps_its_time_and_what_has_is_later_though_the_clock_stands(orders: Kept) -> None:
    first = ours(orders)
    await orders.clock.advance(5)
    assert ours(orders).updated_ns == first.updated_ns
    orders.clock = SimulatedClock(first.updated_ns)
    orders._clock = orders.clock
    assert orders.listed(row(size_matched="4")).updated_ns == first.updated_ns + 1


def test_how_much_was_wanted_is_what_we_asked_for_and_not_what_the_venue_counts(orders: Kept) -> None:
    """A purchase at once spends money: at a worse price the venue calls fewer shares the whole of it."""
    ours(orders, time_in_force=TimeInForce.IOC)
    order = orders.listed(row(original_size="8.3333", size_matched="8.3333", status="MATCHED"))
    assert (order.size, order.filled_size, order.status) == (D(10), D("8.3333"), S.CANCELED)


def test_a_cancellation_ends_an_order_whatever_its_status_says(orders: Kept) -> None:
    ours(orders)
    told = orders.from_frame(row(type="CANCELLATION", status="LIVE", size_matched="3"))
    assert told is not None
    assert (told.status, told.filled_size) == (S.CANCELED, D(3))


def test_a_cancellation_that_says_why_keeps_its_reason(orders: Kept) -> None:
    told = orders.from_frame(row(type="CANCELLATION", status="CANCELED_MARKET_RESOLVED"))
    assert told is not None
    assert (told.status, told.status_code) == (S.CANCELED, "MARKET_RESOLVED")


def test_known_fills_count_although_the_list_is_late(orders: Kept) -> None:
    orders.filled("4", name="f1")
    order = orders.listed(row(size_matched="0"))
    assert (order.filled_size, order.average_price, order.fees) == (D(4), D("0.5"), D("0.01"))
    assert order.status is S.PARTIALLY_FILLED


def test_a_late_frame_opens_no_order_again_and_one_that_has_traded_more_is_believed(orders: Kept) -> None:
    over = ours(orders, status=S.CANCELED, filled_size=D(4))
    late = orders.from_frame(row(size_matched="4"))
    assert late == over
    more = orders.from_frame(row(size_matched="6", status="CANCELED"))
    assert more is not None
    assert (more.status, more.filled_size) == (S.CANCELED, D(6))


def test_fewer_fills_than_the_venue_counts_take_nothing_back(orders: Kept) -> None:
    orders.filled("4", name="f1")
    order = orders.listed(row(size_matched="10", status="MATCHED"))
    assert (order.filled_size, order.average_price) == (D(10), None)


def test_what_was_undone_is_taken_back_and_what_replaced_it_counts(orders: Kept) -> None:
    orders.filled("4", name="f1", state=FillState.REVERSED)
    orders.filled("10", name="f2")
    whole = orders.listed(row(size_matched="10", status="MATCHED"))
    assert (whole.status, whole.filled_size, whole.status_reason) == (S.FILLED, D(10), "")
    orders.filled("10", name="f2", state=FillState.REVERSED)
    undone = orders.settled(whole)
    assert (undone.filled_size, undone.fees) == (D(0), D(0))
    assert "failed on the chain" in undone.status_reason


@pytest.mark.parametrize(
    ("filled", "status"), [("0", S.CANCELED), ("4", S.CANCELED), ("9.99", S.CANCELED), ("9.995", S.FILLED)]
)
def test_an_order_that_is_gone_is_filled_but_for_dust_or_it_was_canceled(
    orders: Kept, filled: str, status: OrderStatus
) -> None:
    assert orders.ended(ours(orders, filled_size=D(filled))).status is status
    assert orders.canceled(ours(orders, status=S.OPEN, filled_size=D(filled))).status is status


@pytest.mark.parametrize(("left_ns", "status"), [(0, S.EXPIRED), (1, S.CANCELED)])
def test_an_order_that_is_gone_has_expired_from_its_very_time_on(
    orders: Kept, left_ns: int, status: OrderStatus
) -> None:
    order = ours(orders, time_in_force=TimeInForce.GTD, expires_at_ns=orders.clock.now_ns() + left_ns)
    assert orders.ended(order).status is status


def test_every_term_makes_an_order_another(orders: Kept) -> None:
    order = ours(orders)
    asked: dict[str, Any] = {"instrument": TOKEN, "side": Side.BUY, "size": D(10), "price": D("0.5")}
    assert difference(LimitOrder(**asked), TOKEN, order) == ""
    assert difference(LimitOrder(**asked), "another", order) == "instrument"
    gtd = {"time_in_force": TimeInForce.GTD, "expires_at_ns": 1}
    for name, change in (
        ("side", {"side": Side.SELL}),
        ("size", {"size": D(11)}),
        ("price", {"price": D("0.4")}),
        ("post_only", {"post_only": True}),
        ("time_in_force, expires_at", gtd),
    ):
        assert difference(LimitOrder(**{**asked, **change}), TOKEN, order) == name


def test_money_makes_an_order_another_as_well(orders: Kept) -> None:
    order = ours(orders, type=MarketOrder.type, size=None, price=None, quote_size=D(5), time_in_force=TimeInForce.IOC)
    asked = {"instrument": TOKEN, "side": Side.BUY, "time_in_force": TimeInForce.IOC}
    assert difference(MarketOrder(quote_size=D(5), **asked), TOKEN, order) == ""  # type: ignore[arg-type]
    assert difference(MarketOrder(quote_size=D(6), **asked), TOKEN, order) == "quote_size"  # type: ignore[arg-type]


@pytest.mark.parametrize(("filled", "status"), [("0", S.OPEN), ("9.99", S.PARTIALLY_FILLED), ("9.995", S.FILLED)])
def test_what_is_left_of_an_order_rests_unless_it_is_dust(orders: Kept, filled: str, status: OrderStatus) -> None:
    assert orders.resting(ours(orders).but(filled_size=D(filled))) is status


@pytest.mark.parametrize(("filled", "status"), [("9.995", S.FILLED), ("9.98", S.PARTIALLY_FILLED)])
def test_what_the_venue_calls_matched_is_filled_but_for_dust(orders: Kept, filled: str, status: OrderStatus) -> None:
    ours(orders)
    assert orders.listed(row(status="MATCHED", size_matched=filled)).status is status


def test_a_change_that_trades_nothing_is_an_amendment(orders: Kept) -> None:
    told = OwnOrders(orders.from_frame)
    assert told.event(row()) is not None
    changed = told.event(row(price="0.4"))
    assert changed is None or changed.kind is OrderEventKind.AMENDED
    traded = told.event(row(size_matched="1"))
    more = told.event(row(size_matched="2"))
    assert traded is not None
    assert more is not None
    assert (traded.kind, more.kind) == (OrderEventKind.PARTIALLY_FILLED,) * 2


def test_an_open_order_is_remembered_however_many_end_meanwhile(orders: Kept) -> None:
    told = OwnOrders(lambda frame: orders.listed(frame) if frame["id"] == ID else _ended_order(frame["id"]))
    assert told.event(row()) is not None
    for number in range(1_200):
        assert told.event(row(id=f"0x{number:064x}")) is not None
    assert told.event(row()) is None, "it was told again"


def _ended_order(order_id: str) -> Order:
    """Another order, which has ended."""
    return Order(
        venue="polymarket",
        account="main",
        instrument=TOKEN,
        side=Side.BUY,
        type=LimitOrder.type,
        status=S.CANCELED,
        time_in_force=TimeInForce.GTC,
        created_ns=1,
        updated_ns=1,
        size=D(1),
        price=D("0.5"),
        venue_order_id=order_id,
        fee_asset="pUSD",
    )


def test_the_time_of_an_order_never_goes_back() -> None:
    later = _ended_order(ID).but(status=S.OPEN, updated_ns=9)
    frames = iter([later, later.but(filled_size=D("0.5"), updated_ns=5)])
    told = OwnOrders(lambda _: next(frames))
    assert [event.order.updated_ns for _ in range(2) if (event := told.event({})) is not None] == [9, 9]
