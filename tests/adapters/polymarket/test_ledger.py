"""Own fills as they are read from the venue's list of trades: each span once, late words too, and nothing goes back."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import anyio
import pytest

from venuekit.adapter import NANOS, FillState, Instrument, UnknownInstrument, VenueDown
from venuekit_polymarket.fees import FeeTerms
from venuekit_polymarket.ledger import Ledger
from venuekit_polymarket.records import Records
from venuekit_polymarket.trades import Own, Reader

pytestmark = pytest.mark.anyio
D = Decimal
KEY, TOKEN = "my-key", "111"
START = 1_700_000_000


def trade(number: int, at: int, status: str = "CONFIRMED", **more: Any) -> dict[str, Any]:
    """A trade of ours, so many seconds after the start."""
    return {
        "id": f"t-{number}",
        "taker_order_id": "0x" + f"{number:064x}",
        "asset_id": TOKEN,
        "side": "BUY",
        "size": "10",
        "price": "0.5",
        "status": status,
        "match_time": str(START + at),
        "owner": KEY,
        "trader_side": "TAKER",
        "maker_orders": [],
        **more,
    }


class Venue:
    """Answers as ``/data/trades``: the newest first, two a page; notes what it is asked."""

    def __init__(self) -> None:
        self.trades: list[dict[str, Any]] = []
        self.asked: list[dict[str, Any]] = []
        self.endless = False

    async def own(self, path: str, *, budget: str, **query: Any) -> Any:
        assert path == "/data/trades"
        self.asked.append({k: v for k, v in query.items() if v is not None})
        await anyio.lowlevel.checkpoint()
        if "id" in query:
            return {"data": [t for t in self.trades if t["id"] == query["id"]], "next_cursor": "LTE="}
        after, before = query["after"], query["before"]
        there = [
            t for t in self.trades if after < int(t["match_time"]) and (not before or int(t["match_time"]) < before)
        ]
        there.sort(key=lambda t: -int(t["match_time"]))
        at = 0 if query["next_cursor"] == "MA==" else int(query["next_cursor"])
        more = self.endless or at + 2 < len(there)
        return {"data": there[at : at + 2], "next_cursor": str(at if self.endless else at + 2) if more else "LTE="}

    def spans(self) -> list[tuple[int, int | None]]:
        """What was asked for, in seconds after the start."""
        firsts = [q for q in self.asked if q.get("next_cursor") == "MA=="]
        return [(q["after"] - START, q["before"] - START if "before" in q else None) for q in firsts]


class Kept:
    """A ledger, what it keeps, and the markets whose fees it knows."""

    def __init__(self, records: Records) -> None:
        self.venue = Venue()
        self.records = records
        self.known: set[str] = set()
        self.ledger = Ledger(self.venue, records, self._one)  # type: ignore[arg-type]
        own = Own(wallet="0xme", api_key=KEY)
        self.ledger.begin(Reader("main", own, self._fees, "pUSD", lambda _: None))

    async def _one(self, token: str) -> Instrument:
        self.known.add(token)
        raise UnknownInstrument("None here.", field="instrument")

    def _fees(self, token: str) -> FeeTerms:
        return FeeTerms(rate=D("0.04")) if token in self.known else FeeTerms()

    def states(self) -> dict[str, FillState]:
        return {k.trade_id: k.fill.state for k in self.records.fills_since(0)}


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    records = Records(tmp_path / "orders.db")
    records.open()
    yield Kept(records)
    records.close()


def since(at: int) -> int:
    return (START + at) * NANOS


async def test_every_page_of_a_span_is_read_and_what_was_read_is_not_read_again(kept: Kept) -> None:
    kept.venue.trades = [trade(n, 1_000 + n) for n in range(5)]
    await kept.ledger.cover(since(900))
    assert set(kept.states()) == {f"t-{n}" for n in range(5)}
    assert kept.venue.spans() == [(899, None)]
    await kept.ledger.cover(since(900))
    assert kept.venue.spans()[1:] == [(1_004 - 120, None)], "but for the last minutes, whose trades may be told late"


async def test_a_trade_that_is_listed_late_is_found_within_two_minutes_of_the_newest(kept: Kept) -> None:
    kept.venue.trades = [trade(1, 1_000)]
    await kept.ledger.cover(since(900))
    kept.venue.trades.append(trade(2, 950))
    await kept.ledger.cover(since(900))
    assert set(kept.states()) == {"t-1", "t-2"}


async def test_what_lies_before_what_was_read_is_read_when_it_is_asked_for(kept: Kept) -> None:
    kept.venue.trades = [trade(1, 100), trade(2, 1_000)]
    await kept.ledger.cover(since(900))
    assert set(kept.states()) == {"t-2"}
    await kept.ledger.cover(since(50))
    assert set(kept.states()) == {"t-1", "t-2"}
    assert kept.venue.spans()[-1] == (49, 900), "only what was missing"


async def test_an_older_question_that_waits_for_its_turn_is_not_served_by_a_newer_ones_answer(kept: Kept) -> None:
    kept.venue.trades = [trade(1, 100), trade(2, 1_000)]
    async with anyio.create_task_group() as group:
        group.start_soon(kept.ledger.cover, since(900))
        group.start_soon(kept.ledger.cover, since(900))
        group.start_soon(kept.ledger.cover, since(50))
    assert set(kept.states()) == {"t-1", "t-2"}


async def test_those_who_ask_at_once_share_an_answer(kept: Kept) -> None:
    kept.venue.trades = [trade(1, 1_000)]
    await kept.ledger.cover(since(900))
    before = len(kept.venue.asked)
    async with anyio.create_task_group() as group:
        for _ in range(6):
            group.start_soon(kept.ledger.cover, since(900))
    assert len(kept.venue.asked) - before <= 2


async def test_the_end_of_what_was_read_never_goes_back(kept: Kept) -> None:
    kept.venue.trades = [trade(1, 1_000)]
    await kept.ledger.cover(since(900))
    await kept.ledger.cover(since(900))
    await kept.ledger.cover(since(900))
    assert kept.venue.spans()[1:] == [(880, None), (880, None)]


async def test_a_trade_that_is_long_on_its_way_is_asked_for_by_its_id(kept: Kept) -> None:
    kept.venue.trades = [trade(1, 100, "MATCHED"), trade(2, 1_000)]
    await kept.ledger.cover(since(50))
    kept.venue.trades[0]["status"] = "FAILED"
    await kept.ledger.cover(since(50))
    assert kept.states() == {"t-1": FillState.REVERSED, "t-2": FillState.CONFIRMED}
    assert {"id": "t-1"} in kept.venue.asked


async def test_what_is_final_stays_so_however_late_an_older_word_comes(kept: Kept) -> None:
    kept.ledger.told(trade(1, 1_000, "CONFIRMED"))
    kept.ledger.told(trade(1, 1_000, "MATCHED"))
    kept.ledger.told(trade(1, 1_000, "FAILED"))
    assert kept.states() == {"t-1": FillState.CONFIRMED}


async def test_the_later_of_two_words_in_one_answer_counts(kept: Kept) -> None:
    """The list begins with the newest: the same trade may stand in it with its end and, further down, before it."""
    kept.venue.trades = [trade(1, 1_000, "CONFIRMED"), trade(1, 1_000, "MATCHED")]
    await kept.ledger.cover(since(900))
    assert kept.states() == {"t-1": FillState.CONFIRMED}
    kept.venue.trades = [trade(3, 1_000, "MATCHED"), trade(3, 1_000, "CONFIRMED")]
    kept.venue.trades += [trade(4, 1_000, "MINED"), trade(4, 1_000, "MATCHED")]
    await kept.ledger.cover(since(900))
    assert kept.states()["t-3"] is FillState.CONFIRMED, "what is final is so in whichever order it is listed"
    assert next(k for k in kept.records.fills_since(0) if k.trade_id == "t-4").mined
    kept.ledger.told(trade(2, 1_001, "MATCHED"))
    assert not next(k for k in kept.records.fills_since(0) if k.trade_id == "t-2").mined
    kept.ledger.told(trade(2, 1_001, "MINED"))
    assert next(k for k in kept.records.fills_since(0) if k.trade_id == "t-2").mined, "it moves what can be sold"


async def test_a_fill_has_the_fee_of_its_market_once_that_is_known(kept: Kept) -> None:
    kept.venue.trades = [trade(1, 1_000, "MATCHED")]
    kept.ledger.told(kept.venue.trades[0])
    [before] = kept.records.fills_since(0)
    assert before.fill.fee == 0
    await kept.ledger.cover(since(900))
    [after] = kept.records.fills_since(0)
    assert (kept.known, after.fill.fee) == ({TOKEN}, D("0.1"))


async def test_a_list_that_names_its_own_page_as_the_next_ends(kept: Kept) -> None:
    kept.venue.trades = [trade(1, 1_000)]
    kept.venue.endless = True
    with anyio.fail_after(5):
        try:
            await kept.ledger.cover(since(900))
        except VenueDown:
            pytest.fail("a page that names itself was read over and over")
    assert len(kept.venue.asked) <= 2
