"""Every double lives in the same way: in a thread or on the running event loop, away for a while, gone without a trace."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from venuekit.testing.clock import SimulatedClock
from venuekit_doubles.coinbase import CoinbaseDouble
from venuekit_doubles.polymarket import PolymarketDouble
from venuekit_doubles.running import Double

pytestmark = pytest.mark.anyio
Make = Callable[..., Double]
WHERE = {CoinbaseDouble: "/api/v3/brokerage/time", PolymarketDouble: "/time"}


@pytest.fixture(params=[CoinbaseDouble, PolymarketDouble])
def make(request: pytest.FixtureRequest) -> Any:
    return request.param


async def asked(double: Double) -> int:
    """The status of a question on a connection of its own."""
    trust = ssl.create_default_context(cafile=double.ca_file)
    connector = aiohttp.TCPConnector(ssl=trust, force_close=True)
    async with (
        aiohttp.ClientSession(connector=connector) as session,
        session.get(double.rest_url + WHERE[type(double)]) as answer,
    ):
        return answer.status


async def test_on_the_running_event_loop_it_is_away_and_back_at_the_same_address(make: Make) -> None:
    threads = threading.active_count()
    async with make(secure=True) as double:
        assert threading.active_count() == threads
        place = double.rest_url
        assert await asked(double) == 200
        await double.vanish()
        with pytest.raises(aiohttp.ClientConnectorError):
            await asked(double)
        await double.come_back()
        assert (double.rest_url, await asked(double)) == (place, 200)
        trusted = Path(double.ca_file)
        with pytest.raises(RuntimeError, match="does not run"):
            double.call(double.vanish())
    assert not trusted.exists()


async def test_its_certificates_are_good_whatever_time_it_lives_in(make: Make) -> None:
    async with make(secure=True, clock=SimulatedClock(1_000_000_000 * 10**9)) as double:
        assert await asked(double) == 200


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary folders are made."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_a_port_that_is_taken_leaves_nothing_behind(make: Make, taken: int, folder: Path) -> None:
    threads = threading.active_count()
    double = make(port=taken)
    with pytest.raises(OSError, match="ddress already in use"):
        double.start()
    assert (list(folder.iterdir()), threading.active_count()) == ([], threads)
    double.stop()


async def test_nor_does_it_on_the_running_event_loop(make: Make, taken: int, folder: Path) -> None:
    with pytest.raises(OSError, match="ddress already in use"):
        await make(port=taken).__aenter__()
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("turns", range(6))
@pytest.mark.parametrize("away", [False, True])
async def test_a_connection_that_is_being_made_when_it_ends_or_goes_away_is_broken_too(
    make: Make, away: bool, turns: int
) -> None:
    async with make(secure=False) as double:
        with socket.create_connection(("127.0.0.1", int(double.host.rpartition(":")[2]))) as client:
            client.settimeout(60)
            for _ in range(turns):  # it gets one step further in each
                await asyncio.sleep(0)
            await (double.vanish() if away else double.__aexit__())
            for _ in range(3):
                await asyncio.sleep(0)
            with contextlib.suppress(ConnectionResetError):
                assert client.recv(1) == b""


async def test_a_handshake_that_ends_when_nobody_is_there_leads_nowhere(make: Make) -> None:
    async with make(secure=True) as double:
        trust = ssl.create_default_context(cafile=double.ca_file)
        with socket.create_connection(("127.0.0.1", int(double.host.rpartition(":")[2]))) as client:
            client.settimeout(60)
            for _ in range(4):
                await asyncio.sleep(0)
            await double.vanish()

            def shake() -> bytes:
                with trust.wrap_socket(client, server_hostname="127.0.0.1") as line:
                    return line.recv(1)

            with contextlib.suppress(ConnectionResetError, ssl.SSLError):
                assert await asyncio.to_thread(shake) == b""
