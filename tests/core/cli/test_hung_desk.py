"""A halt from another process holds for a desk that hangs, and its orders can be canceled by force: with real processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

PROGRAM = """
import asyncio, sys
from decimal import Decimal
from venuekit import LimitOrder, Side, VenuekitError, open_desk

def order():
    return LimitOrder(instrument="BTC-USD", side=Side.BUY, size=Decimal("0.01"), price=Decimal(50000))

async def main(config):
    async with open_desk(config) as desk:
        await desk.submit(order())
        print("ready", flush=True)
        sys.stdin.readline()  # the event loop is blocked: nothing polls, nothing cancels
        try:
            await desk.submit(order())
            print("SENT", flush=True)
        except VenuekitError as error:
            print(error.code, flush=True)
        sys.stdin.readline()

asyncio.run(main(sys.argv[1]))
"""
COMMAND = [sys.executable, "-c", "from venuekit.cli.app import main; main()"]


@pytest.fixture(params=["sqlite", "postgresql"])
def config(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    file = tmp_path / "desk.toml"
    url = "" if request.param == "sqlite" else f'[store]\nurl = "{request.getfixturevalue("postgres").url()}"\n'
    file.write_text(f'[desk]\nvenue = "paper"\ndata_dir = "{tmp_path}/data"\n{url}', encoding="utf-8")
    return file


def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("VENUEKIT")}


@pytest.fixture
def hung(config: Path) -> Iterator[subprocess.Popen[str]]:
    """A desk with an open order, whose event loop is blocked until it is given a line."""
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(config)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment(),
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
        process.kill()


def venuekit(config: Path, *words: str) -> tuple[int, Any]:
    done = subprocess.run(
        [*COMMAND, *words, "--json", "--config", str(config)],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        env=environment(),
    )
    return done.returncode, json.loads(done.stdout)


def test_the_very_next_order_of_a_desk_that_hung_is_refused(hung: subprocess.Popen[str], config: Path) -> None:
    code, body = venuekit(config, "halt", "--cancel-all", "--wait", "0.05")
    assert (code, body["cancel_all"]["silent"]) == (4, ["paper:default"])
    assert hung.stdin is not None
    assert hung.stdout is not None
    hung.stdin.write("go on\n")
    hung.stdin.flush()
    assert hung.stdout.readline() == "TRADING_HALTED\n"


def test_a_stopped_process_keeps_its_lease_until_it_is_put_out_on_purpose(
    hung: subprocess.Popen[str], config: Path
) -> None:
    hung.send_signal(signal.SIGSTOP)
    code, body = venuekit(config, "halt", "--cancel-all", "--wait", "0.05", "--open-desk")
    assert code == 4
    assert body["cancel_all"]["refused"]["code"] == "STORE_IN_USE"
    assert [o["status"] for o in venuekit(config, "orders")[1]["orders"]] == ["OPEN"]
    code, body = venuekit(config, "halt", "--cancel-all", "--wait", "0.05", "--open-desk", "--force")
    assert (code, body["cancel_all"]["silent"]) == (0, [])
    assert "1 orders canceled, 0 not" in body["cancel_all"]["answers"]["paper:default"]
    assert venuekit(config, "orders")[1]["orders"] == []
    assert hung.wait(timeout=60) == -signal.SIGKILL
    (desk,) = venuekit(config, "status")[1]["desks"]
    assert (desk["session_open"], desk["running"]) == (False, False)


def test_the_status_tells_a_desk_that_runs_from_one_that_was_killed(hung: subprocess.Popen[str], config: Path) -> None:
    (desk,) = venuekit(config, "status")[1]["desks"]
    assert (desk["session_open"], desk["running"]) == (True, True)
    assert str(hung.pid) in desk["holder"]
    hung.kill()
    hung.wait()
    (desk,) = venuekit(config, "status")[1]["desks"]
    assert (desk["session_open"], desk["running"], desk["holder"]) == (True, False, None)
