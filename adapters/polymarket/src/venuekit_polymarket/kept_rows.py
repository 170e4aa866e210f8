"""Rows of what is kept on disk, as orders and fills."""

from __future__ import annotations

import json

import attrs

from venuekit.adapter import Fill, Order, from_record, to_plain
from venuekit_polymarket.signing import Unsigned


@attrs.frozen
class KeptOrder:
    """An order as it was last told. `taken`: the venue has had it. `unsigned`: what was signed, where we sent it."""

    order: Order
    taken: bool
    unsigned: Unsigned | None = None


@attrs.frozen
class KeptFill:
    """A fill as it was last told; `number` is in the order of telling.

    `mined`: its shares and money have moved on the chain.
    """

    fill: Fill
    trade_id: str
    mined: bool
    number: int = 0


def body_of(value: Order | Fill | Unsigned) -> str:
    """What a row has in its `body`, to the last digit."""
    return json.dumps(to_plain(value))


def order_from(body: str) -> Order:
    """The order of a row."""
    return from_record(json.loads(body), Order)


def kept_order(taken: int, body: str, unsigned: str | None) -> KeptOrder:
    """An order's row."""
    sent = None if unsigned is None else from_record(json.loads(unsigned), Unsigned)
    return KeptOrder(order_from(body), bool(taken), sent)


def kept_fill(number: int, trade_id: str, mined: int, body: str) -> KeptFill:
    """A fill's row."""
    return KeptFill(from_record(json.loads(body), Fill), trade_id, bool(mined), number)
