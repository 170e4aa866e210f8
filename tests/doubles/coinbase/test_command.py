"""The double as a command, in a process of its own, and its own addresses for tests that run elsewhere."""

from __future__ import annotations

import asyncio
import json
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests
from coinbase.rest import RESTClient
from coinbase_clients import API, Plain, a_double, a_stream, order

from venuekit_doubles.coinbase import CoinbaseDouble

D = Decimal
MODULE = [sys.executable, "-m", "venuekit_doubles.coinbase"]
SCRIPT = [str(Path(sys.executable).with_name("venuekit-double-coinbase"))]


@contextmanager
def started(command: list[str], lines: int) -> Iterator[tuple[dict[str, str], subprocess.Popen[str]]]:
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield dict(process.stdout.readline().split(None, 1) for _ in range(lines)), process
        finally:
            process.kill()


def test_the_command_says_where_it_is_whom_to_trust_and_its_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "key.json"
    options = ["--key-file", str(file), "--key-kind", "ed", "--balance", "usd=1234.5", "--manual"]
    with started([*MODULE, *options], 4) as (said, process):
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", said["trust"].strip())
        assert said["stream"].strip() == said["REST"].strip().replace("https", "wss")
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        client = RESTClient(key_file=str(file), base_url=said["REST"].strip().removeprefix("https://"), timeout=60)
        held = {a.currency: D(a.available_balance["value"]) for a in client.get_accounts().accounts}
        assert (held["USD"], held["BTC"]) == (D("1234.5"), 0)
        client.session.close()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""
    assert not Path(said["trust"].strip()).exists(), "what it wrote for itself is gone"


def test_the_console_script_is_the_same_and_may_do_without_tls() -> None:
    with started([*SCRIPT, "--plain", "--private-limit", "1"], 3) as (said, process):
        key = json.loads(said["key"])
        assert key["privateKey"].startswith("-----BEGIN EC PRIVATE KEY-----")
        address = said["REST"].strip()
        assert address.startswith("http://127.0.0.1:")
        assert requests.get(f"{address}/v2/time", timeout=60).json()["data"]["epoch"] > 0
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--balance", "USD"], "such as USD=100000"),
        (["--balance", "USD=-1"], "such as USD=100000"),
        (["--balance", "DOGE=1"], "amounts of BTC, ETH, SOL, USD"),
        (["--private-limit", "0"], "--private-limit must be 1 or more"),
        (["--quirk", "slow"], "null-for-empty"),
        (["--key-kind", "rsa"], "ed_pem"),
        (["--prot", "1"], "--prot"),
        (["--key-file", "/nowhere/key.json"], "/nowhere/key.json"),
    ],
)
def test_what_is_wrong_with_the_command_is_said(
    options: list[str], said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert said in " ".join(refused(options, monkeypatch, capsys).split())


def refused(options: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    from venuekit_doubles.coinbase import command

    monkeypatch.setattr(signal, "signal", lambda *_: None)
    with pytest.raises(SystemExit) as ended:
        command.main(options)
    assert ended.value.code
    shown = capsys.readouterr()
    assert "Traceback" not in shown.err + shown.out
    return shown.err + shown.out


# -- its own addresses


@pytest.fixture
def own(plain: Plain) -> Callable[..., Any]:
    def ask(method: str, name: str, **body: Any) -> requests.Response:
        return plain.http.request(method, f"{plain.double.rest_url}/double/{name}", json=body or None, timeout=60)

    return ask


def test_faults_are_asked_for_from_elsewhere(plain: Plain, own: Callable[..., Any]) -> None:
    assert own("POST", "fail", endpoint="accounts", faults=["429", "500"]).json() == {"next": ["429", "500"]}
    answers = [plain.ask("GET", f"{API}/accounts").status_code for _ in range(3)]
    assert answers == [429, 500, 200]


@pytest.mark.parametrize(
    ("name", "body", "said"),
    [
        ("fail", {"endpoint": "nothing", "faults": []}, "No endpoint 'nothing'; there are: account, accounts"),
        ("fail", {"endpoint": "create", "faults": ["410"]}, "'410' is not a valid Fault"),
        ("fail", {"endpoint": "create"}, "faults must be a list"),
        ("fail_streams", {"fault": "none"}, "is not a valid StreamFault"),
        ("advance", {"seconds": "ten"}, "seconds must be a number"),
        ("advance", {"seconds": -1}, "seconds must be a number"),
    ],
)
def test_what_cannot_be_asked_for_is_said(own: Callable[..., Any], name: str, body: dict[str, Any], said: str) -> None:
    answer = own("POST", name, **body)
    assert answer.status_code == 400
    assert said in answer.json()["message"]


def test_time_passes_where_the_market_stands_still(plain: Plain, own: Callable[..., Any]) -> None:
    before = plain.get(f"{API}/market/products/BTC-USD/ticker", limit=1)["trades"]
    now = own("POST", "advance", seconds=60).json()["now_ns"]
    assert own("POST", "advance", seconds=1).json()["now_ns"] >= now + 10**9
    assert plain.get(f"{API}/market/products/BTC-USD/ticker", limit=1)["trades"] != before


def test_time_cannot_be_let_pass_where_it_passes_by_itself() -> None:
    with a_double(secure=False, exchange={"pace": "realtime"}) as double:
        answer = requests.post(f"{double.rest_url}/double/advance", json={"seconds": 1}, timeout=60)
    assert (answer.status_code, answer.json()["message"]) == (
        400,
        "the market moves by itself; start the double with --manual",
    )


def test_what_was_asked_is_told_elsewhere_and_forgotten(plain: Plain, own: Callable[..., Any]) -> None:
    own("POST", "forget")
    plain.post(f"{API}/orders", order("told"))
    plain.get(f"{API}/time")
    told = own("GET", "asked").json()
    assert [(r["endpoint"], r["mutating"]) for r in told["requests"]] == [("create", True), ("time", False)]
    assert (told["private"], told["mutating"], told["messages"]) == (2, 1, [])
    assert own("POST", "forget").json() == {}
    assert own("GET", "asked").json()["requests"] == []


@pytest.mark.anyio
async def test_streams_fail_from_elsewhere(double: CoinbaseDouble, own: Callable[..., Any]) -> None:
    async with a_stream(double) as stream:
        await stream.say("heartbeats")
        await double.subscribed("heartbeats")
        asked = asyncio.to_thread(own, "POST", "fail_streams", fault="close_1001")
        answer, code = await asyncio.gather(asked, stream.closed())
        assert (answer.json(), code) == ({"connections": 1}, 1001)
