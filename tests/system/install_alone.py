"""Installs each built wheel alone into an empty virtual environment with plain pip, and uses it there."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import venv
from collections.abc import Sequence
from dataclasses import dataclass
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
Command = Sequence[str]


@dataclass(frozen=True)
class Case:
    """What a distribution must do alone."""

    statements: str
    #: Modules that must not have come along.
    unwanted: Sequence[str]
    #: Commands that must end well.
    scripts: Sequence[Command]
    #: Commands that must be refused: with this exit code, and one line on standard error that has this in it.
    refusals: Sequence[tuple[Command, int, str]] = ()


CASES: dict[str, Case] = {
    "venuekit": Case(
        "import venuekit, venuekit.adapter; from venuekit import open_desk, LimitOrder, Side",
        unwanted=("mcp", "pydantic", "pytest", "ccxt"),
        scripts=(
            ("venuekit", "--version"),
            ("venuekit", "venues"),
            ("venuekit", "status"),
            ("venuekit", "halt"),
            ("venuekit", "audit", "verify"),
            ("venuekit", "new", "adapter", "somewhere"),
        ),
        refusals=(
            (("venuekit", "demo"), 2, "pip install venuekit-mcp"),
            (("venuekit", "config", "check"), 2, "pip install venuekit-paper"),
            (("venuekit", "client", "install", "cursor"), 2, "pip install venuekit-mcp-paper"),
        ),
    ),
    "venuekit-mcp": Case(
        "import venuekit_mcp; from venuekit_mcp import build_server",
        unwanted=("venuekit_paper", "ccxt"),
        scripts=(("venuekit", "--version"),),
        refusals=((("venuekit", "demo"), 1, "venuekit-mcp-paper"),),
    ),
    "venuekit-paper": Case(
        TRADE_ON_PAPER,
        unwanted=("mcp", "pydantic", "ccxt"),
        scripts=(("venuekit", "venues"), ("venuekit", "doctor", "paper")),
    ),
    "venuekit-mcp-paper": Case(
        "import venuekit_mcp_paper",
        unwanted=("ccxt", "pytest"),
        scripts=(
            ("venuekit-mcp-paper", "--version"),
            ("venuekit-mcp-paper", "--help"),
            ("venuekit", "demo", "--json"),
            ("venuekit", "client", "install", "claude-desktop", "--server", "paper", "--mode", "shadow", "--write"),
            ("venuekit", "doctor", "--json"),
        ),
        refusals=(
            (("venuekit-mcp-paper", "--mode", "Live"), 2, "read_only, shadow, live"),
            (("venuekit-mcp-paper", "--config", "nowhere.toml"), 2, "nowhere.toml"),
            (("venuekit-mcp-paper", "--profile", "nosuch"), 2, "polybot"),
        ),
    ),
}


def _check(distribution: str, wheels: Path) -> None:
    case = CASES[distribution]
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        venv.create(home / "venv", with_pip=True)
        bin_ = home / "venv" / ("Scripts" if sys.platform == "win32" else "bin")
        environment = {
            "HOME": folder,
            "PATH": f"{bin_}:/usr/bin:/bin",
            "XDG_DATA_HOME": str(home / "data"),
            "XDG_CONFIG_HOME": str(home / "config"),
        }

        def ended(command: Command) -> subprocess.CompletedProcess[str]:
            return subprocess.run(
                [str(bin_ / command[0]), *command[1:]],
                env=environment,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=170,
                check=False,
            )

        def run(*command: str) -> None:
            done = ended(command)
            if done.returncode:
                sys.exit(
                    f"{distribution}: {' '.join(command)[:200]} ended with {done.returncode}\n{done.stdout}{done.stderr}"
                )

        run("pip", "install", "--quiet", "--find-links", str(wheels), distribution)
        run("pip", "check")
        run("python", "-c", case.statements)
        for module in case.unwanted:
            run(
                "python",
                "-c",
                f"import importlib.util, sys; sys.exit(importlib.util.find_spec({module!r}) is not None)",
            )
        for script in case.scripts:
            run(*script)
        for command, code, says in case.refusals:
            done = ended(command)
            if done.returncode != code or says not in done.stderr or done.stderr.count("\n") != 1:
                sys.exit(f"{distribution}: {' '.join(command)} ended with {done.returncode}, saying\n{done.stderr}")
    print(f"{distribution}: installed alone, imported, used, refused what it should", flush=True)


def main() -> None:
    """Check every distribution whose wheel is in the folder given as the only argument."""
    wheels = Path(sys.argv[1]).resolve()
    for distribution in CASES:
        _check(distribution, wheels)
    print(f"{len(CASES)} passed, 0 failed")


if __name__ == "__main__":
    main()
