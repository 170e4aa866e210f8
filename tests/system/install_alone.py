"""Installs each built wheel alone into an empty virtual environment with plain pip, and uses it there."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import venv
from pathlib import Path

TRADE_ON_PAPER = """
import asyncio
from decimal import Decimal
from venuekit import MarketOrder, Side, open_desk

async def main():
    async with open_desk("paper", venue_options={"persist": False}) as desk:
        order = await desk.submit(MarketOrder(instrument="BTC-USD", side=Side.BUY, size=Decimal("0.01")))
        assert order.filled_size == Decimal("0.01"), order

asyncio.run(main())
"""

#: distribution → (statements that must run, modules that must not have come along, scripts that must answer)
CASES: dict[str, tuple[str, tuple[str, ...], tuple[tuple[str, ...], ...]]] = {
    "venuekit": (
        "import venuekit, venuekit.adapter; from venuekit import open_desk, LimitOrder, Side",
        ("mcp", "pydantic", "pytest", "ccxt"),
        (("venuekit", "--version"), ("venuekit", "venues")),
    ),
    "venuekit-mcp": (
        "import venuekit_mcp; from venuekit_mcp import build_server",
        ("venuekit_paper", "ccxt"),
        (("venuekit", "--version"),),
    ),
    "venuekit-paper": (
        TRADE_ON_PAPER,
        ("mcp", "pydantic", "ccxt"),
        (("venuekit", "venues"),),
    ),
    "venuekit-mcp-paper": (
        "import venuekit_mcp_paper",
        ("ccxt", "pytest"),
        (("venuekit-mcp-paper", "--version"), ("venuekit-mcp-paper", "--help"), ("venuekit", "demo", "--json")),
    ),
}


def _check(distribution: str, wheels: Path) -> None:
    statements, unwanted, scripts = CASES[distribution]
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        venv.create(home / "venv", with_pip=True)
        bin_ = home / "venv" / ("Scripts" if sys.platform == "win32" else "bin")
        environment = {"HOME": folder, "PATH": f"{bin_}:/usr/bin:/bin", "XDG_DATA_HOME": str(home / "data")}

        def run(*command: str) -> str:
            done = subprocess.run(
                command, env=environment, cwd=folder, capture_output=True, text=True, timeout=170, check=False
            )
            if done.returncode:
                sys.exit(
                    f"{distribution}: {' '.join(command)[:200]} ended with {done.returncode}\n{done.stdout}{done.stderr}"
                )
            return done.stdout

        run(str(bin_ / "pip"), "install", "--quiet", "--find-links", str(wheels), distribution)
        run(str(bin_ / "pip"), "check")
        run(str(bin_ / "python"), "-c", statements)
        for module in unwanted:
            probe = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({module!r}) is not None)"
            run(str(bin_ / "python"), "-c", probe)
        for script in scripts:
            run(str(bin_ / script[0]), *script[1:])
    print(f"{distribution}: installed alone, imported, used", flush=True)


def main() -> None:
    """Check every distribution whose wheel is in the folder given as the only argument."""
    wheels = Path(sys.argv[1]).resolve()
    for distribution in CASES:
        _check(distribution, wheels)
    print(f"{len(CASES)} passed, 0 failed")


if __name__ == "__main__":
    main()
