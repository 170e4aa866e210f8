"""The check of independent clients notices when a client's trading fails; the official one is run here, too."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from coinbase_clients import a_double

from venuekit_doubles.coinbase import CoinbaseDouble, Fault, Key

STRANGERS = Path(__file__).parent / "strangers"


def run(double: CoinbaseDouble, key: Key | None = None) -> subprocess.CompletedProcess[str]:
    name, secret = (key.name, key.secret) if key else (double.key, double.secret)
    where = {
        "DOUBLE_REST": double.rest_url,
        "DOUBLE_WS": double.ws_url,
        "DOUBLE_CA": double.ca_file,
        "DOUBLE_KEY": name,
        "DOUBLE_SECRET": secret,
        "REQUESTS_CA_BUNDLE": double.ca_file,
        "PYTHONPATH": str(STRANGERS.parents[1] / "strangers"),
    }
    command = [sys.executable, str(STRANGERS / "official.py")]
    return subprocess.run(
        command, env={**os.environ, **where}, check=False, capture_output=True, text=True, timeout=240
    )


def test_the_official_client_trades_in_a_process_of_its_own() -> None:
    with a_double(exchange={"pace": "realtime"}) as double:
        ended = run(double, double.add_key(Key("organizations/double/apiKeys/ed", kind="ed")))
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "fills" in ended.stdout


def test_a_client_whose_order_is_not_taken_fails_the_check() -> None:
    with a_double(exchange={"pace": "realtime"}) as double:
        double.fail("create", Fault.SERVER_ERROR)
        ended = run(double)
    assert ended.returncode != 0
    assert "limit order" not in ended.stdout
