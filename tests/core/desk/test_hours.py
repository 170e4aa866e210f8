"""A desk keeps its hours: for everyone, and for agents only; whatever the hour, cancels and reads go."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import attrs
import pytest
from desks import Bench, limit

from venuekit import errors
from venuekit.desk.desk import Desk
from venuekit.model.order import OrderStatus
from venuekit.protocols.approver import Caller, Mode, Operator, Role
from venuekit.protocols.journal import EntryKind, RowQuery
from venuekit.settings.hours import read_windows
from venuekit.settings.schema import (
    AgentSettings,
    AppliesTo,
    ApprovalSettings,
    DeskConfig,
    HoursWindow,
    OnClose,
    ReconcileSettings,
)

pytestmark = pytest.mark.anyio
D = Decimal
ANN = Operator(name="ann", source="test")
AGENT = Caller(agent_id="model", role=Role.ADMIN, source="mcp-stdio")
BOT = Caller(agent_id="bot", role=Role.TRADER)
#: It is Monday, 12:00 UTC, when a test begins.
QUIET = HoursWindow(
    name="lunch", closed=True, applies_to=AppliesTo.AGENTS, timezone="Europe/Berlin", start="13:30", end="14:00"
)
SHUT = HoursWindow(closed=True, start="12:30", end="13:00")
HALF_AN_HOUR = 30 * 60


@pytest.fixture
def config(bench: Bench) -> Callable[..., DeskConfig]:
    def made(*windows: HoursWindow, above: int | None = None, **tables: object) -> DeskConfig:
        approval = ApprovalSettings(require_above=None if above is None else D(above), expires_seconds=10_000)
        return bench.config(hours=windows, approval=approval, **tables)

    return made


async def test_in_a_quiet_window_agents_place_and_amend_nothing_and_a_bot_does(
    bench: Bench, config: Callable[..., DeskConfig]
) -> None:
    async with bench.open(config(QUIET)) as desk:
        await desk.submit(limit(client_order_id="theirs"), caller=AGENT)
        bench.clock.tick(HALF_AN_HOUR)
        with pytest.raises(errors.MarketClosed) as refused:
            await desk.submit(limit(price=D(97)), caller=AGENT)
        assert refused.value.message == (
            'BTC-USD is not open to agents now (closed by hours[0] "lunch" (13:30 to 14:00 Europe/Berlin)); '
            "orders go from 2026-01-05T13:00:00Z (2026-01-05 14:00 in Europe/Berlin). Cancels always go."
        )
        with pytest.raises(errors.MarketClosed):
            await desk.amend("theirs", price=D(97), caller=AGENT)
        with pytest.raises(errors.MarketClosed):
            await desk.submit(limit(price=D(97)), caller=Caller(agent_id="x", role=Role.ADMIN, source="unheard of"))
        preview = await desk.preview(limit(price=D(97)), caller=AGENT)
        assert (preview.allowed, preview.reason) == (False, refused.value.message)
        assert (await desk.order("theirs")).status is OrderStatus.OPEN, "what rests stays"
        assert (await desk.submit(limit(price=D(97)), caller=BOT)).status is OrderStatus.OPEN
        assert (await desk.amend("theirs", price=D(96), caller=BOT)).price == D(96)
        assert (await desk.cancel("theirs", caller=AGENT)).status is OrderStatus.CANCELED
        bench.clock.tick(HALF_AN_HOUR)
        assert (await desk.submit(limit(price=D(95)), caller=AGENT)).status is OrderStatus.OPEN


@pytest.mark.parametrize("table", ["bot", "default"])
async def test_whoever_has_a_table_of_agents_is_one(
    bench: Bench, config: Callable[..., DeskConfig], table: str
) -> None:
    async with bench.open(config(QUIET, agents={table: AgentSettings()})) as desk:
        bench.clock.tick(HALF_AN_HOUR)
        with pytest.raises(errors.MarketClosed, match="to agents"):
            await desk.submit(limit(), caller=BOT)


async def approve_later(desk: Desk, bench: Bench, caller: Caller) -> OrderStatus:
    """What becomes of an order that is asked for in time and approved half an hour later."""
    waiting = await desk.submit(limit(client_order_id="mine"), caller=caller)
    assert waiting.status is OrderStatus.PENDING_APPROVAL
    bench.clock.tick(HALF_AN_HOUR)
    try:
        await desk.approve(waiting.approval_id or "", ANN)
    except errors.MarketClosed:
        assert bench.venue.sent() == []
        assert (await desk.approval(waiting.approval_id or "")).state.value == "VOID"
    return (await desk.order("mine")).status


@pytest.mark.parametrize(
    ("window", "caller", "outcome"),
    [
        (SHUT, BOT, OrderStatus.DENIED),
        (SHUT, AGENT, OrderStatus.DENIED),
        (QUIET, AGENT, OrderStatus.DENIED),
        (QUIET, BOT, OrderStatus.OPEN),
    ],
)
async def test_an_order_that_is_approved_outside_its_hours_is_not_sent(
    bench: Bench, config: Callable[..., DeskConfig], window: HoursWindow, caller: Caller, outcome: OrderStatus
) -> None:
    async with bench.open(config(window, above=50)) as desk:
        assert await approve_later(desk, bench, caller) is outcome


async def test_windows_of_other_venues_do_not_bind_and_one_configuration_serves_several(
    bench: Bench, config: Callable[..., DeskConfig]
) -> None:
    elsewhere = HoursWindow(start="00:00", end="01:00", venues=("elsewhere", "scripted:other"))
    async with bench.open(config(elsewhere)) as desk:
        assert (await desk.submit(limit())).status is OrderStatus.OPEN
        assert desk.risk_state().hours == []


async def test_the_desk_tells_each_caller_its_own_hours(bench: Bench, config: Callable[..., DeskConfig]) -> None:
    perpetuals = HoursWindow(start="12:00", end="12:15", instruments=("*-PERP",))
    async with bench.open(config(QUIET, perpetuals)) as desk:
        bench.clock.tick(HALF_AN_HOUR)
        for name in ("BTC-USD", "BTC-PERP"):
            await desk.preview(limit(instrument=name))
        told = {tuple(state.instruments): state for state in desk.risk_state().hours}
        assert told[()].open
        assert told["BTC-PERP",].changes == "2026-01-06T12:00:00Z"
        told = {tuple(state.instruments): state for state in desk.risk_state(caller=AGENT).hours}
        assert not told[()].open
        assert told[()].why == 'closed by hours[0] "lunch" (13:30 to 14:00 Europe/Berlin)'
        assert told[()].changes == "2026-01-05T13:00:00Z (2026-01-05 14:00 in Europe/Berlin)"


# -- what rests when the hours end

ENDING = HoursWindow(start="12:00", end="12:30", on_close=OnClose.CANCEL, instruments=("BTC-*",))


def cancels(bench: Bench) -> int:
    return sum(what == "cancel" for what, _ in bench.venue.calls)


async def test_what_rests_when_its_hours_end_is_canceled_where_a_window_asks_for_it(
    bench: Bench, config: Callable[..., DeskConfig]
) -> None:
    async with bench.open(config(ENDING)) as desk:
        for name, instrument in (("mine", "BTC-USD"), ("other", "ETH-USD")):
            await desk.submit(limit(client_order_id=name, instrument=instrument))
        bench.clock.tick(HALF_AN_HOUR - 10)
        await bench.clock.advance(2)
        assert (await desk.order("mine")).status is OrderStatus.OPEN
        bench.clock.tick(8)
        await bench.clock.advance(2)
        assert (await desk.order("mine")).status is OrderStatus.CANCELED
        assert (await desk.order("other")).status is OrderStatus.OPEN
        (asked,) = desk.store.rows(RowQuery(kinds=(EntryKind.CALL,), subject="mine"))
        assert (asked.agent_id, asked.body["action"]) == ("hours", "cancel")
        assert asked.body["reason"] == "outside hours[0] (12:00 to 12:30 UTC)"


async def test_what_was_placed_before_and_rests_at_a_start_outside_the_hours_is_canceled_too(
    bench: Bench, config: Callable[..., DeskConfig]
) -> None:
    async with bench.open(config(ENDING)) as desk:
        await desk.submit(limit(client_order_id="mine"))
    bench.clock.tick(HALF_AN_HOUR)
    async with bench.open(config(ENDING)) as desk:
        await bench.clock.advance(2)
        assert (await desk.order("mine")).status is OrderStatus.CANCELED


async def test_a_cancel_that_fails_at_the_close_is_tried_again_ever_more_patiently(
    bench: Bench, config: Callable[..., DeskConfig], caplog: pytest.LogCaptureFixture
) -> None:
    async with bench.open(config(ENDING, reconcile=ReconcileSettings(every_seconds=0))) as desk:
        await desk.submit(limit(client_order_id="mine"))
        bench.clock.tick(HALF_AN_HOUR)
        bench.venue.faults["cancel"] += [errors.Unavailable("the venue is away")] * 5
        await bench.clock.advance(20)
        assert cancels(bench) == 4, "after 2, 4 and 8 seconds"
        assert "could not be canceled" in caplog.text
        await bench.clock.advance(60)
        assert (await desk.order("mine")).status is OrderStatus.CANCELED
        assert cancels(bench) == 6


async def test_a_desk_that_only_reads_cancels_nothing(bench: Bench, config: Callable[..., DeskConfig]) -> None:
    async with bench.open(config(ENDING)) as desk:
        await desk.submit(limit(client_order_id="mine"))
    bench.clock.tick(HALF_AN_HOUR)
    async with bench.open(config(ENDING), mode=Mode.READ_ONLY) as desk:
        await bench.clock.advance(5)
        assert (await desk.order("mine")).status is OrderStatus.OPEN


async def test_a_window_for_agents_cannot_cancel_what_rests() -> None:
    with pytest.raises(errors.ConfigError, match="keep where applies_to"):
        read_windows([attrs.evolve(QUIET, on_close=OnClose.CANCEL)])
