"""Other people's engines, each in an environment of its own, measured in the same run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from uv import find_uv_bin

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Peer:
    """A package, the script that drives it, and the Python it needs."""

    name: str
    script: str
    packages: tuple[str, ...]
    count: int
    python: str = ""


PEERS = (
    Peer("lightmatchingengine", "light.py", ("lightmatchingengine==2019.1.4",), 100_000),
    Peer("lobby", "lobby_book.py", ("lobby==0.1.3",), 100_000),
    Peer("order-matching", "order_matching_engine.py", ("order-matching==0.12.0", "pandas", "pandera[polars]"), 1_000),
    Peer("nautilus_trader", "nautilus.py", ("nautilus_trader==1.231.0",), 5_000, python="3.12"),
)

REPEATS = 3
#: Its order book, not an engine.
CCXT = Peer("ccxt", "ccxt_book.py", ("ccxt>=4.5.80",), 100_000)


def _interpreter(version: str) -> str:
    """A Python of that version: one beside ours, as version managers lay them out, else whatever uv finds."""
    beside = sorted(Path(sys.base_prefix).resolve().parent.glob(f"*{version}*/bin/python{version}"))
    return str(beside[-1]) if beside else version


def measure(peer: Peer, environments: Path) -> dict[str, float] | str:
    """The figures that the peer's script printed, or why there are none."""
    try:
        uv = find_uv_bin()
    except FileNotFoundError:
        return "uv is not installed, so no environment could be made"
    folder = environments / peer.name
    interpreter = folder / "bin" / "python"
    quiet = {**os.environ, "UV_PYTHON_DOWNLOADS": "never", "PYTHONWARNINGS": "ignore"}
    quiet.pop("VIRTUAL_ENV", None)
    if not (folder / "ready").exists():
        steps = (
            [
                uv,
                "venv",
                "-q",
                "--clear",
                "--python",
                _interpreter(peer.python) if peer.python else sys.executable,
                str(folder),
            ],
            [uv, "pip", "install", "-q", "--python", str(interpreter), *peer.packages],
        )
        for step in steps:
            done = subprocess.run(step, capture_output=True, text=True, env=quiet, check=False)
            if done.returncode:
                return (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        (folder / "ready").touch()
    command = [str(interpreter), str(HERE / "peers" / peer.script), str(HERE), str(peer.count)]
    best: dict[str, float] = {}
    for _ in range(REPEATS):  # the least disturbed run counts, as for ours
        done = subprocess.run(command, capture_output=True, text=True, env=quiet, check=False, timeout=300)
        if done.returncode:
            return (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        figures = dict(json.loads(done.stdout.strip().splitlines()[-1]))
        best = {name: max(figure, best.get(name, 0.0)) for name, figure in figures.items()}
    return best
