"""`venuekit-double-coinbase`: the double as a program, with what a client needs on its first lines."""

from __future__ import annotations

import json
import signal
import sys
import threading
from pathlib import Path
from tempfile import TemporaryDirectory

from cyclopts import App

from venuekit_doubles.coinbase import desk_file
from venuekit_doubles.coinbase.server import CoinbaseDouble

app = App(name="venuekit-double-coinbase", help="Coinbase Advanced Trade on this machine, on the paper exchange.")


@app.default
def run(
    *,
    port: int = 0,
    plain: bool = False,
    config: Path | None = None,
    key_file: Path | None = None,
    seed: int = 7,
) -> None:
    """Serve until it is interrupted.

    Args:
        port: Where to listen; 0 takes a free one.
        plain: Without TLS, for clients that cannot be told whom to trust.
        config: Write a venuekit configuration file there, for a desk that trades here with this key. What the desk
            keeps goes when this program ends, as its market does.
        key_file: Write the key there, in the form of the venue's own key files; otherwise it is printed.
        seed: The market's random seed.
    """
    stop = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stop.set())
    with CoinbaseDouble(port=port, secure=not plain, exchange={"seed": seed}) as double, TemporaryDirectory() as folder:
        lines = [f"REST   {double.rest_url}", f"stream {double.ws_url}"]
        if double.ca_file:
            lines.append(f"trust  {double.ca_file}")
        key = json.dumps({"name": double.key, "privateKey": double.secret})
        if key_file is not None:
            key_file.touch(mode=0o600)
            key_file.write_text(key)
            lines.append(f"key    {key_file}")
        if config is not None:
            try:
                desk_file.write(config, double, Path(folder))
            except OSError as error:
                sys.stderr.write(f"{error}\n")
                sys.exit(2)
            lines.append(f"desk   {config}")
        elif key_file is None:
            lines.append(f"key    {key}")
        # What is said is there already: whoever waits for these lines may begin.
        sys.stdout.write("".join(f"{line}\n" for line in lines))
        sys.stdout.flush()
        stop.wait()


def main() -> None:
    """The console script."""
    app()
