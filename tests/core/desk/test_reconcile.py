"""Asking the venue what really happened: every difference is an event and a row, and nothing changes silently."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import attrs
import pytest
from desks import Bench, limit, rows, statuses

from venuekit import errors
from venuekit.desk.desk import Desk
from venuekit.model.capability import Declared, Feature, Support
from venuekit.model.events import Channel, DeskEvent
from venuekit.model.intent import MarketOrder, Side
from venuekit.model.order import FillState, Order, OrderStatus
from venuekit.protocols.journal import EntryKind
from venuekit.settings.schema import DeskConfig, ReconcileSettings

pytestmark = pytest.mark.anyio
D = Decimal


def by_hand(bench: Bench, **settings: float) -> DeskConfig:
    return bench.config(reconcile=ReconcileSettings(**{"every_seconds": 0.0, **settings}))


def differences(desk: Desk) -> list[str]:
    return [r.body["event"].removeprefix("reconcile_") for r in rows(desk, EntryKind.RECONCILE)]


async def in_doubt(desk: Desk, bench: Bench, *, arrived: bool) -> None:
    """Send an order whose answer is lost; `arrived` says whether the venue has it."""

    async def lost() -> None:
        if arrived:
            bench.venue.accept(bench.venue.sent()[-1])
        raise TimeoutError

    bench.venue.tell = False
    bench.venue.faults["submit"].append(lost)
    with pytest.raises(errors.OutcomeUnknown):
        await desk.submit(limit(client_order_id="mine"))


async def test_when_both_sides_agree_there_is_nothing_to_say(bench: Bench) -> None:
    async with bench.open() as desk:
        await desk.submit(limit())
        await desk.submit(MarketOrder(instrument="BTC-USD", side=Side.BUY, size=D("0.5")))
        await bench.clock.settle()
        assert await desk.reconcile() == []
        assert rows(desk, EntryKind.RECONCILE) == []


async def test_an_order_in_doubt_that_arrived_is_found_by_its_client_id(bench: Bench) -> None:
    async with bench.open() as desk, desk.listen() as feed:
        await in_doubt(desk, bench, arrived=True)
        await bench.clock.advance(0.6)
        order = await desk.order("mine")
        assert (order.status, order.venue_order_id) == (OrderStatus.OPEN, "v1")
        assert statuses(desk, "mine") == ["SUBMITTING", "IN_DOUBT", "OPEN"]
        assert differences(desk) == ["in_doubt_resolved"]
        assert [e.subject for e in feed._events if isinstance(e, DeskEvent)] == ["mine"]
        assert len(bench.venue.sent()) == 1


async def test_an_order_in_doubt_that_was_filled_meanwhile_brings_its_fills(bench: Bench) -> None:
    async with bench.open() as desk:
        await in_doubt(desk, bench, arrived=True)
        bench.venue.fill("mine", D(1), D(98))
        await bench.clock.advance(0.6)
        assert (await desk.order("mine")).status is OrderStatus.FILLED
        assert [r.body["id"] for r in rows(desk, EntryKind.FILL)] == ["f1"]
        assert desk._state.positions.size("BTC-USD") == D(1)


async def test_an_order_in_doubt_that_never_arrived_is_given_up_after_the_patience_and_not_before(
    bench: Bench,
) -> None:
    async with bench.open(by_hand(bench, in_doubt_patience_seconds=20)) as desk:
        await in_doubt(desk, bench, arrived=False)
        await bench.clock.advance(19)
        assert (await desk.order("mine")).status is OrderStatus.IN_DOUBT
        assert len(bench.venue.made("order")) > 3, "asked again and again, with longer and longer waits"
        await bench.clock.advance(20)
        order = await desk.order("mine")
        assert (order.status, order.status_code) == (OrderStatus.REJECTED, "NEVER_RECEIVED")
        assert differences(desk) == ["never_received"]
        assert len(bench.venue.sent()) == 1
        assert desk.risk_state().open_orders == 0


async def test_a_question_about_doubt_that_fails_is_asked_again(bench: Bench) -> None:
    async with bench.open(by_hand(bench)) as desk:
        await in_doubt(desk, bench, arrived=True)
        bench.venue.faults["order"] += [
            errors.VenueDown("503"),
            TimeoutError("no answer"),
            errors.RateLimited("", retry_after=1),
        ]
        await bench.clock.advance(10)
        assert (await desk.order("mine")).status is OrderStatus.OPEN


def keep_our_ids_to_itself(bench: Bench) -> None:
    """The venue has the order, under its own id alone."""
    order = bench.venue.orders.pop("mine")
    bench.venue.orders["v1"] = order.but(client_order_id=None)


@pytest.mark.parametrize("filled", [False, True])
async def test_at_a_venue_that_keeps_our_ids_to_itself_an_order_in_doubt_is_found_by_what_it_looks_like(
    bench: Bench, filled: bool
) -> None:
    async with bench.open(by_hand(bench)) as desk:
        await in_doubt(desk, bench, arrived=True)
        if filled:
            bench.venue.fill("mine", D(1), D(98))
        keep_our_ids_to_itself(bench)
        await bench.clock.advance(0.6)
        order = await desk.order("mine")
        assert order.status is (OrderStatus.FILLED if filled else OrderStatus.OPEN)
        assert order.venue_order_id == "v1"
        assert differences(desk) == ["in_doubt_resolved"]
        assert await desk.order("v1") == order
        await desk.reconcile()
        assert [o.id for o in await desk.open_orders()] == ([] if filled else ["mine"])


async def test_the_first_look_at_all_open_orders_recognizes_it_too(bench: Bench) -> None:
    async with bench.open(by_hand(bench)) as desk:
        await in_doubt(desk, bench, arrived=True)
        keep_our_ids_to_itself(bench)
        (found,) = await desk.reconcile()
        assert (found.kind, found.subject) == ("reconcile_in_doubt_resolved", "mine")
        assert [o.id for o in await desk.open_orders()] == ["mine"]


@pytest.mark.parametrize(
    "change",
    [
        {"price": D(97)},
        {"size": D(2)},
        {"side": Side.SELL},
        {"instrument": "ETH-USD"},
        {"client_order_id": "somebody-elses"},
        {"created_ns": 1},
    ],
    ids=lambda c: next(iter(c)),
)
async def test_another_order_is_not_taken_for_the_one_in_doubt(bench: Bench, change: dict[str, object]) -> None:
    async with bench.open(by_hand(bench)) as desk:
        await in_doubt(desk, bench, arrived=True)
        keep_our_ids_to_itself(bench)
        bench.venue.orders["v1"] = bench.venue.orders["v1"].but(**change)
        await desk.reconcile()
        assert (await desk.order("mine")).status is OrderStatus.IN_DOUBT
        assert differences(desk) == ["adopted"]


async def test_an_open_order_that_nobody_here_knows_is_adopted_and_counts(bench: Bench) -> None:
    async with bench.open(by_hand(bench)) as desk:
        bench.venue.tell = False
        bench.venue.accept(limit(client_order_id="foreign"))
        (found,) = await desk.reconcile()
        assert (found.kind, found.subject) == ("reconcile_adopted", "foreign")
        assert [o.id for o in await desk.open_orders()] == ["foreign"]
        assert desk._state.exposure.open_size("BTC-USD", Side.BUY) == D(1)
        assert (await desk.cancel("foreign")).status is OrderStatus.CANCELED


async def test_what_happened_while_nobody_listened_is_found(bench: Bench) -> None:
    async with bench.open(by_hand(bench)) as desk:
        for name in ("filled", "partly", "canceled"):
            await desk.submit(limit(client_order_id=name))
        bench.venue.tell = False
        bench.clock.tick(1)
        bench.venue.fill("filled", D(1), D(98))
        bench.venue.fill("partly", D("0.3"), D(98))
        bench.venue.set(bench.venue.orders["canceled"].but(status=OrderStatus.CANCELED))
        await desk.reconcile()
        now = {name: await desk.order(name) for name in ("filled", "partly", "canceled")}
        assert {n: o.status.value for n, o in now.items()} == {
            "filled": "FILLED",
            "partly": "PARTIALLY_FILLED",
            "canceled": "CANCELED",
        }
        assert differences(desk).count("order") == 3
        assert sorted(r.body["id"] for r in rows(desk, EntryKind.FILL)) == ["f1", "f2"]
        assert desk._state.positions.size("BTC-USD") == D("1.3")
        assert await desk.reconcile() == []


@pytest.mark.parametrize("restarted", [False, True])
@pytest.mark.parametrize(("end", "left"), [(FillState.CONFIRMED, D(1)), (FillState.REVERSED, D(0))])
async def test_how_a_fill_has_ended_is_asked_for_when_nobody_told_even_if_newer_ones_were(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, end: FillState, left: Decimal, restarted: bool
) -> None:
    monkeypatch.setattr("venuekit.desk.state.OVERLAP", 0)  # a start reads no row from before the last end
    async with bench.open(by_hand(bench)) as desk:
        await desk.submit(limit(client_order_id="mine", size=D(3)))
        order = bench.venue.orders["mine"]
        open_end = bench.venue.execution(order, D(1), D(98), id="open end", state=FillState.PROVISIONAL)
        bench.venue.executions.append(open_end)
        bench.venue.push(Channel.OWN_FILLS, bench.venue.fill_event(open_end))
        await bench.clock.advance(60)
        bench.venue.fill("mine", D(2), D(98))
        await bench.clock.settle()
        bench.venue.executions[0] = attrs.evolve(open_end, state=end)
        if end is FillState.CONFIRMED:
            bench.venue.cash["USD"] -= 98
            bench.venue.cash["BTC"] += 1
        if not restarted:
            await desk.reconcile()
            assert desk._state.positions.size("BTC-USD") == 2 + left
    async with bench.open(by_hand(bench)) as desk:
        assert desk._state.positions.size("BTC-USD") == 2 + left
        states = [r.body["state"] for r in rows(desk, EntryKind.FILL) if r.body["id"] == "open end"]
        assert states == ["PROVISIONAL", end.value], "it is in the journal otherwise"
        assert {"position", "balance"}.isdisjoint(differences(desk)), "it was counted twice, or not undone"


async def test_fills_of_orders_that_are_not_ours_are_found_too_page_by_page(bench: Bench) -> None:
    bench.venue.page_size = 2
    async with bench.open(by_hand(bench)) as desk:
        bench.venue.tell = False
        bench.venue.accept(limit(client_order_id="foreign"))
        for _ in range(5):
            bench.clock.tick(1)
            bench.venue.fill("foreign", D("0.2"), D(98))
        await desk.reconcile()
        assert [r.body["id"] for r in rows(desk, EntryKind.FILL)] == ["f1", "f2", "f3", "f4", "f5"]
        assert differences(desk) == ["fill"] * 5
        assert desk._state.positions.size("BTC-USD") == D(1)


async def test_money_that_moved_without_a_trade_is_named_and_then_taken_over(bench: Bench) -> None:
    async with bench.open(by_hand(bench)) as desk:
        bench.venue.cash["USD"] += 500
        bench.venue.cash["EUR"] = D(7)
        del bench.venue.cash["BTC"]
        found = await desk.reconcile()
        assert [(e.kind, e.message) for e in found] == [
            ("reconcile_balance", "balance BTC: 10 here, 0 at the venue"),
            ("reconcile_balance", "balance EUR: 0 here, 7 at the venue"),
            ("reconcile_balance", "balance USD: 1000000 here, 1000500 at the venue"),
        ]
        assert differences(desk) == ["balance"] * 3
        assert desk._state.exposure.total("USD") == D(1_000_500)
        assert await desk.reconcile() == []


async def test_what_each_trade_may_be_rounded_by_is_no_difference_and_more_is(bench: Bench) -> None:
    async with bench.open(by_hand(bench)) as desk:
        await desk.submit(limit(client_order_id="mine", size=D(3)))
        for _ in range(3):
            bench.venue.fill("mine", D(1), D(98))
        await bench.clock.settle()
        bench.venue.cash["USD"] -= D("0.0000021")
        assert await desk.reconcile() == []
        bench.venue.cash["USD"] -= D("0.0000021")
        assert [e.kind for e in await desk.reconcile()] == ["reconcile_balance"], "nothing was traded since"


async def test_a_position_that_differs_is_named_and_then_taken_over(bench: Bench) -> None:
    async with bench.open(by_hand(bench)) as desk:
        await desk.submit(MarketOrder(instrument="BTC-PERP", side=Side.BUY, size=D(2)))
        await bench.clock.settle()
        bench.venue.executions[0] = attrs.evolve(bench.venue.executions[0], size=D(5))
        (found,) = await desk.reconcile()
        assert (found.kind, found.message) == (
            "reconcile_position",
            "position BTC-PERP: 2 here, 5 at the venue",
        )
        assert desk._state.exposure.position_size("BTC-PERP") == D(5)
        assert await desk.reconcile() == []


async def test_an_order_that_the_venue_has_forgotten_is_named_and_left_as_it_is(bench: Bench) -> None:
    async with bench.open(by_hand(bench)) as desk:
        await desk.submit(limit(client_order_id="mine"))
        bench.venue.orders.clear()
        (found,) = await desk.reconcile()
        assert found.kind == "reconcile_order_missing"
        assert (await desk.order("mine")).status is OrderStatus.OPEN


async def test_an_order_we_hold_to_be_over_that_is_open_at_the_venue_lives_again(bench: Bench) -> None:
    async with bench.open(by_hand(bench, in_doubt_patience_seconds=1)) as desk:
        await in_doubt(desk, bench, arrived=False)
        await bench.clock.advance(5)
        assert (await desk.order("mine")).status is OrderStatus.REJECTED
        bench.venue.accept(bench.venue.sent()[0])
        (found,) = await desk.reconcile()
        assert (found.kind, found.subject) == ("reconcile_order_revived", "mine")
        assert (await desk.order("mine")).status is OrderStatus.OPEN
        assert statuses(desk, "mine")[-2:] == ["REJECTED", "OPEN"]


async def test_an_order_canceled_while_the_venue_lists_it_is_not_revived(bench: Bench) -> None:
    async with bench.open(by_hand(bench)) as desk:
        await desk.submit(limit(client_order_id="mine"))

        async def canceled_meanwhile() -> None:
            await desk.cancel("mine")

        stale = list(bench.venue.orders.values())

        async def listed(instrument: str | None = None) -> list[Order]:
            await canceled_meanwhile()
            return stale

        bench.venue.open_orders = listed  # type: ignore[method-assign]
        assert await desk.reconcile() == []
        assert (await desk.order("mine")).status is OrderStatus.CANCELED


async def test_a_start_finds_what_happened_while_the_desk_was_closed(bench: Bench) -> None:
    async with bench.open() as desk:
        for name in ("filled", "open"):
            await desk.submit(limit(client_order_id=name))
    bench.clock.tick(60)
    bench.venue.fill("filled", D(1), D(98))
    bench.venue.accept(limit(client_order_id="foreign"))
    async with bench.open() as desk:
        assert (await desk.order("filled")).status is OrderStatus.FILLED
        assert {o.id for o in await desk.open_orders()} == {"open", "foreign"}
        assert sorted(differences(desk)) == ["adopted", "order"]
        assert desk._state.exposure.position_size("BTC-USD") == D(1)
        assert await desk.reconcile() == []


async def test_a_start_finds_money_and_positions_that_changed_while_the_desk_was_closed(bench: Bench) -> None:
    async with bench.open() as desk:
        await desk.submit(MarketOrder(instrument="BTC-PERP", side=Side.BUY, size=D(2)))
        await desk.submit(MarketOrder(instrument="BTC-USD", side=Side.BUY, size=D(1)))
    async with bench.open() as desk:
        assert differences(desk) == []
    bench.venue.cash["USD"] -= 500
    bench.venue.executions[0] = attrs.evolve(bench.venue.executions[0], size=D(5))
    async with bench.open() as desk:
        assert [r.body["message"] for r in rows(desk, EntryKind.RECONCILE)] == [
            "position BTC-PERP: 2 here, 5 at the venue",
            "balance USD: 999900 here, 999400 at the venue",
        ]
        crashed = bench.after_crash()
    async with bench.open(crashed) as desk:
        assert differences(desk) == ["position", "balance"], "each is told once"


async def test_a_first_start_takes_over_what_there_is_without_a_word(bench: Bench) -> None:
    bench.venue.accept(MarketOrder(instrument="BTC-USD", side=Side.BUY, size=D(1), client_order_id="before"))
    bench.clock.tick(1)
    async with bench.open() as desk:
        assert differences(desk) == []
        assert desk._state.exposure.position_size("BTC-USD") == D(1)


async def test_where_the_venue_tells_no_positions_they_are_what_our_fills_add_up_to_over_restarts(
    bench: Bench,
) -> None:
    features = {**bench.venue.capabilities.features, Feature.POSITIONS: Declared(Support.UNSUPPORTED, "holdings only")}
    bench.venue.capabilities = attrs.evolve(bench.venue.capabilities, features=features)
    async with bench.open() as desk:
        await desk.submit(MarketOrder(instrument="BTC-USD", side=Side.BUY, size=D(2)))
        await bench.clock.settle()
        crashed = bench.after_crash()
    for config in (bench.config(), crashed):
        async with bench.open(config) as desk:
            assert desk._state.exposure.position_size("BTC-USD") == D(2)
            assert desk._state.positions.position("BTC-USD", D(110)).unrealized_pnl == D(20)


async def test_a_reconnect_of_the_own_streams_finds_what_was_missed(bench: Bench) -> None:
    async with bench.open(by_hand(bench)) as desk:
        await bench.clock.advance(2)
        await desk.submit(limit(client_order_id="mine"))
        bench.venue.push(Channel.OWN_ORDERS, errors.NotConnected("reset"))
        bench.venue.push(Channel.OWN_FILLS, errors.NotConnected("reset"))
        await bench.clock.settle()
        assert not desk.connected
        bench.venue.fill("mine", D(1), D(98))
        await bench.clock.advance(5)
        assert desk.connected
        assert (await desk.order("mine")).status is OrderStatus.FILLED
        assert [r.body["id"] for r in rows(desk, EntryKind.FILL)] == ["f1"]
        assert "order" in differences(desk)


async def test_it_is_done_now_and_then_by_itself_and_survives_a_venue_that_is_away(bench: Bench) -> None:
    async with bench.open(bench.config(reconcile=ReconcileSettings(every_seconds=30))) as desk:
        bench.venue.tell = False
        bench.venue.faults["open_orders"].append(errors.VenueDown("503"))
        bench.clock.tick(30)
        await bench.clock.advance(1)
        bench.venue.accept(limit(client_order_id="foreign"))
        bench.clock.tick(29)
        await bench.clock.advance(1)
        assert [o.id for o in await desk.open_orders()] == ["foreign"]


async def test_an_order_that_is_being_sent_is_left_alone(bench: Bench) -> None:
    gate = asyncio.Event()
    async with bench.open(by_hand(bench, in_doubt_patience_seconds=0)) as desk:
        bench.venue.faults["submit"].append(gate.wait)
        task = asyncio.create_task(desk.submit(limit(client_order_id="mine")))
        await bench.clock.settle()
        assert await desk.reconcile() == []
        assert (await desk.order("mine")).status is OrderStatus.SUBMITTING
        gate.set()
        assert (await task).status is OrderStatus.OPEN


async def test_two_at_once_record_each_difference_once(bench: Bench) -> None:
    async with bench.open(by_hand(bench)) as desk:
        bench.venue.tell = False
        bench.venue.accept(limit(client_order_id="foreign"))
        bench.venue.cash["USD"] += 1
        await asyncio.gather(desk.reconcile(), desk.reconcile(), desk.reconcile())
        assert sorted(differences(desk)) == ["adopted", "balance"]


async def test_a_start_that_is_too_busy_to_compare_goes_on_with_what_is_known_and_has_traded_since(
    bench: Bench,
) -> None:
    async with bench.open(by_hand(bench)) as desk:
        await desk.submit(limit(client_order_id="mine", size=D(50)))
        await bench.clock.settle()

    async def trade() -> None:
        bench.clock.tick(1)
        bench.venue.fill("mine", D(1), D(98), tell=False)

    bench.venue.faults["positions"] += [trade] * 20
    async with bench.open(by_hand(bench)) as desk:
        assert desk._state.positions.size("BTC-USD") == len(bench.venue.executions)
        bench.venue.faults["positions"].clear()
        await desk.reconcile()
        assert {"position", "balance"}.isdisjoint(differences(desk))


async def test_trades_between_the_questions_are_no_difference(bench: Bench) -> None:
    async with bench.open(by_hand(bench)) as desk:
        await desk.submit(limit(client_order_id="mine"))
        await bench.clock.settle()

        async def trade() -> None:
            bench.clock.tick(1)
            bench.venue.fill("mine", D("0.1"), D(98))
            await bench.clock.settle()

        bench.venue.faults["positions"] += [trade, trade]
        assert [e for e in await desk.reconcile() if e.kind in ("reconcile_balance", "reconcile_position")] == []
        assert desk._state.exposure.position_size("BTC-USD") == D("0.2")
        assert await desk.reconcile() == []
