"""Portfolio: what the account holds follows from its orders and fills, to the last digit."""

from __future__ import annotations

from decimal import Decimal

import pytest

from venuekit.adapter import (
    ZERO,
    Feature,
    Fill,
    InstrumentKind,
    InsufficientFunds,
    KeyPermission,
    LimitOrder,
    Order,
    OrderRef,
    Side,
    floor_to,
    times,
)
from venuekit.testing.contract.behaviours import behaviour
from venuekit.testing.contract.kit import Kit

pytestmark = pytest.mark.anyio


def cost(kit: Kit, fills: list[Fill]) -> Decimal:
    """What the fills cost in quote units, fees apart."""
    return sum((times(times(f.price, f.size), kit.instrument.contract_size) * f.side.sign for f in fills), ZERO)


def fully_funded(kit: Kit) -> None:
    if kit.instrument.is_derivative:
        pytest.skip("no fully funded instrument is trading")


@behaviour("POR-01")
async def test_balances_are_sorted_and_add_up(kit: Kit) -> None:
    balances = await kit.venue.balances()
    assets = [b.asset for b in balances]
    assert assets == sorted(set(assets))
    for b in balances:
        assert b.total == b.available + b.held, f"{b.asset}: total is not available plus held"
        assert b.held >= 0
        assert (b.venue, b.account) == (kit.venue.name, kit.venue.account)


@behaviour("POR-02")
async def test_an_open_order_holds_its_cost_and_canceling_frees_it(kit: Kit) -> None:
    fully_funded(kit)
    asset = kit.instrument.settle
    before = await kit.balance(asset)
    request = kit.resting()
    order = await kit.submit(request)
    during = await kit.balance(asset)
    assert during.total == before.total
    assert during.held - before.held >= times(request.size, request.price), "the order holds less than its cost"
    await kit.venue.cancel(OrderRef.of(order))
    await kit.done(order)
    assert await kit.eventually(lambda: kit.balance(asset), lambda b: b == before) == before


@behaviour("POR-03")
async def test_a_trade_moves_balances_by_size_cost_and_fee(kit: Kit) -> None:
    fully_funded(kit)
    rules = kit.instrument
    # Coins are a balance of the base asset, shares of an outcome are a position.
    before = {asset: (await kit.balance(asset)).total for asset in (rules.base, rules.quote)}
    fills = await kit.fills_of(await kit.bought())
    after = {asset: (await kit.balance(asset)).total for asset in (rules.base, rules.quote)}
    fees = {asset: sum((f.fee for f in fills if f.fee_asset == asset), ZERO) for asset in after}
    assert after[rules.quote] - before[rules.quote] == -cost(kit, fills) - fees[rules.quote]
    if rules.kind is InstrumentKind.SPOT:
        assert after[rules.base] - before[rules.base] == sum((f.size for f in fills), ZERO) - fees[rules.base]


@behaviour("POR-04")
async def test_a_position_is_the_sum_of_its_fills(kit: Kit) -> None:
    async def size() -> Decimal:
        return next((p.size for p in await kit.venue.positions() if p.instrument == kit.instrument.id), ZERO)

    before = await size()
    fills = await kit.fills_of(await kit.bought(units=2))
    bought = sum((f.size for f in fills), ZERO)
    assert await kit.eventually(size, lambda seen: seen == before + bought) == before + bought
    listed = [p.instrument for p in await kit.venue.positions()]
    assert listed == sorted(set(listed))
    sale = await kit.done(await kit.submit(kit.taking(Side.SELL, size=bought)))
    left = before + bought - sale.filled_size
    assert await kit.eventually(size, lambda seen: seen == left) == left


@behaviour("POR-05")
async def test_the_profile_says_environment_permissions_and_fees(kit: Kit) -> None:
    profile = await kit.venue.profile()
    assert (profile.venue, profile.account) == (kit.venue.name, kit.venue.account)
    assert profile.environment == kit.venue.environment
    assert KeyPermission.VIEW in profile.permissions
    assert kit.can(Feature.SUBMIT) == (KeyPermission.TRADE in profile.permissions)


@behaviour("POR-06")
async def test_transfers_come_newest_first(kit: Kit) -> None:
    page = await kit.venue.transfers(limit=50)
    times_ns = [t.time_ns for t in page.items]
    assert times_ns == sorted(times_ns, reverse=True)
    assert len({t.id for t in page.items}) == len(page.items)
    assert all(t.amount for t in page.items)


@behaviour("POR-07")
async def test_a_fill_says_its_fee(kit: Kit) -> None:
    profile = await kit.venue.profile() if kit.can(Feature.PROFILE) else None
    for fill in await kit.fills_of(await kit.bought()):
        assert fill.fee_asset
        if profile is not None and profile.taker_fee_rate:
            assert fill.fee > 0, "the profile says that taking costs a fee, and the fill has none"


@behaviour("POR-08")
async def test_a_sale_holds_what_it_would_sell(kit: Kit) -> None:
    fully_funded(kit)
    held = await kit.bought(units=2)
    if kit.instrument.kind is InstrumentKind.BINARY_OUTCOME:
        await _sold_once(kit, held.filled_size)
        return
    asset = kit.instrument.base
    before = await kit.balance(asset)
    request = kit.resting(Side.SELL)
    order = await kit.submit(request)
    during = await kit.balance(asset)
    assert (during.total, during.held - before.held) == (before.total, request.size)
    await kit.venue.cancel(OrderRef.of(order))
    await kit.done(order)
    assert await kit.eventually(lambda: kit.balance(asset), lambda b: b == before) == before


async def _sold_once(kit: Kit, size: Decimal) -> None:
    """Shares of an outcome are a position, not a balance: what is on sale cannot be sold a second time."""

    async def all_of_it() -> Decimal:
        return next((p.size for p in await kit.venue.positions() if p.instrument == kit.instrument.id), ZERO)

    owned = floor_to(await all_of_it(), kit.instrument.lot_size)
    request = kit.resting(Side.SELL, size=owned)
    order = await kit.eventually(lambda: _placed(kit, request), lambda order: order is not None)
    assert order is not None, "what is held cannot be sold"
    with pytest.raises(InsufficientFunds):
        await kit.submit(kit.resting(Side.SELL, size=size))
    await kit.venue.cancel(OrderRef.of(order))
    await kit.done(order)


async def _placed(kit: Kit, request: LimitOrder) -> Order | None:
    """The order; None as long as what it would sell is not settled."""
    try:
        return await kit.submit(request)
    except InsufficientFunds:
        return None
