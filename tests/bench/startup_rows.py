"""How long until it is there: the import, and a server's first answer beside a plain SDK server's."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

from mcp.client.stdio import StdioServerParameters
from report import Row, best_seconds

from mcp import Client

HERE = Path(__file__).parent
HEAVY = ("mcp", "pydantic", "ccxt", "sqlite3", "starlette")


def _run(code: str) -> None:
    subprocess.run([sys.executable, "-c", code], check=True)


async def _first_answer(command: list[str], environment: dict[str, str]) -> float:
    parameters = StdioServerParameters(command=command[0], args=command[1:], env=environment)
    start = time.perf_counter()
    async with Client(parameters) as client:
        await client.list_tools()
        return time.perf_counter() - start


def rows(folder: Path, *, peers: bool) -> list[Row]:
    """The fastest of a few starts each, alternating."""
    del peers
    bare = best_seconds(lambda: _run("pass"))
    imported = best_seconds(lambda: _run("import venuekit")) - bare
    came = subprocess.run(
        [sys.executable, "-c", f"import sys, venuekit; print(*[m for m in {HEAVY} if m in sys.modules])"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    environment = {**os.environ, "VENUEKIT__DESK__DATA_DIR": str(folder / "startup")}
    ours_command = [sys.executable, "-m", "venuekit_mcp_paper"]
    plain_command = [sys.executable, str(HERE / "plain_server.py"), "stdio"]
    ours, plain = [], []
    for _ in range(8):
        plain.append(asyncio.run(_first_answer(plain_command, environment)))
        ours.append(asyncio.run(_first_answer(ours_command, environment)))
    ratio = min(ours) / min(plain)
    return [
        Row(
            "import venuekit",
            f"{imported:.3f} s",
            "-",
            "-",
            "≤ 0.15 s, none of " + ", ".join(HEAVY),
            imported <= 0.15 and not came,
            f"it also imports {came}" if came else "",
        ),
        Row(
            "start of venuekit-mcp-paper to its first answer",
            f"{min(ours):.2f} s",
            f"plain SDK server {min(plain):.2f} s",
            f"{ratio:.2f}×",
            "≤ 1.3×",
            ratio <= 1.3,
        ),
    ]
