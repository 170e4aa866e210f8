"""A server that is killed outright loses nothing that it had acknowledged, and its journal still verifies."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from mcp.client.stdio import StdioServerParameters, get_default_environment

import mcp
from mcp import Client

pytestmark = pytest.mark.anyio

CONFIG = """
[desk]
venue = "paper"
data_dir = "{folder}"

[risk]
max_order_notional = "20000"
max_open_orders = 1000

[approval]
require_above = "5000"

[venues.paper]
pace = "manual"
seed = 7
"""
BURST = [f"burst-{n}" for n in range(50)]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "desk.toml"
    path.write_text(CONFIG.format(folder=tmp_path / "data"), encoding="utf-8")
    return path


def server(config: Path) -> StdioServerParameters:
    # The shell writes down the server's own process id and becomes it, so that the kill hits the server itself.
    line = 'echo $$ > "$0"; exec "$@"'
    command = [sys.executable, "-m", "venuekit_mcp_paper", "--mode", "shadow", "--config", str(config)]
    return StdioServerParameters(
        command="/bin/sh", args=["-c", line, str(pid_file(config)), *command], env=get_default_environment()
    )


def pid_file(config: Path) -> Path:
    return config.parent / "pid"


def kill(config: Path) -> None:
    os.kill(int(pid_file(config).read_text()), signal.SIGKILL)


async def call(client: Client, tool: str, **arguments: str) -> dict[str, Any]:
    answer = await client.call_tool(tool, arguments)
    assert answer.structured_content is not None
    assert not answer.is_error, answer.structured_content
    return dict(answer.structured_content)


async def place(client: Client, order_id: str, **arguments: str) -> dict[str, Any]:
    reason = f"asked for as {order_id}"
    answer = await call(
        client, "place_order", instrument="BTC-USD", client_order_id=order_id, reason=reason, **arguments
    )
    order = answer["order"]
    assert isinstance(order, dict)
    return order


async def place_small(client: Client, order_id: str) -> dict[str, Any]:
    price = str(40_000 + int(order_id.rpartition("-")[2]))
    return await place(client, order_id, side="BUY", order_type="LIMIT", size="0.001", price=price)


def cli(config: Path, *words: str) -> subprocess.CompletedProcess[str]:
    script = Path(sys.executable).with_name("venuekit")
    command = [str(script), *words, "--config", str(config)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=240)


def journal(config: Path) -> list[dict[str, Any]]:
    exported = cli(config, "audit", "export")
    assert exported.returncode == 0, exported.stderr
    return [json.loads(line) for line in exported.stdout.splitlines()]


async def acknowledge_then_kill(config: Path) -> dict[str, dict[str, Any]]:
    """Orders that a client was told of, by their id; the kill comes in the middle of a burst of others."""
    told: dict[str, dict[str, Any]] = {}
    async with Client(server(config)) as client:
        for order_id, side, rest in (
            ("filled", "BUY", {"order_type": "MARKET", "size": "0.02"}),
            ("resting", "BUY", {"order_type": "LIMIT", "size": "0.01", "price": "50000"}),
            ("stop", "SELL", {"order_type": "STOP", "size": "0.01", "stop_price": "40000"}),
            ("waiting", "BUY", {"order_type": "LIMIT", "size": "0.2", "price": "51000"}),
            ("canceled", "BUY", {"order_type": "LIMIT", "size": "0.01", "price": "49000"}),
        ):
            told[order_id] = await place(client, order_id, side=side, **rest)
        told["canceled"] = (await call(client, "cancel_order", order_id="canceled"))["order"]

        names = iter(BURST)

        async def keep_placing() -> None:
            for order_id in names:
                told[order_id] = await place_small(client, order_id)
                if sum(name in told for name in BURST) == 3:
                    kill(config)

        # A few at a time: the server can never have answered them all before the kill.
        ended = await asyncio.gather(*(keep_placing() for _ in range(8)), return_exceptions=True)
        lost = [e for e in ended if e is not None]
        assert lost, "the kill came too late to cut anything off"
        assert all(isinstance(e, mcp.MCPError) for e in lost), lost
        with pytest.raises(mcp.MCPError):
            await client.call_tool("get_balances", {})
    return told


async def test_everything_acknowledged_is_there_after_a_kill_and_nothing_is_sent_twice(config: Path) -> None:
    told = await acknowledge_then_kill(config)
    assert {name: told[name]["status"] for name in ("filled", "resting", "stop", "waiting", "canceled")} == {
        "filled": "FILLED",
        "resting": "OPEN",
        "stop": "PENDING_TRIGGER",
        "waiting": "PENDING_APPROVAL",
        "canceled": "CANCELED",
    }
    before = journal(config)
    async with Client(server(config)) as client:
        for order_id, order in told.items():
            now = (await call(client, "get_order_status", order_id=order_id))["order"]
            same = ("status", "size", "price", "stop_price", "filled_size", "average_price", "fees", "venue_order_id")
            assert {k: now.get(k) for k in same} == {k: order.get(k) for k in same}, order_id
        fills = (await call(client, "get_fills", instrument="BTC-USD"))["fills"]
        assert sum(Decimal(f["size"]) for f in fills) == Decimal("0.02")
        held = {p["instrument"]: Decimal(p["size"]) for p in (await call(client, "get_positions"))["positions"]}
        assert held["BTC-USD"] == Decimal("0.02")

        # The same ids again: those that arrived come back, those that did not are placed, none twice.
        again = await asyncio.gather(*(place_small(client, order_id) for order_id in BURST))
        assert {o["client_order_id"] for o in again} == set(BURST)
        for order_id in set(BURST) & set(told):
            assert again[BURST.index(order_id)]["venue_order_id"] == told[order_id]["venue_order_id"]
        known = [o["venue_order_id"] for o in again if "venue_order_id" in o]
        assert len(set(known)) == len(known), "two of ours are one at the venue"
        # Written down, and killed before or while it was sent: in doubt until the venue has been asked long enough.
        assert {o["status"] for o in again if "venue_order_id" not in o} <= {"IN_DOUBT", "SUBMITTING"}

        # What waited for a person before the kill still goes, once, when the person says so.
        approval_id = told["waiting"]["approval_id"]
        approved = await asyncio.to_thread(
            cli, config, "approvals", "approve", approval_id, "--by", "ann", "--wait", "10"
        )
        assert approved.returncode == 0, approved.stdout + approved.stderr
        assert (await call(client, "get_order_status", order_id="waiting"))["order"]["status"] == "OPEN"

    after = journal(config)
    assert after[: len(before)] == before, "a restart only adds rows"
    calls = [row["body"] for row in before if row["kind"] == "call" and row["subject"] == "place_order"]
    kept = {c["arguments"]["client_order_id"] for c in calls if c["outcome"] == "ok"}
    assert kept >= set(told)
    sent = [row["subject"] for row in after if row["kind"] == "intent"]
    assert len(sent) == len(set(sent))
    verified = cli(config, "audit", "verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr


async def test_a_flipped_byte_in_the_store_is_named(config: Path) -> None:
    await acknowledge_then_kill(config)
    store = config.parent / "data" / "venuekit.db"
    with closing(sqlite3.connect(store)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert cli(config, "audit", "verify").returncode == 0
    image = bytearray(store.read_bytes())
    at = image.index(b"asked for as stop")
    image[at] ^= 1
    store.write_bytes(image)
    with closing(sqlite3.connect(store)) as database:
        (altered,) = database.execute("SELECT sequence FROM journal WHERE instr(body, '`sked for as stop')").fetchone()
    verified = cli(config, "audit", "verify", "--json")
    assert verified.returncode == 1
    answer = json.loads(verified.stdout)
    assert not answer["ok"]
    assert answer["sequence"] == altered
    assert str(altered) in answer["problem"]
