"""`venuekit-double-coinbase`: the double as a program, with what a client needs on its first lines."""

from __future__ import annotations

import json
import signal
import sys
import threading
from pathlib import Path

from cyclopts import App

from venuekit_doubles.coinbase.server import CoinbaseDouble

app = App(name="venuekit-double-coinbase", help="Coinbase Advanced Trade on this machine, on the paper exchange.")


@app.default
def run(*, port: int = 0, plain: bool = False, key_file: Path | None = None, seed: int = 7) -> None:
    """Serve until it is interrupted.

    Args:
        port: Where to listen; 0 takes a free one.
        plain: Without TLS, for clients that cannot be told whom to trust.
        key_file: Write the key there, in the form of the venue's own key files; otherwise it is printed.
        seed: The market's random seed.
    """
    stop = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stop.set())
    with CoinbaseDouble(port=port, secure=not plain, exchange={"seed": seed}) as double:
        say(f"REST   {double.rest_url}")
        say(f"stream {double.ws_url}")
        if double.ca_file:
            say(f"trust  {double.ca_file}")
        key = json.dumps({"name": double.key, "privateKey": double.secret})
        if key_file is not None:
            key_file.touch(mode=0o600)
            key_file.write_text(key)
            say(f"key    {key_file}")
        else:
            say(f"key    {key}")
        stop.wait()


def say(line: str) -> None:
    """A line for the user, at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    """The console script."""
    app()
