"""Precision: every digit comes back, and sums are sums."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import Enum
from typing import Any

import attrs
import pytest

from venuekit.adapter import (
    ZERO,
    Feature,
    Side,
    from_plain,
    is_multiple,
    plus,
    times,
    to_plain,
)
from venuekit.testing.contract.behaviours import behaviour
from venuekit.testing.contract.kit import Kit
from venuekit.testing.contract.reads import READS

pytestmark = pytest.mark.anyio


async def everything(kit: Kit) -> list[Any]:
    """Every value that the usable reads return, after some trading where that is possible."""
    await kit.trade_a_little()
    found: list[Any] = list(await kit.venue.instruments())
    for feature, read in READS.items():
        if kit.can(feature) and feature is not Feature.ORDER_BY_CLIENT_ID:
            answer = await read(kit)
            answer = getattr(answer, "items", answer)
            found += answer if isinstance(answer, Sequence) else [answer]
    return found


def inexact(value: Any, path: str) -> list[str]:
    """Places inside `value` that hold a float, a NaN or an infinity."""
    if isinstance(value, float) or (isinstance(value, Decimal) and not value.is_finite()):
        return [f"{path} = {value!r}"]
    if isinstance(value, str | int | Enum | Decimal) or value is None:
        return []
    if isinstance(value, Mapping):
        return [x for k, v in value.items() for x in inexact(v, f"{path}[{k}]")]
    if isinstance(value, Sequence):
        return [x for i, v in enumerate(value) for x in inexact(v, f"{path}[{i}]")]
    return [x for f in attrs.fields(type(value)) for x in inexact(getattr(value, f.name), f"{path}.{f.name}")]


@behaviour("PRE-01")
async def test_price_and_size_come_back_to_the_last_digit(kit: Kit) -> None:
    for rules, book in await kit.tradable(5):
        kit.instrument, kit.book = rules, book
        price = plus(kit.away(Side.BUY), rules.tick_size)
        size = plus(kit.size(price), rules.lot_size)
        order = await kit.submit(kit.resting(price=price, size=size))
        listed = [o for o in await kit.venue.open_orders() if o.client_order_id == order.client_order_id]
        for seen in (order, await kit.order(order), *listed):
            assert (seen.price, seen.size) == (price, size), f"{rules.id} lost a digit"
        assert listed


@behaviour("PRE-02")
async def test_no_read_returns_an_inexact_number(kit: Kit) -> None:
    wrong = [place for value in await everything(kit) for place in inexact(value, type(value).__name__)]
    assert wrong == []


@behaviour("PRE-03")
async def test_fills_sum_to_the_filled_size_and_the_average_price(kit: Kit) -> None:
    order = await kit.bought(units=5)
    fills = await kit.fills_of(order)
    assert sum((f.size for f in fills), ZERO) == order.filled_size
    assert order.size is not None
    assert order.filled_size <= order.size
    assert order.average_price is not None
    paid = sum((times(f.price, f.size) for f in fills), ZERO)
    assert abs(times(order.average_price, order.filled_size) - paid) <= abs(paid) * Decimal("1e-12")


@behaviour("PRE-04")
async def test_fees_of_fills_sum_to_the_fees_of_the_order(kit: Kit) -> None:
    order = await kit.bought(units=5)
    fills = await kit.fills_of(order)
    assert sum((f.fee for f in fills), ZERO) == order.fees
    assert {f.fee_asset for f in fills} == {order.fee_asset}


@behaviour("PRE-05")
async def test_the_book_is_on_tick_and_lot(kit: Kit) -> None:
    rules = kit.instrument
    book = await kit.venue.order_book(rules.id)
    for level in [*book.bids, *book.asks]:
        assert is_multiple(level.price, rules.tick_size), f"{level.price} is off the tick"
        whole = is_multiple(level.size, rules.lot_size)
        assert whole or not kit.profile.whole_lots, f"{level.size} is off the lot"


@behaviour("PRE-06")
async def test_every_value_survives_json(kit: Kit) -> None:
    for value in await everything(kit):
        back = from_plain(to_plain(value), type(value))
        assert to_plain(back) == to_plain(value)
