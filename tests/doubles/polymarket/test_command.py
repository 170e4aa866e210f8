from __future__ import annotations

import json
import signal
import ssl
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from venuekit_doubles.polymarket import Account, Pace, PolymarketDouble

pytestmark = pytest.mark.anyio


@pytest.fixture
def program(tmp_path: Path) -> Iterator[tuple[dict[str, str], Path]]:
    """The double as a program with a key of ours: what it says, and where it put its keys."""
    keys = tmp_path / "keys.json"
    own = Account.named("mine").private_key
    command = [sys.executable, "-m", "venuekit_doubles.polymarket", "--plain", "--key", own, "--key-file", str(keys)]
    command += ["--config", str(tmp_path / "desk.toml"), "--kind", "safe"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told: dict[str, str] = {}
        while "key" not in told:
            name, value = process.stdout.readline().split(maxsplit=1)
            told[name] = value.strip()
        yield told, keys
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 0


async def test_the_program_says_where_it_is_and_funds_every_wallet_of_a_key(
    program: tuple[dict[str, str], Path],
) -> None:
    told, keys = program
    key = json.loads(keys.read_text())
    assert keys.stat().st_mode & 0o077 == 0
    assert key["address"] == Account.named("mine").address
    assert set(key["wallets"]) == {"eoa", "proxy", "safe", "deposit"}
    desk = tomllib.loads(Path(told["desk"]).read_text())
    assert desk["desk"]["venue"] == "polymarket"
    assert desk["venues"]["polymarket"]["funder"] == key["wallets"]["safe"]
    assert Path(told["desk"]).stat().st_mode & 0o077 == 0
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{told['clob_url']}/ok") as answer:
            assert await answer.json() == "OK"
        for wallet in key["wallets"].values():
            padded = wallet[2:].lower().rjust(64, "0")
            call = {"to": "0xC011a7E12a19f7B1f670d46F03B03f3342E82DFB", "data": f"0x70a08231{padded}"}
            body = {"id": 1, "method": "eth_call", "params": [call, "latest"]}
            async with session.post(told["rpc_url"], json=body) as answer:
                assert int((await answer.json())["result"], 16) == 100_000 * 10**6


async def test_over_tls_the_double_is_trusted_by_its_own_authority_alone() -> None:
    with PolymarketDouble(secure=True, pace=Pace(moving=False)) as double:
        trust = ssl.create_default_context(cafile=double.ca_file)
        async with aiohttp.ClientSession() as session:
            async with session.get(f"{double.url}/time", ssl=trust) as answer:
                assert answer.status == 200
            async with session.ws_connect(double.urls["clob_market_ws_url"], ssl=trust) as socket:
                await socket.send_str("PING")
                assert await socket.receive_str(timeout=60) == "PONG"
            with pytest.raises(aiohttp.ClientConnectorCertificateError):
                await session.get(f"{double.url}/time", ssl=ssl.create_default_context(cadata=OTHER_AUTHORITY))


#: A root that signed nothing here.
OTHER_AUTHORITY = ssl.DER_cert_to_PEM_cert(ssl.create_default_context().get_ca_certs(binary_form=True)[0])
