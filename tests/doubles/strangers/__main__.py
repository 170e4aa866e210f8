"""Independent clients of the venues, each at its own pins in its own environment, trade against the doubles.

A double is a process of its own, started by its command, anew for each client. Arguments choose among the clients.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).parent
#: Where environments are kept between runs.
ENVIRONMENTS = Path(os.environ.get("STRANGERS_DIR", Path(tempfile.gettempdir()) / "venuekit-strangers"))
#: Client → its venue, its script there, and what it needs.
CLIENTS = {
    "official": ("coinbase", "official", "coinbase-advanced-py==1.8.4"),
    "ccxt_rest": ("coinbase", "ccxt_rest", "ccxt==4.5.90"),
    "ccxt_streams": ("coinbase", "ccxt_streams", "ccxt==4.5.90"),
    "cbadvanced_async": ("coinbase", "cbadvanced_async", "cbadvanced==3.0.2"),
    "coinbaseadvanced_rest": ("coinbase", "coinbaseadvanced_rest", "coinbaseadvanced==1.1.0"),
    "advancedtrade": ("coinbase", "advancedtrade", "coinbase-advancedtrade-python==0.3.3"),
    "clob_v2": ("polymarket", "clob_v2", "py-clob-client-v2==1.2.1"),
}


def python_with(requirement: str) -> Path:
    """The interpreter of an environment that holds the requirement and what that pins, and nothing of ours."""
    folder = ENVIRONMENTS / requirement.replace("==", "-")
    python, ready = folder / "bin" / "python", folder / "ready"
    if not ready.exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", requirement], check=True)
        ready.touch()
    return python


@contextmanager
def the_double(venue: str) -> Iterator[dict[str, str]]:
    """A double in a process of its own: where it is, as the environment of a client."""
    command = [sys.executable, "-m", f"venuekit_doubles.{venue}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            said: dict[str, str] = {}
            while "key" not in said:
                name, value = process.stdout.readline().strip().split(None, 1)
                said[name] = value
            yield {**_WHERE[venue](said), "PYTHONPATH": str(HERE)}
        finally:
            process.terminate()


def _coinbase(said: dict[str, str]) -> dict[str, str]:
    key = json.loads(said["key"])
    return {
        "DOUBLE_REST": said["REST"],
        "DOUBLE_WS": said["stream"],
        "DOUBLE_CA": said["trust"],
        "DOUBLE_KEY": key["name"],
        "DOUBLE_SECRET": key["privateKey"],
        "REQUESTS_CA_BUNDLE": said["trust"],
        "SSL_CERT_FILE": said["trust"],
    }


def _polymarket(said: dict[str, str]) -> dict[str, str]:
    key = json.loads(said["key"])
    return {
        "DOUBLE_CLOB": said["clob_url"],
        "SSL_CERT_FILE": said["trust"],
        "DOUBLE_WS": said["clob_market_ws_url"],
        "DOUBLE_PRIVATE_KEY": key["private_key"],
        "DOUBLE_WALLETS": json.dumps(key["wallets"]),
    }


_WHERE = {"coinbase": _coinbase, "polymarket": _polymarket}


def main(chosen: list[str]) -> int:
    """How many clients failed."""
    unknown = set(chosen) - set(CLIENTS)
    if unknown:
        sys.exit(f"No client {min(unknown)!r}; there are: {', '.join(CLIENTS)}.")
    failed = []
    for name in chosen or CLIENTS:
        venue, script, requirement = CLIENTS[name]
        python = python_with(requirement)
        print(f"{name} ({requirement})", flush=True)
        with the_double(venue) as where:
            path = HERE.parent / venue / "strangers" / f"{script}.py"
            environment = {**os.environ, **where}
            ended = subprocess.run([str(python), str(path)], check=False, env=environment, timeout=120)
            if ended.returncode:
                failed.append(name)
    print(f"{len(failed)} failed{': ' if failed else ''}{', '.join(failed)}")
    return len(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
