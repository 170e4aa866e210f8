"""What an account holds and may do."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Generic, TypeVar

import attrs

from venuekit.model.identity import AccountId, InstrumentId, VenueName
from venuekit.model.intent import OrderType, Side
from venuekit.model.money import ZERO
from venuekit.model.order import OrderStatus


@attrs.frozen(kw_only=True)
class Balance:
    """One asset: `total` = `available` + `held` (by open orders or margin)."""

    venue: VenueName
    account: AccountId
    asset: str
    total: Decimal
    available: Decimal
    held: Decimal


@attrs.frozen(kw_only=True)
class Position:
    """A net position. `size` is signed: negative is short. Profit and fees are in `quote`.

    `unrealized_pnl` and `mark_price` are None when no trusted price is known.
    """

    venue: VenueName
    account: AccountId
    instrument: InstrumentId
    quote: str
    size: Decimal
    average_entry_price: Decimal | None
    realized_pnl: Decimal = ZERO
    unrealized_pnl: Decimal | None = None
    mark_price: Decimal | None = None
    fees_paid: Decimal = ZERO
    updated_ns: int = 0


class KeyPermission(StrEnum):
    """What a venue's key may do."""

    VIEW = "VIEW"
    TRADE = "TRADE"
    TRANSFER = "TRANSFER"


@attrs.frozen(kw_only=True)
class AccountProfile:
    """Who we are at the venue. Fee rates are shares of notional (0.001 is 0.1 %); None where not known."""

    venue: VenueName
    account: AccountId
    environment: str
    permissions: Sequence[KeyPermission]
    maker_fee_rate: Decimal | None = None
    taker_fee_rate: Decimal | None = None
    fee_tier: str | None = None


class TransferKind(StrEnum):
    """Money or shares that moved without a trade."""

    DEPOSIT = "DEPOSIT"
    WITHDRAWAL = "WITHDRAWAL"
    FUNDING = "FUNDING"
    MINT = "MINT"
    MERGE = "MERGE"
    RESOLUTION = "RESOLUTION"
    #: A loss beyond the account's margin, paid by the venue.
    INSURANCE = "INSURANCE"


@attrs.frozen(kw_only=True)
class Transfer:
    """One movement; `amount` is signed, positive when it came in."""

    id: str
    venue: VenueName
    account: AccountId
    kind: TransferKind
    asset: str
    amount: Decimal
    time_ns: int
    instrument: InstrumentId | None = None


T = TypeVar("T")


@attrs.frozen
class Page(Generic[T]):
    """Some of a longer list; `next_cursor` is None on the last page. Cursors are opaque."""

    items: Sequence[T]
    next_cursor: str | None = None


@attrs.frozen(kw_only=True)
class HistoryQuery:
    """Which past orders, newest first. Times are UTC nanoseconds, `start_ns` inclusive, `end_ns` exclusive."""

    instrument: InstrumentId | None = None
    statuses: Sequence[OrderStatus] = ()
    type: OrderType | None = None
    side: Side | None = None
    start_ns: int | None = None
    end_ns: int | None = None
    limit: int = 100
    cursor: str | None = None


@attrs.frozen(kw_only=True)
class FillQuery:
    """Which fills, newest first. Times are UTC nanoseconds, `start_ns` inclusive, `end_ns` exclusive."""

    instrument: InstrumentId | None = None
    order_id: str | None = None
    start_ns: int | None = None
    end_ns: int | None = None
    limit: int = 100
    cursor: str | None = None
