"""The road of one order: every step, and what happens where it ends early."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import attrs
import pytest
from desks import Bench, limit, rows

from venuekit import errors
from venuekit.model.capability import Declared, Support
from venuekit.model.instrument import InstrumentStatus
from venuekit.model.intent import MarketOrder, OrderType, Side, StopOrder, TimeInForce
from venuekit.model.order import OrderStatus
from venuekit.protocols.approver import Caller, Mode, Role
from venuekit.protocols.journal import EntryKind
from venuekit.settings.schema import RiskSettings

pytestmark = pytest.mark.anyio
D = Decimal


async def test_a_limit_order_goes_to_the_venue_and_comes_back_open(bench: Bench) -> None:
    async with bench.open() as desk:
        order = await desk.submit(limit(reason="because"))
        assert order.status is OrderStatus.OPEN
        assert order.agent_id == "local"
        assert order.reason == "because"
        assert order.venue_order_id == "v1"
        assert [r.client_order_id for r in bench.venue.sent()] == [order.id]
        assert await desk.order(order.id) == order
        assert await desk.order("v1") == order
        assert await desk.open_orders() == [order]


async def test_the_intent_is_durable_before_anything_is_sent(bench: Bench) -> None:
    seen: list[tuple[EntryKind, str]] = []

    async def look() -> None:
        seen.extend((r.kind, r.body["status"]) for r in rows(desk, EntryKind.INTENT, EntryKind.ORDER))

    async with bench.open() as desk:
        bench.venue.faults["submit"].append(look)
        await desk.submit(limit())
        assert seen == [(EntryKind.INTENT, "SUBMITTING")]
        after = [(r.kind, r.body["status"]) for r in rows(desk, EntryKind.INTENT, EntryKind.ORDER)]
        assert after == [(EntryKind.INTENT, "SUBMITTING"), (EntryKind.ORDER, "OPEN")]


async def test_a_market_order_fills_and_its_fills_are_in_the_journal_before_the_answer(bench: Bench) -> None:
    bench.venue.tell = False
    async with bench.open() as desk:
        order = await desk.submit(MarketOrder(instrument="BTC-USD", side=Side.BUY, size=D("0.5")))
        assert (order.status, order.filled_size, order.average_price) == (OrderStatus.FILLED, D("0.5"), D(100))
        assert [r.body["id"] for r in rows(desk, EntryKind.FILL)] == ["f1"]
        assert desk._state.positions.size("BTC-USD") == D("0.5")


async def test_an_alias_is_resolved_before_the_order_is_sent(bench: Bench) -> None:
    async with bench.open() as desk:
        order = await desk.submit(limit(instrument="BTC-USD alias"))
        assert order.instrument == "BTC-USD"
        assert bench.venue.sent()[0].instrument == "BTC-USD"


@pytest.mark.parametrize(
    ("changes", "error", "field", "key", "value"),
    [
        ({"instrument": "BTC-EUR"}, errors.UnknownInstrument, "instrument", "near", ["BTC-USD"]),
        ({"price": D("98.005")}, errors.InvalidPrice, "price", "nearest", ["98.00", "98.01"]),
        ({"size": D("1.0005")}, errors.InvalidSize, "size", "nearest", ["1.000", "1.001"]),
        ({"size": D("0.0001")}, errors.InvalidSize, "size", "min_size", "0.001"),
        ({"size": D(1001)}, errors.InvalidSize, "size", "max_size", "1000"),
        ({"size": D("0.01")}, errors.InvalidSize, "size", "min_notional", "1"),
        ({"time_in_force": TimeInForce.GTD, "expires_at_ns": 1}, errors.InvalidValue, "expires_at", "accepted", None),
    ],
)
async def test_a_malformed_order_is_refused_by_field_and_nothing_is_sent(
    bench: Bench, changes: dict[str, Any], error: type[errors.UsageError], field: str, key: str, value: object
) -> None:
    async with bench.open() as desk:
        with pytest.raises(error) as caught:
            await desk.submit(limit(**changes))
        assert caught.value.field == field
        if value is not None:
            assert caught.value.details[key] == value
        else:
            assert key in caught.value.details
        assert bench.venue.sent() == []
        (denied,) = rows(desk, EntryKind.DENIED)
        assert denied.body["error"]["code"] == error.code


async def test_an_instrument_that_is_not_trading_takes_no_order(bench: Bench) -> None:
    bench.venue.listed["BTC-USD"] = attrs.evolve(bench.venue.listed["BTC-USD"], status=InstrumentStatus.CANCEL_ONLY)
    async with bench.open() as desk:
        with pytest.raises(errors.InstrumentNotTrading):
            await desk.submit(limit())
        assert bench.venue.sent() == []


@pytest.mark.parametrize("support", [Support.UNSUPPORTED, Support.NOT_IMPLEMENTED])
async def test_what_the_venue_cannot_do_is_refused_before_sending_with_its_reason(
    bench: Bench, support: Support
) -> None:
    types = {**bench.venue.capabilities.order_types, OrderType.STOP: Declared(support, "no stops here")}
    bench.venue.capabilities = attrs.evolve(bench.venue.capabilities, order_types=types)
    async with bench.open() as desk:
        with pytest.raises(errors.Unsupported, match="no stops here") as caught:
            await desk.submit(StopOrder(instrument="BTC-USD", side=Side.SELL, size=D(1), stop_price=D(90)))
        assert caught.value.field == "order_type"
        accepted = caught.value.details["accepted"]
        assert isinstance(accepted, list)
        assert "STOP_LIMIT" in accepted
        assert "STOP" not in accepted
        assert bench.venue.sent() == []


async def test_rounding_happens_only_when_it_is_asked_for_and_never_costs_more(bench: Bench) -> None:
    async with bench.open(bench.config(risk=RiskSettings(round_orders=True))) as desk:
        bought = await desk.submit(limit(price=D("98.009"), size=D("1.0009")))
        assert (bought.price, bought.size) == (D("98.00"), D("1.000"))
        sold = await desk.submit(limit(side=Side.SELL, price=D("101.001")))
        assert sold.price == D("101.01")


async def test_a_risk_check_refuses_and_says_which_limit_and_what_would_pass(bench: Bench) -> None:
    async with bench.open(bench.config(risk=RiskSettings(max_order_notional=D(50)))) as desk:
        with pytest.raises(errors.RiskRefused) as caught:
            await desk.submit(limit())
        assert caught.value.details["check"] == "max_order_notional"
        assert caught.value.details["would_pass"]
        assert bench.venue.sent() == []
        assert desk.refusals == {"max_order_notional": 1}
        assert len(rows(desk, EntryKind.DENIED)) == 1


async def test_orders_that_are_checked_at_the_same_moment_share_the_limit(bench: Bench) -> None:
    settings = bench.config(risk=RiskSettings(max_open_orders=3))
    gate = asyncio.Event()
    async with bench.open(settings) as desk:
        bench.venue.faults["submit"].extend([gate.wait] * 10)
        tasks = [asyncio.create_task(desk.submit(limit())) for _ in range(10)]
        await bench.clock.settle()
        gate.set()
        done = await asyncio.gather(*tasks, return_exceptions=True)
        assert sum(isinstance(d, errors.RiskRefused) for d in done) == 7
        assert len(bench.venue.sent()) == 3


async def test_limits_count_an_order_while_the_journal_still_writes_it(bench: Bench) -> None:
    from venuekit.settings.schema import StoreSettings

    settings = bench.config(risk=RiskSettings(max_open_orders=2), store=StoreSettings(synchronous="FULL"))
    async with bench.open(settings) as desk:
        done = await asyncio.gather(*(desk.submit(limit()) for _ in range(8)), return_exceptions=True)
        assert sum(isinstance(d, errors.RiskRefused) for d in done) == 6
        assert len(bench.venue.sent()) == 2


async def test_without_a_price_an_order_that_needs_one_is_refused(bench: Bench) -> None:
    bench.venue.bid = bench.venue.ask = None
    async with bench.open() as desk:
        with pytest.raises(errors.DataNotTrusted):
            await desk.submit(MarketOrder(instrument="BTC-USD", side=Side.BUY, size=D(1)))
        assert bench.venue.sent() == []


async def test_old_prices_are_not_trusted_when_the_venue_does_not_answer(bench: Bench) -> None:
    async with bench.open() as desk:
        await desk.submit(limit())
        bench.clock.tick(16)
        bench.venue.faults["tickers"].append(errors.VenueDown("gone"))
        with pytest.raises(errors.DataNotTrusted):
            await desk.submit(limit(price=D(97)))
        assert len(bench.venue.sent()) == 1


@pytest.mark.parametrize(
    ("role", "mode", "error"),
    [
        (Role.VIEWER, None, errors.PermissionRefused),
        (Role.ANALYST, None, errors.PermissionRefused),
        (Role.TRADER, Mode.READ_ONLY, errors.ModeRefused),
    ],
)
async def test_mode_and_role_refuse_every_change(
    bench: Bench, role: Role, mode: Mode | None, error: type[errors.Refused]
) -> None:
    caller = Caller(agent_id="a", role=role, mode=mode)
    async with bench.open() as desk:
        mine = await desk.submit(limit())
        for change in (
            desk.submit(limit(), caller=caller),
            desk.cancel(mine.id, caller=caller),
            desk.cancel_all(caller=caller),
            desk.amend(mine.id, price=D(97), caller=caller),
            desk.close_position("BTC-USD", caller=caller),
        ):
            with pytest.raises(error):
                await change
        assert len(bench.venue.sent()) == 1
        assert {what for what, _ in bench.venue.calls}.isdisjoint({"cancel", "cancel_all", "amend"})


async def test_a_caller_cannot_be_looser_than_the_desk(bench: Bench) -> None:
    async with bench.open(mode=Mode.READ_ONLY) as desk:
        with pytest.raises(errors.ModeRefused):
            await desk.submit(limit(), caller=Caller(agent_id="a", role=Role.ADMIN, mode=Mode.LIVE))


async def test_preview_says_what_submit_would_do_and_leaves_nothing_behind(bench: Bench) -> None:
    async with bench.open(bench.config(risk=RiskSettings(max_order_notional=D(150)))) as desk:
        fine = await desk.preview(limit())
        assert (fine.allowed, fine.needs_approval, fine.notional) == (True, False, D(98))
        assert fine.estimated_fee == D("0.098")
        large = await desk.preview(limit(size=D(2)))
        assert not large.allowed
        assert [v.check for v in large.verdicts if not v.allowed] == ["max_order_notional"]
        wrong = await desk.preview(limit(price=D("1.001")))
        assert wrong.error is not None
        assert wrong.error["code"] == "INVALID_PRICE"
        viewer = await desk.preview(limit(), caller=Caller(agent_id="v", role=Role.VIEWER))
        assert not viewer.allowed
        assert bench.venue.sent() == []
        assert rows(desk, EntryKind.INTENT, EntryKind.DENIED) == []


async def test_a_rejection_of_the_venue_is_raised_and_recorded(bench: Bench) -> None:
    async with bench.open() as desk:
        bench.venue.faults["submit"].append(errors.PostOnlyWouldCross("would trade"))
        with pytest.raises(errors.PostOnlyWouldCross) as caught:
            await desk.submit(limit())
        order = await desk.order(caught.value.order_id or "")
        assert (order.status, order.status_code) == (OrderStatus.REJECTED, "POST_ONLY_WOULD_CROSS")
        assert rows(desk, EntryKind.ORDER)[-1].body["status"] == "REJECTED"
        assert desk._state.exposure.open_order_count() == 0


async def test_an_unreachable_venue_denies_the_order_and_it_may_be_tried_again(bench: Bench) -> None:
    async with bench.open() as desk:
        bench.venue.faults["submit"].append(errors.NotConnected("down"))
        with pytest.raises(errors.NotConnected) as caught:
            await desk.submit(limit())
        assert (await desk.order(caught.value.order_id or "")).status is OrderStatus.DENIED
        assert (await desk.submit(limit())).status is OrderStatus.OPEN


async def test_a_caller_who_gives_up_does_not_tear_the_send_apart(bench: Bench) -> None:
    gate = asyncio.Event()
    async with bench.open() as desk:
        bench.venue.faults["submit"].append(gate.wait)
        task = asyncio.create_task(desk.submit(limit(client_order_id="mine")))
        await bench.clock.settle()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await desk.order("mine")).status is OrderStatus.SUBMITTING
        gate.set()
        await bench.clock.settle()
        assert (await desk.order("mine")).status is OrderStatus.OPEN
        assert rows(desk, EntryKind.ORDER)[-1].body["status"] == "OPEN"


async def test_closing_the_desk_waits_for_what_is_being_sent(bench: Bench) -> None:
    gate = asyncio.Event()
    async with bench.open() as desk:
        bench.venue.faults["submit"].append(gate.wait)
        task = asyncio.create_task(desk.submit(limit(client_order_id="mine")))
        await bench.clock.settle()
        asyncio.get_running_loop().call_soon(gate.set)
    assert (await task).status is OrderStatus.OPEN
    async with bench.open() as desk:
        assert (await desk.order("mine")).status is OrderStatus.OPEN


async def test_a_halt_stops_an_order_that_waits_for_its_slot(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = asyncio.Event()
    async with bench.open() as desk:

        async def slow(*_: object, **__: object) -> None:
            await gate.wait()

        monkeypatch.setattr(desk.venue._limiter, "take", slow)
        task = asyncio.create_task(desk.submit(limit()))
        await bench.clock.settle()
        await desk.halt(by="me", reason="now")
        gate.set()
        with pytest.raises(errors.Halted):
            await task
        assert bench.venue.sent() == []


async def test_a_reason_never_carries_a_secret_into_journal_or_order(bench: Bench) -> None:
    async with bench.open() as desk:
        order = await desk.submit(limit(reason="api_key=abcdef123456 says so"))
        assert "abcdef123456" not in order.reason
        assert all("abcdef123456" not in str(r.body) for r in rows(desk))


async def test_a_limit_for_an_instrument_that_there_is_not_refuses_to_start(bench: Bench) -> None:
    config = bench.config(risk=RiskSettings(max_position_size={"BTC-UDS": D(1)}))
    with pytest.raises(errors.ConfigError, match=r"risk\.max_position_size\.BTC-UDS") as caught:
        async with bench.open(config):
            pass
    assert caught.value.field == "risk.max_position_size.BTC-UDS"
