"""The kill switch works from another terminal: with desks open, with none, and with one that hangs."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from venuekit import LimitOrder, Side
from venuekit.cli.exits import FAILED, OK, UNAVAILABLE, USAGE
from venuekit.errors import Halted, ReduceOnlyState
from venuekit.journal import SqliteStore
from venuekit.protocols.journal import Entry, EntryKind

pytestmark = pytest.mark.anyio
HANGING = """
import asyncio, sys
from venuekit import open_desk

async def main(config):
    async with open_desk(config, environ={}):
        print("open", flush=True)
        sys.stdin.read()  # the whole loop waits

asyncio.run(main(sys.argv[1]))
"""


def order() -> LimitOrder:
    return LimitOrder(instrument="BTC-USD", side=Side.BUY, size=Decimal("0.01"), price=Decimal(59000))


async def test_a_halt_stops_the_next_order_of_an_open_desk_with_its_reason(
    beside: Any, empty: Path, desk_of: Callable[..., Any]
) -> None:
    async with desk_of(empty) as desk:
        await desk.submit(order())
        ran = await beside("halt", "--reason", "news", "--by", "alice", config=empty)
        assert ran.code == OK
        assert ran.out.startswith("HALTED by alice: news.")
        with pytest.raises(Halted):
            await desk.submit(order())
        assert "news" in desk.risk_state().reason
        assert len(await desk.open_orders()) == 1, "a halt alone leaves orders where they are"


async def test_with_cancel_all_an_open_desk_cancels_and_says_how_many(
    beside: Any, empty: Path, desk_of: Callable[..., Any]
) -> None:
    async with desk_of(empty) as desk:
        await desk.submit(order())
        ran = await beside("halt", "--cancel-all", "--json", config=empty)
        assert ran.code == OK
        assert set(ran.json) == {"control", "cancel_all"}
        assert "1 order" in ran.json["cancel_all"]["answers"]["paper:default"]
        assert ran.json["cancel_all"]["silent"] == []
        assert list(await desk.open_orders()) == []


async def test_a_resume_lets_the_next_order_go_and_says_what_it_left_alone(
    beside: Any, empty: Path, desk_of: Callable[..., Any]
) -> None:
    async with desk_of(empty) as desk:
        await beside("halt", config=empty)
        ran = await beside("resume", config=empty)
        assert ran.code == OK
        assert "ACTIVE again, by alice (was HALTED)." in ran.out
        assert "As before: limits" in ran.out
        await desk.submit(order())
    again = await beside("resume", "--json", config=empty)
    assert set(again.json) == {"control", "resets", "keeps", "stopped"}


def test_a_halt_holds_where_no_desk_was_ever_opened(venuekit: Any, empty: Path) -> None:
    ran = venuekit("halt", "--reason", "not before Monday", config=empty)
    assert ran.code == OK
    status = venuekit("status", config=empty)
    assert "trading  HALTED" in status.out
    assert "not before Monday (by alice, " in status.out


async def test_a_desk_that_is_opened_after_a_halt_is_halted(
    beside: Any, empty: Path, desk_of: Callable[..., Any]
) -> None:
    await beside("halt", config=empty)
    async with desk_of(empty) as desk:
        with pytest.raises(Halted):
            await desk.submit(order())


def test_with_no_desk_open_cancel_all_says_that_nobody_did_it(venuekit: Any, recorded: Any) -> None:
    ran = venuekit("halt", "--cancel-all", config=recorded.config)
    assert ran.code == UNAVAILABLE
    assert "--open-desk" in ran.err
    assert "trading  HALTED" in venuekit("status", config=recorded.config).out


def test_with_open_desk_the_command_cancels_by_itself(venuekit: Any, recorded: Any) -> None:
    ran = venuekit("halt", "--cancel-all", "--open-desk", config=recorded.config)
    assert ran.code == OK
    assert "3 orders canceled, 0 not" in ran.out
    assert venuekit("orders", "--json", config=recorded.config).json["orders"] == []


@pytest.mark.parametrize("persist", ["true", "false"])
async def test_with_open_desk_beside_a_desk_that_hangs_the_halt_holds_and_its_process_is_named(
    beside: Any, empty: Path, persist: str
) -> None:
    empty.write_text(f"{empty.read_text(encoding='utf-8')}persist = {persist}\n", encoding="utf-8")
    options = [sys.executable, "-c", HANGING, str(empty)]
    with subprocess.Popen(options, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == "open\n"
        ran = await beside("halt", "--cancel-all", "--open-desk", "--wait", "0.05", config=empty)
        assert ran.code == UNAVAILABLE
        assert "HALTED" in ran.out
        assert "Nothing was canceled" in ran.err
        assert str(server.pid) in ran.err
        ran = await beside("halt", "--cancel-all", "--open-desk", "--wait", "0.05", "--json", config=empty)
        assert ran.json["cancel_all"]["refused"]["code"] == "STORE_IN_USE"
        server.kill()
    ran = await beside("halt", "--cancel-all", "--open-desk", "--wait", "0.05", config=empty)
    assert ran.code == OK, "it ended, and its account can be had at once"


async def test_a_desk_that_does_not_answer_is_named(beside: Any, recorded: Any) -> None:
    store = SqliteStore(recorded.store)
    hanging = Entry(
        kind=EntryKind.SESSION, desk="paper:default", subject="", agent_id="", body={"event": "opened"}, time_ns=2**60
    )
    await store.append([hanging])
    await store.close()
    ran = await beside("halt", "--cancel-all", "--wait", "0.05", "--json", config=recorded.config)
    assert ran.code == UNAVAILABLE
    assert ran.json["cancel_all"] == {"answers": {}, "silent": ["paper:default"], "refused": None}


async def test_halts_and_resumes_are_in_the_journal_and_the_journal_verifies(beside: Any, recorded: Any) -> None:
    await beside("halt", "--reason", "password=hunter2hunter2", config=recorded.config)
    await beside("resume", "--by", "bob", config=recorded.config)
    rows = (await beside("audit", "search", "--kind", "control", "--json", config=recorded.config)).json["rows"]
    assert [(r["agent_id"], r["body"]["action"]) for r in rows] == [("alice", "halt"), ("bob", "resume")]
    assert "hunter2" not in str(rows)
    assert (await beside("audit", "verify", config=recorded.config)).code == OK


async def test_the_journal_verifies_after_breakers_were_reset_by_a_resume(
    beside: Any, empty: Path, desk_of: Callable[..., Any]
) -> None:
    async with desk_of(empty) as desk:
        await desk.submit(order())
        await beside("halt", "--cancel-all", config=empty)
        await beside("resume", config=empty)
    ran = await beside("audit", "verify", config=empty)
    assert ran.code == OK, ran.out


async def test_reduce_only_lets_positions_be_closed_and_nothing_else_until_a_resume(
    beside: Any, empty: Path, desk_of: Callable[..., Any]
) -> None:
    async with desk_of(empty) as desk:
        ran = await beside("reduce-only", "--reason", "careful", config=empty)
        assert ran.code == OK
        assert ran.out.startswith("REDUCING by alice: careful.")
        with pytest.raises(ReduceOnlyState, match="careful"):
            await desk.submit(order())
        await beside("resume", config=empty)
        await desk.submit(order())


async def test_one_desk_or_venue_is_stopped_by_name_and_a_resume_of_it_leaves_a_halt_of_all(
    beside: Any, empty: Path, desk_of: Callable[..., Any]
) -> None:
    async with desk_of(empty) as desk:
        await beside("halt", "--desk", "paper:default", "--reason", "one", config=empty)
        status = (await beside("status", config=empty)).out
        assert "paper:default HALTED: one" in status
        with pytest.raises(Halted, match="one"):
            await desk.submit(order())
        await beside("halt", "--venue", "paper", config=empty)
        still = await beside("resume", "--desk", "paper:default", config=empty)
        assert still.code == FAILED
        assert "paper:default is still HALTED" in still.err
        everything = await beside("resume", config=empty)
        assert everything.code == OK
        assert "That ends also what was said of every desk at paper (HALTED)." in everything.out
        await desk.submit(order())


def test_a_name_that_nobody_has_stops_nobody_and_says_so(venuekit: Any, recorded: Any) -> None:
    for words in (("--desk", "papr:default"), ("--venue", "papr"), ("--desk", "paper:default", "--venue", "paper")):
        assert venuekit("halt", *words, config=recorded.config).code == USAGE
    assert "trading  ACTIVE" in venuekit("status", config=recorded.config).out
