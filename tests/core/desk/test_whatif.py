"""What-if and enforcement are one: preview allows an order exactly when submit takes it, and the same for an amendment."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from desks import Bench, ScriptedFactory, limit
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from venuekit import registry
from venuekit.desk.desk import Desk
from venuekit.desk.risk.changing import set_entry
from venuekit.errors import OutcomeUnknown, Rejected, VenuekitError
from venuekit.model.intent import LimitOrder, MarketOrder, OrderRequest, Side, StopOrder
from venuekit.model.order import Order, OrderStatus
from venuekit.protocols.approver import Caller, Mode, Operator, Role
from venuekit.protocols.journal import LimitOverride
from venuekit.protocols.risk import TradingState
from venuekit.settings.schema import (
    ApprovalSettings,
    BreakerSettings,
    FigureSettings,
    HoursWindow,
    RiskSettings,
    StoreSettings,
)

D = Decimal
#: A failing example is small already, and each try opens a desk.
QUICK = (Phase.explicit, Phase.generate)
ANN = Operator(name="ann", source="test")


@st.composite
def rules(draw: st.DrawFn) -> RiskSettings:
    """Limits of which each is on or off, at values that orders of this test are about."""

    def some(*values: Any) -> Any:
        return draw(st.sampled_from([None, *values]))

    return RiskSettings(
        max_order_notional=some(D(90), D(250), D(5000)),
        price_collar=some(D("0.01"), D("0.05")),
        max_position_size=draw(st.sampled_from([{}, {"BTC-USD": D(2)}, {"BTC-USD": D(50)}])),
        max_position_notional=some(D(300), D(5000)),
        max_position_share=some(D("0.01"), D("0.5")),
        max_open_orders=some(0, 1, 2),
        max_gross_exposure=some(D(300), D(5000)),
        max_net_exposure=some(D(300), D(5000)),
        max_orders_per_minute=some(0, 1, 2, 10),
        max_daily_loss=some(D(0), D(100)),
        check_balance=draw(st.booleans()),
        max_spread=some(D("0.005"), D("0.05")),
        min_liquidity_share=some(D("0.1"), D(1)),
        denied_instruments=draw(st.sampled_from([(), (), (), ("BTC-*",)])),
        duplicate_window_seconds=draw(st.sampled_from([0.0, 0.0, 60.0])),
        require_reduce_only_when_reducing=draw(st.booleans()),
        round_orders=draw(st.booleans()),
    )


@st.composite
def requests(draw: st.DrawFn) -> OrderRequest:
    """Orders that may be right or wrong for the instrument, and for every limit."""
    side = draw(st.sampled_from(Side))
    size = draw(st.sampled_from([D("0.001"), D(1), D("2.5"), D(30), D("0.0005")]))
    price = draw(st.sampled_from([D(98), D(99), D(100), D(103), D(140), D("98.005")]))
    common: dict[str, Any] = {"instrument": "BTC-USD", "side": side, "reduce_only": draw(st.integers(0, 5)) == 0}
    kind = draw(st.sampled_from(["limit", "limit", "market", "amount", "stop"]))
    if kind == "limit":
        return LimitOrder(**common, size=size, price=price)
    if kind == "market":
        return MarketOrder(**common, size=size)
    if kind == "amount":
        return MarketOrder(**common, quote_size=size * 100)
    return StopOrder(**common, size=size, stop_price=price)


CALLERS = [
    Caller(agent_id="bot", role=Role.TRADER),
    Caller(agent_id="bot", role=Role.TRADER),
    Caller(agent_id="looker", role=Role.ANALYST),
    Caller(agent_id="reader", role=Role.ADMIN, mode=Mode.READ_ONLY),
]
NIGHT = HoursWindow(start="02:00", end="02:01")
STATES = ["active", "active", "active", "halted", "reducing", "breaker", "in doubt", "limit", "blind", "unknown limit"]


@contextlib.asynccontextmanager
async def opened(config: dict[str, Any]) -> AsyncIterator[tuple[Bench, Desk]]:
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        registry.register(ScriptedFactory(bench.venue))
        coverage = FigureSettings(floor=D("0.85"), leads_to=TradingState.HALTED)
        breakers = BreakerSettings(figures={"coverage": coverage})
        try:
            async with bench.open(
                bench.config(**config, breakers=breakers, store=StoreSettings(url="sqlite://"))
            ) as desk:
                desk.report("coverage", D("0.9"))
                yield bench, desk
        finally:
            registry.unregister("scripted")


async def bring(bench: Bench, desk: Desk, state: str) -> None:
    """The desk into a state in which orders may be refused for another reason than their limits."""
    if state == "halted":
        await desk.halt(by="ann", reason="news")
    elif state == "reducing":
        await desk.reduce_only(by="ann", reason="news")
    elif state == "breaker":
        desk.report("coverage", D("0.1"))
    elif state == "in doubt":
        bench.venue.faults["submit"].append(OutcomeUnknown("no answer"))
        with contextlib.suppress(VenuekitError):
            await desk.submit(limit(size=D(1), price=D(98)))
    elif state == "limit":
        await desk.limits.set("max_order_notional", "50", ANN, reason="news", loosen=True)
    elif state == "blind":
        bench.venue.bid = bench.venue.ask = None
        await bench.clock.advance(16)
    elif state == "unknown limit":
        change = LimitOverride(name="max_open_orders", value="50", by="ann", reason="news", format=9)
        await desk.store.set_limit(change, set_entry(change, ANN))
        desk.limits.read()


async def same(bench: Bench, desk: Desk, request: OrderRequest, caller: Caller) -> None:
    """Preview, then do: what was allowed happens, what was not does not, and for the reason that was given."""
    before = len(bench.venue.sent())
    preview = await desk.preview(request, caller=caller)
    assert len(bench.venue.sent()) == before
    refusal: VenuekitError | None = None
    order: Order | None = None
    try:
        order = await desk.submit(request, caller=caller)
    except VenuekitError as error:
        refusal = error
    sent = len(bench.venue.sent()) > before
    told = f"{request} by {caller}: {preview}, then {order or refusal!r}"
    if not preview.allowed:
        assert not sent, told
        assert refusal is not None, told
        assert refusal.message in preview.reason, told
    else:
        assert refusal is None or isinstance(refusal, Rejected | OutcomeUnknown), told
        waits = order is not None and order.status is OrderStatus.PENDING_APPROVAL
        assert waits == preview.needs_approval, told
        assert sent != waits, told


async def try_out(config: dict[str, Any], state: str, asked: list[tuple[OrderRequest, Caller]]) -> None:
    async with opened(config) as (bench, desk):
        with contextlib.suppress(VenuekitError):
            await desk.submit(MarketOrder(instrument="BTC-USD", side=Side.BUY, size=D("0.5")))
        await bring(bench, desk, state)
        for request, caller in asked:
            await same(bench, desk, request, caller)


@given(
    risk=rules(),
    above=st.sampled_from([None, None, D(200)]),
    hours=st.sampled_from([(), (), (), (NIGHT,)]),
    state=st.sampled_from(STATES),
    asked=st.lists(st.tuples(requests(), st.sampled_from(CALLERS)), min_size=1, max_size=4),
)
@settings(max_examples=60, phases=QUICK, deadline=None)
def test_preview_allows_an_order_exactly_when_submit_takes_it(
    risk: RiskSettings,
    above: Decimal | None,
    hours: tuple[HoursWindow, ...],
    state: str,
    asked: list[tuple[OrderRequest, Caller]],
) -> None:
    config = {"risk": risk, "approval": ApprovalSettings(require_above=above), "hours": hours}
    asyncio.run(try_out(config, state, asked))


async def try_changes(config: dict[str, Any], state: str, changes: list[tuple[dict[str, Decimal], Caller]]) -> None:
    async with opened({}) as (bench, desk):
        order = await desk.submit(limit(size=D(2), price=D(97)))
        rules_, approval = config["risk"], config["approval"]
        desk._changes._approvals._settings = approval
        desk.limits._configured = rules_
        desk.limits._settle()
        await bring(bench, desk, state)
        for changed, caller in changes:
            before = len(bench.venue.made("amend"))
            preview = await desk.preview_amend(order.id, caller=caller, **changed)
            assert len(bench.venue.made("amend")) == before
            refusal: VenuekitError | None = None
            try:
                await desk.amend(order.id, caller=caller, **changed)
            except VenuekitError as error:
                refusal = error
            sent = len(bench.venue.made("amend")) > before
            told = f"{changed} by {caller}: {preview}, then {refusal!r}"
            assert sent == preview.allowed, told
            assert preview.allowed or refusal is not None, told


@given(
    risk=rules(),
    above=st.sampled_from([None, None, D(200)]),
    state=st.sampled_from(STATES),
    changes=st.lists(
        st.tuples(
            st.fixed_dictionaries(
                {},
                optional={
                    "size": st.sampled_from([D("0.001"), D(1), D(3), D(40), D("0.0005")]),
                    "price": st.sampled_from([D(90), D(97), D("98.005"), D(104), D(140)]),
                    "stop_price": st.just(D(100)),
                },
            ),
            st.sampled_from(CALLERS),
        ),
        min_size=1,
        max_size=3,
    ),
)
@settings(max_examples=40, phases=QUICK, deadline=None)
def test_preview_allows_an_amendment_exactly_when_it_is_sent(
    risk: RiskSettings, above: Decimal | None, state: str, changes: list[tuple[dict[str, Decimal], Caller]]
) -> None:
    asyncio.run(try_changes({"risk": risk, "approval": ApprovalSettings(require_above=above)}, state, changes))


@pytest.mark.anyio
async def test_an_id_that_is_used_already_is_previewed_as_what_it_would_answer(bench: Bench) -> None:
    async with bench.open() as desk:
        first = await desk.submit(limit(client_order_id="mine"))
        again = await desk.preview(limit(client_order_id="mine"))
        assert (again.allowed, again.reason) == (
            True,
            "order mine is there already and OPEN; nothing more would be sent",
        )
        assert (await desk.submit(limit(client_order_id="mine"))).id == first.id
        other = await desk.preview(limit(client_order_id="mine", size=D(2)))
        assert not other.allowed
        with pytest.raises(VenuekitError) as raised:
            await desk.submit(limit(client_order_id="mine", size=D(2)))
        assert other.error is not None
        assert other.error["code"] == raised.value.code
