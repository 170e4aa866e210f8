"""What a frame of the market channel says, apart from how it says it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import attrs

from venuekit.adapter import Level, Side


@attrs.frozen(kw_only=True)
class BookTold:
    """The whole book of an outcome token."""

    asset: str
    time_ns: int
    bids: Sequence[Level]
    asks: Sequence[Level]
    #: The venue's digest of it, which tells two books apart and no more.
    digest: str = ""
    tick: Decimal | None = None


@attrs.frozen(kw_only=True)
class LevelsTold:
    """New absolute sizes at some prices. `best` is the venue's own word on the best prices afterwards, if it gave one.

    A side of `best` without orders is None.
    """

    asset: str
    time_ns: int
    bids: Sequence[Level]
    asks: Sequence[Level]
    best: tuple[Decimal | None, Decimal | None] | None = None


@attrs.frozen(kw_only=True)
class BestTold:
    """The best prices."""

    asset: str
    time_ns: int
    best: tuple[Decimal | None, Decimal | None]


@attrs.frozen(kw_only=True)
class TradeTold:
    """A public trade. The venue gives trades no number; `key` is the same if the same trade is told again."""

    asset: str
    time_ns: int
    price: Decimal
    size: Decimal
    taker_side: Side | None
    key: str


@attrs.frozen(kw_only=True)
class TickTold:
    """The step of prices changed, and the book with it."""

    asset: str
    time_ns: int
    tick: Decimal


@attrs.frozen(kw_only=True)
class ResolvedTold:
    """A market is decided. `winner` is empty where the frame does not name it."""

    market: str
    assets: Sequence[str]
    winner: str
    time_ns: int


@attrs.frozen(kw_only=True)
class ListedTold:
    """A market was opened."""

    market: str
    assets: Sequence[str]
    time_ns: int


@attrs.frozen(kw_only=True)
class Unread:
    """A part of a frame that could not be read; of `asset`, where that much is known."""

    why: str
    asset: str = ""


Fact = BookTold | LevelsTold | BestTold | TradeTold | TickTold | ResolvedTold | ListedTold | Unread
