"""Moving the market: what checks of partial fills and triggers need, and what a real account should not do."""

from __future__ import annotations

from decimal import Decimal

import pytest

from venuekit.adapter import ZERO, Feature, Order, Side, ceil_to, plus, times
from venuekit.testing.contract.kit import PRODUCTION, Kit
from venuekit.testing.contract.profile import settled


async def partly_filled(kit: Kit) -> Order:
    """Buy more than there is at the best price, and rest with what is left."""
    best = (await kit.market_of(kit.instrument)).best_ask
    size = ceil_to(plus(best.size, kit.size(best.price, units=2)), kit.instrument.lot_size)
    await _may_cost(kit, size, best.price)
    order = await kit.submit(kit.resting(price=best.price, size=size))
    return await kit.eventually(lambda: kit.order(order), lambda seen: seen.filled_size > 0)


async def trade_at(kit: Kit, price: Decimal, side: Side = Side.BUY) -> None:
    """Make the market trade at a price, by the profile, or by buying (or selling) that far."""
    if kit.profile.trade_at is not None:
        await settled(kit.profile.trade_at(kit.venue, kit.instrument.id, price))
        return
    book = await kit.market_of(kit.instrument)
    levels = [x for x in (book.asks if side is Side.BUY else book.bids) if (price - x.price) * side.sign >= 0]
    size = ceil_to(sum((level.size for level in levels), ZERO), kit.instrument.lot_size)
    await _may_cost(kit, size, price, side)
    await kit.done(await kit.submit(kit.taking(side, price=price, size=size)))


async def _may_cost(kit: Kit, size: Decimal, price: Decimal, side: Side = Side.BUY) -> None:
    """Skip the test where moving the market would cost real money, or more than half of what the account has."""
    if kit.venue.environment == PRODUCTION:
        pytest.skip("moving a real market costs too much (profile.trade_at could)")
    asset, cost = kit.instrument.settle, times(times(size, price), kit.instrument.contract_size)
    if side is Side.SELL and not kit.instrument.is_derivative:
        asset, cost = kit.instrument.base, size
    if kit.can(Feature.BALANCES) and cost * 2 > (await kit.balance(asset)).available:
        pytest.skip("the account cannot pay for moving the market (profile.trade_at could)")
