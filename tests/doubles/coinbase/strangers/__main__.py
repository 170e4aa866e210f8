"""Independent clients of Coinbase, each at its own pins in its own environment, trade against the double.

The double is a process of its own, started by its command, anew for each client. Arguments choose among the clients.
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
#: Script → what it needs.
CLIENTS = {
    "official": "coinbase-advanced-py==1.8.4",
    "ccxt_rest": "ccxt==4.5.90",
    "ccxt_streams": "ccxt==4.5.90",
    "cbadvanced_async": "cbadvanced==3.0.2",
    "coinbaseadvanced_rest": "coinbaseadvanced==1.1.0",
    "advancedtrade": "coinbase-advancedtrade-python==0.3.3",
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
def the_double() -> Iterator[dict[str, str]]:
    """The double in a process of its own: where it is, as the environment of a client."""
    command = [sys.executable, "-m", "venuekit_doubles.coinbase"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            said = dict(process.stdout.readline().strip().split(None, 1) for _ in range(4))
            key = json.loads(said["key"])
            yield {
                "DOUBLE_REST": said["REST"],
                "DOUBLE_WS": said["stream"],
                "DOUBLE_CA": said["trust"],
                "DOUBLE_KEY": key["name"],
                "DOUBLE_SECRET": key["privateKey"],
                "REQUESTS_CA_BUNDLE": said["trust"],
                "SSL_CERT_FILE": said["trust"],
            }
        finally:
            process.terminate()


def main(chosen: list[str]) -> int:
    """How many clients failed."""
    unknown = set(chosen) - set(CLIENTS)
    if unknown:
        sys.exit(f"No client {min(unknown)!r}; there are: {', '.join(CLIENTS)}.")
    failed = []
    for name in chosen or CLIENTS:
        python = python_with(CLIENTS[name])
        print(f"{name} ({CLIENTS[name]})", flush=True)
        with the_double() as where:
            environment = {**os.environ, **where}
            ended = subprocess.run([str(python), str(HERE / f"{name}.py")], check=False, env=environment, timeout=120)
            if ended.returncode:
                failed.append(name)
    print(f"{len(failed)} failed{': ' if failed else ''}{', '.join(failed)}")
    return len(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
