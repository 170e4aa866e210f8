"""Frames of the market channel as facts. Nothing is dropped: what cannot be read is a fact too."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal

from venuekit.adapter import ONE, ZERO, Level, Side, VenueDown
from venuekit_polymarket.facts import (
    BestTold,
    BookTold,
    Fact,
    LevelsTold,
    ListedTold,
    ResolvedTold,
    TickTold,
    TradeTold,
    Unread,
)
from venuekit_polymarket.frame_values import Frame, level, levels, missing, needed, price, rows, side, size, texts
from venuekit_polymarket.reading import amount, text, time_ns

Best = tuple[Decimal | None, Decimal | None]
#: What tells a frame that does not name its kind, as some relays of the venue's data send them.
_BY_FIELD = (
    ("price_changes", "price_change"),
    ("bids", "book"),
    ("new_tick_size", "tick_size_change"),
    ("winning_asset_id", "market_resolved"),
    ("best_bid", "best_bid_ask"),
    ("fee_rate_bps", "last_trade_price"),
)


def kind_of(frame: Frame) -> str:
    """What a frame is about; empty when nothing tells."""
    return text(frame, "event_type") or next((kind for field, kind in _BY_FIELD if field in frame), "")


def facts(frame: Frame, now_ns: int) -> Iterator[Fact]:
    """What a frame says. `now_ns` stands in for a time that it leaves out."""
    kind = kind_of(frame)
    read = _READERS.get(kind)
    if read is None:
        yield Unread(why=f"there is no frame of the kind {kind[:40]!r}")
        return
    try:
        yield from read(frame, time_ns(frame, "timestamp") or now_ns)
    except VenueDown as error:
        yield Unread(why=f"{kind}: {error.message}", asset=text(frame, "asset_id"))


def _book(frame: Frame, at_ns: int) -> Iterator[Fact]:
    yield BookTold(
        asset=needed(frame, "asset_id"),
        time_ns=at_ns,
        bids=levels(frame, "bids"),
        asks=levels(frame, "asks"),
        digest=text(frame, "hash"),
        tick=amount(frame, "tick_size"),
    )


def _price_change(frame: Frame, at_ns: int) -> Iterator[Fact]:
    """The changes by asset, in order; the last word on the best prices counts, since it is after all of them."""
    changed: dict[str, tuple[dict[Decimal, Level], dict[Decimal, Level]]] = {}
    best: dict[str, Best | None] = {}
    for row in rows(frame, "price_changes"):
        asset = text(row, "asset_id") or text(frame, "asset_id")
        if not asset:
            yield Unread(why="price_change: asset_id is missing")
            continue
        try:
            one, taken = level(row), side(row)
            told = _best(row)
        except VenueDown as error:
            yield Unread(why=f"price_change: {error.message}", asset=asset)
            continue
        bids, asks = changed.setdefault(asset, ({}, {}))
        (bids if taken is Side.BUY else asks)[one.price] = one
        best[asset] = told
    for asset, (bids, asks) in changed.items():
        yield LevelsTold(
            asset=asset,
            time_ns=at_ns,
            bids=tuple(bids.values()),
            asks=tuple(asks.values()),
            best=best[asset],
        )


def _best(row: Frame) -> Best | None:
    """The best prices as the venue has them; None where it does not say. 0 and 1 stand for a side without orders."""
    if "best_bid" not in row and "best_ask" not in row:
        return None
    bid, ask = amount(row, "best_bid"), amount(row, "best_ask")
    return _price(bid), _price(ask)


def _price(value: Decimal | None) -> Decimal | None:
    return value if value is not None and ZERO < value < ONE else None


def _best_bid_ask(frame: Frame, at_ns: int) -> Iterator[Fact]:
    best = _best(frame)
    if best is None:
        raise missing("best_bid")
    yield BestTold(asset=needed(frame, "asset_id"), time_ns=at_ns, best=best)


def _last_trade_price(frame: Frame, at_ns: int) -> Iterator[Fact]:
    asset = needed(frame, "asset_id")
    paid, shares = price(frame), size(frame)
    if not shares:
        raise missing("size")
    taker = side(frame) if text(frame, "side") else None
    said = (asset, str(at_ns), str(paid), str(shares), text(frame, "side"), text(frame, "transaction_hash"))
    key = hashlib.blake2b("|".join(said).encode(), digest_size=12).hexdigest()
    yield TradeTold(asset=asset, time_ns=at_ns, price=paid, size=shares, taker_side=taker, key=key)


def _tick_size_change(frame: Frame, at_ns: int) -> Iterator[Fact]:
    yield TickTold(asset=needed(frame, "asset_id"), time_ns=at_ns, tick=price(frame, "new_tick_size"))


def _market_resolved(frame: Frame, at_ns: int) -> Iterator[Fact]:
    yield ResolvedTold(
        market=needed(frame, "market"),
        assets=texts(frame, "assets_ids"),
        winner=text(frame, "winning_asset_id"),
        time_ns=at_ns,
    )


def _new_market(frame: Frame, at_ns: int) -> Iterator[Fact]:
    market = text(frame, "market") or needed(frame, "condition_id")
    yield ListedTold(market=market, assets=texts(frame, "assets_ids") or texts(frame, "clob_token_ids"), time_ns=at_ns)


_READERS: Mapping[str, Callable[[Frame, int], Iterator[Fact]]] = {
    "book": _book,
    "price_change": _price_change,
    "best_bid_ask": _best_bid_ask,
    "last_trade_price": _last_trade_price,
    "tick_size_change": _tick_size_change,
    "market_resolved": _market_resolved,
    "new_market": _new_market,
}
