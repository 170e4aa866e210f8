"""Recorded frames of the market channel become facts, and keep every digit."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from venuekit.adapter import Side
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
from venuekit_polymarket.public_frames import facts, kind_of

_SHARED = [
    Path(os.environ.get("VENUEKIT_POLYMARKET_EXAMPLES", "")),
    *(p / "shared/data/polymarket/clob-and-gamma" for p in Path(__file__).resolve().parents),
]
FOLDER = next((p for p in _SHARED if p.name == "clob-and-gamma" and p.is_dir()), None)
needs_examples = pytest.mark.skipif(FOLDER is None, reason="no recorded payloads: set VENUEKIT_POLYMARKET_EXAMPLES")
NOW = 5
D = Decimal
#: What each recorded frame of the market channel is about.
FRAMES: Mapping[str, type[Any]] = {
    "ws_book_snapshot": BookTold,
    "ws_last_trade": TradeTold,
    "ws_market_best_bid_ask_msg": BestTold,
    "ws_market_book_msg": BookTold,
    "ws_market_last_trade_msg": TradeTold,
    "ws_market_new_market_msg": ListedTold,
    "ws_market_price_change_msg": LevelsTold,
    "ws_market_resolved_msg": ResolvedTold,
    "ws_market_tick_size_msg": TickTold,
    "ws_quotes": LevelsTold,
    "ws_tick_size_change": TickTold,
}


def recorded(name: str) -> Any:
    assert FOLDER is not None
    return json.loads((FOLDER / f"{name}.json").read_text(), parse_float=Decimal)


def numbers_in(value: Any) -> Iterator[str]:
    """Every price and size that a frame tells, as it is written."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key in ("price", "size", "best_bid", "best_ask", "new_tick_size") and isinstance(item, str):
                yield item
            yield from numbers_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from numbers_in(item)


def numbers_of(fact: Fact) -> Iterator[str]:
    if isinstance(fact, BookTold | LevelsTold):
        for level in (*fact.bids, *fact.asks):
            yield from (str(level.price), str(level.size))
    if isinstance(fact, LevelsTold | BestTold) and fact.best is not None:
        yield from (str(one) for one in fact.best if one is not None)
    if isinstance(fact, TradeTold):
        yield from (str(fact.price), str(fact.size))
    if isinstance(fact, TickTold):
        yield str(fact.tick)


@needs_examples
def test_every_recorded_frame_of_the_market_channel_is_in_the_list() -> None:
    assert FOLDER is not None
    names = {p.stem for p in FOLDER.glob("ws_*.json") if not p.stem.startswith("ws_user_")}
    assert names == set(FRAMES)


@needs_examples
@pytest.mark.parametrize("name", FRAMES)
def test_a_recorded_frame_is_read_with_every_digit(name: str) -> None:
    frame = recorded(name)
    told = list(facts(frame, NOW))
    assert told
    assert {type(fact) for fact in told} == {FRAMES[name]}
    written = sorted(numbers_in(frame))
    assert sorted(n for fact in told for n in numbers_of(fact)) == written
    assert {fact.time_ns for fact in told if not isinstance(fact, Unread)} == {int(frame["timestamp"]) * 1_000_000}
    assert kind_of({k: v for k, v in frame.items() if k != "event_type"}) == kind_of(frame) or name.endswith(
        "new_market_msg"
    )


@needs_examples
def test_one_frame_tells_of_both_outcomes_with_the_side_that_each_has() -> None:
    yes, no = facts(recorded("ws_quotes"), NOW)
    assert isinstance(yes, LevelsTold)
    assert isinstance(no, LevelsTold)
    assert ([str(x.price) for x in yes.bids], yes.asks) == (["0.51"], ())
    assert (no.bids, [str(x.size) for x in no.asks]) == ((), ["100.0"])
    assert yes.best == (D("0.51"), D("0.52"))
    assert no.best == (D("0.48"), D("0.49"))


@pytest.mark.parametrize(
    ("written", "meant"), [(".48", "0.48"), ("0.480", "0.480"), ("1", "1"), ("1e-2", "0.01"), (7, "7"), ("5.", "5")]
)
def test_numbers_come_in_many_forms(written: Any, meant: str) -> None:
    frame = {"event_type": "last_trade_price", "asset_id": "1", "price": ".5", "size": written, "side": "sell"}
    [fact] = facts(frame, NOW)
    assert isinstance(fact, TradeTold)
    assert (str(fact.size), fact.taker_side, fact.time_ns) == (meant, Side.SELL, NOW)


@pytest.mark.parametrize("written", ["NaN", "-1", "0", "", None, "1_0", "٣", True, [], "0x1", "1e99"])
def test_what_is_no_price_makes_a_change_unread_and_names_its_asset(written: Any) -> None:
    row = {"asset_id": "1", "price": written, "size": "1", "side": "BUY"}
    good = {"asset_id": "2", "price": "0.4", "size": "1", "side": "BUY"}
    told = list(facts({"event_type": "price_change", "price_changes": [row, good]}, NOW))
    assert [type(fact) for fact in told] == [Unread, LevelsTold]
    assert told[0].asset == "1"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "frame",
    [
        {},
        {"event_type": "moon_phase"},
        {"event_type": "book"},
        {"event_type": "book", "asset_id": "1", "bids": "none", "asks": []},
        {"event_type": "book", "asset_id": "1", "bids": [["0.1", "5"]], "asks": []},
        {"event_type": "book", "asset_id": "1", "bids": [], "asks": [], "timestamp": "yesterday"},
        {"event_type": "tick_size_change", "asset_id": "1"},
        {"event_type": "best_bid_ask", "asset_id": "1"},
        {"event_type": "market_resolved"},
        {"event_type": "price_change", "price_changes": [{"price": "1", "size": "1", "side": "BUY"}]},
        {"event_type": "price_change", "price_changes": [{"asset_id": "1", "price": ".1", "size": "1", "side": "UP"}]},
    ],
)
def test_what_cannot_be_read_is_a_fact_too(frame: Mapping[str, Any]) -> None:
    told = list(facts(frame, NOW))
    assert [type(fact) for fact in told] == [Unread]


@pytest.mark.parametrize(
    ("bid", "ask", "best"), [("0", "1", (None, None)), ("", "0.52", (None, D("0.52"))), ("0.4", "0", (D("0.4"), None))]
)
def test_a_side_without_orders_has_no_best_price(bid: str, ask: str, best: tuple[Any, Any]) -> None:
    row = {"asset_id": "1", "price": ".3", "size": "1", "side": "BUY", "best_bid": bid, "best_ask": ask}
    [fact] = facts({"event_type": "price_change", "price_changes": [row]}, NOW)
    assert isinstance(fact, LevelsTold)
    assert fact.best == best
