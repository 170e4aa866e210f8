"""A server that is killed outright loses nothing that it had acknowledged, and its journal still verifies."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp.client.stdio import StdioServerParameters, get_default_environment

from mcp import Client

pytestmark = pytest.mark.anyio

CONFIG = """
[desk]
venue = "paper"
data_dir = "{folder}"

[approval]
require_above = "5000"

[venues.paper]
pace = "manual"
seed = 7
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "desk.toml"
    path.write_text(CONFIG.format(folder=tmp_path / "data"), encoding="utf-8")
    return path


def server(config: Path, pid_file: Path) -> StdioServerParameters:
    # The shell writes down the server's own process id and becomes it, so that the kill hits the server itself.
    line = 'echo $$ > "$0"; exec "$@"'
    command = [sys.executable, "-m", "venuekit_mcp_paper", "--mode", "shadow", "--config", str(config)]
    return StdioServerParameters(
        command="/bin/sh", args=["-c", line, str(pid_file), *command], env=get_default_environment()
    )


async def place(client: Client, **arguments: str) -> dict[str, Any]:
    answer = await client.call_tool(
        "place_order", {"instrument": "BTC-USD", "reason": "a test of what survives", **arguments}
    )
    assert answer.structured_content is not None
    assert not answer.is_error, answer.structured_content
    return answer.structured_content


def store_of(config: Path) -> Path:
    return config.parent / "data" / "venuekit.db"


def cli(config: Path, *words: str) -> subprocess.CompletedProcess[str]:
    script = Path(sys.executable).with_name("venuekit")
    command = [str(script), *words, "--config", str(config), "--json"]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def order_of(answer: dict[str, Any]) -> dict[str, Any]:
    found = answer.get("order", answer)
    assert isinstance(found, dict)
    return found


async def acknowledge_then_kill(config: Path) -> dict[str, dict[str, Any]]:
    pid_file = config.parent / "pid"
    acknowledged: dict[str, dict[str, Any]] = {}
    with pytest.raises(BaseException):  # noqa: B017, PT012 - the connection dies in the client's hands, in its own way
        async with Client(server(config, pid_file)) as client:
            acknowledged["filled"] = await place(client, side="BUY", order_type="MARKET", size="0.02")
            acknowledged["resting"] = await place(client, side="BUY", order_type="LIMIT", size="0.01", price="50000")
            acknowledged["stop"] = await place(client, side="SELL", order_type="STOP", size="0.01", stop_price="40000")
            acknowledged["waiting"] = await place(client, side="BUY", order_type="LIMIT", size="0.2", price="51000")
            os.kill(int(pid_file.read_text()), signal.SIGKILL)
            with anyio.fail_after(20):
                await client.call_tool("get_balances", {})
            raise AssertionError("the server answered after it was killed")
    return acknowledged


async def test_everything_acknowledged_is_there_after_a_kill(config: Path) -> None:
    acknowledged = await acknowledge_then_kill(config)
    async with Client(server(config, config.parent / "pid")) as client:
        for what, status in (
            ("filled", "FILLED"),
            ("resting", "OPEN"),
            ("stop", "PENDING_TRIGGER"),
            ("waiting", "PENDING_APPROVAL"),
        ):
            order_id = order_of(acknowledged[what])["client_order_id"]
            answer = await client.call_tool("get_order_status", {"order_id": order_id})
            assert answer.structured_content is not None
            assert order_of(answer.structured_content)["status"] == status, what
        fills = await client.call_tool("get_fills", {"instrument": "BTC-USD"})
        assert fills.structured_content is not None
        assert sum(float(f["size"]) for f in fills.structured_content["fills"]) == pytest.approx(0.02)
        positions = await client.call_tool("get_positions", {})
        assert positions.structured_content is not None
        held = {p["instrument"]: p["size"] for p in positions.structured_content["positions"]}
        assert held["BTC-USD"].rstrip("0") == "0.02"
    approvals = json.loads(cli(config, "approvals", "list").stdout)
    assert json.dumps(approvals).count("PENDING") >= 1
    verified = cli(config, "audit", "verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr


async def test_a_flipped_byte_in_the_store_is_named(config: Path) -> None:
    await acknowledge_then_kill(config)
    with sqlite3.connect(store_of(config)) as database:
        sequence, body = database.execute(
            "SELECT sequence, body FROM journal WHERE kind = 'intent' ORDER BY sequence LIMIT 1"
        ).fetchone()
        database.execute("UPDATE journal SET body = ? WHERE sequence = ?", (body.replace("BUY", "BUX", 1), sequence))
    verified = cli(config, "audit", "verify")
    assert verified.returncode == 1
    assert str(sequence) in verified.stdout + verified.stderr
