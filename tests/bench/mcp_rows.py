"""A generated tool call beside a hand-written tool on the plain SDK that answers the same payload."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
from mcp.client.stdio import StdioServerParameters
from plain_server import build
from report import Row, median_us

from mcp import Client
from venuekit import open_desk
from venuekit_mcp import build_server

HERE = Path(__file__).parent
TOOL, ARGUMENTS = "get_market_data", {"instruments": ["BTC-USD"]}
WARM, CALLS = 50, 1000


async def _alternating(ours: Callable[[], Awaitable[Any]], plain: Callable[[], Awaitable[Any]]) -> tuple[float, float]:
    """Median microseconds of each: pairs in changing order, so that both meet the same weather and each other's tail."""
    samples: tuple[list[float], list[float]] = ([], [])
    pair = list(zip((ours, plain), samples, strict=True))
    for n in range(WARM + CALLS):
        pair.reverse()
        for call, taken in pair:
            start = time.perf_counter()
            await call()
            if n >= WARM:
                taken.append(time.perf_counter() - start)
    return median_us(samples[0]), median_us(samples[1])


async def _measure(first: Client, second: Client) -> tuple[float, float]:
    for client in (first, second):
        await client.list_tools()  # a client that knows the schema of an answer checks the answer
    return await _alternating(lambda: first.call_tool(TOOL, ARGUMENTS), lambda: second.call_tool("plain", ARGUMENTS))


def _environment(folder: Path) -> dict[str, str]:
    return {
        "VENUEKIT__DESK__DATA_DIR": str(folder),
        "VENUEKIT__VENUES__PAPER__PACE": "manual",
        "VENUEKIT__PACE__AGENT_CALLS_PER_MINUTE": "1000000",
    }


_AMOUNTS = "bid bid_size ask ask_size last last_size mark open_24h high_24h low_24h volume_24h".split()  # noqa: SIM905


def _ticker(ticker: Any) -> dict[str, Any]:
    """A ticker as one would write it down by hand."""
    amounts = {name: str(value) for name in _AMOUNTS if (value := getattr(ticker, name)) is not None}
    time_text = datetime.fromtimestamp(ticker.time_ns // 10**9, UTC).isoformat()
    return {"instrument": ticker.instrument, "time": time_text, **amounts, "sequence": ticker.sequence}


async def _in_memory(folder: Path) -> tuple[float, float, dict[str, Any]]:
    async with open_desk("paper", environ=_environment(folder)) as desk, Client(build_server(desk)) as ours:
        answer = await ours.call_tool(TOOL, ARGUMENTS)
        if answer.is_error:
            raise RuntimeError(f"The call to measure does not work: {answer.structured_content}")
        listed = next(t for t in (await ours.list_tools()).tools if t.name == TOOL)
        same = {"payload": answer.structured_content, "input": listed.input_schema, "output": listed.output_schema}

        async def by_hand() -> dict[str, Any]:
            (ticker,) = await desk.venue._venue.tickers(["BTC-USD"])
            return {**same["payload"], "tickers": [_ticker(ticker)]}

        if (await by_hand())["tickers"][0].keys() != same["payload"]["tickers"][0].keys():
            raise RuntimeError("The hand-written tool does not answer what the generated one does.")
        async with Client(build(same, by_hand)) as plain:
            return (*await _measure(ours, plain), same)


async def _stdio(folder: Path, same: dict[str, Any]) -> tuple[float, float]:
    environment = {**os.environ, **_environment(folder), "BENCH_TOOL": json.dumps(same)}
    one = StdioServerParameters(command=sys.executable, args=["-m", "venuekit_mcp_paper"], env=environment)
    two = StdioServerParameters(command=sys.executable, args=[str(HERE / "plain_server.py"), "stdio"], env=environment)
    async with Client(one) as ours, Client(two) as plain:
        return await _measure(ours, plain)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def _listening(port: int) -> None:
    with anyio.fail_after(30):
        while True:
            try:
                await (await anyio.connect_tcp("127.0.0.1", port)).aclose()
            except OSError:
                await anyio.sleep(0.05)
            else:
                return


async def _http(folder: Path, same: dict[str, Any]) -> tuple[float, float]:
    environment = {**os.environ, **_environment(folder), "BENCH_TOOL": json.dumps(same)}
    ports = _free_port(), _free_port()
    commands = (
        [sys.executable, "-m", "venuekit_mcp_paper", "--transport", "http", "--port", str(ports[0]), "--no-auth"],
        [sys.executable, str(HERE / "plain_server.py"), "http", str(ports[1])],
    )
    servers = [subprocess.Popen(c, env=environment, stderr=subprocess.DEVNULL) for c in commands]
    try:
        for port in ports:
            await _listening(port)
        urls = [f"http://127.0.0.1:{port}/mcp" for port in ports]
        async with Client(urls[0]) as ours, Client(urls[1]) as plain:
            return await _measure(ours, plain)
    finally:
        for server in servers:
            server.terminate()
            server.wait(10)


def rows(folder: Path, *, peers: bool) -> list[Row]:
    """In memory, over stdio, over HTTP."""
    del peers
    memory_ours, memory_plain, same = asyncio.run(_in_memory(folder / "memory"))
    figures = [("in memory", 1.15, memory_ours, memory_plain)]
    figures.append(("over stdio", 1.05, *asyncio.run(_stdio(folder / "stdio", same))))
    figures.append(("over HTTP", 1.05, *asyncio.run(_http(folder / "http", same))))
    return [
        Row(
            what=f"a generated tool call, {where}",
            ours=f"{ours / 1000:.2f} ms",
            beside=f"plain SDK {plain / 1000:.2f} ms",
            ratio=f"{ours / plain:.2f}×",
            budget=f"≤ {budget}×",
            met=ours / plain <= budget,
        )
        for where, budget, ours, plain in figures
    ]
