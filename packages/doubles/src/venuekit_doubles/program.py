"""A double as a program: it says where it is, serves until it is interrupted, and says what is wrong in one line."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path

from cyclopts import App

from venuekit.adapter import ConfigError

_LARGEST_PORT = 65_535


class Refused(Exception):
    """What is wrong with the command's options."""


def interruption() -> threading.Event:
    """Set once the program is interrupted, which from now on ends nothing by itself."""
    stop = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stop.set())
    return stop


def serve(lines: Iterable[str], stop: threading.Event) -> None:
    """Say what clients need, and wait for the end. It must be there already: whoever reads these lines may begin."""
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()
    stop.wait()


def keep(text: str, file: Path) -> None:
    """Write keys, readable by their owner only."""
    file.touch(mode=0o600)
    file.chmod(0o600)
    file.write_text(text)


def checked_port(port: int) -> int:
    """A port, or 0 for any that is free. Raises Refused."""
    if not 0 <= port <= _LARGEST_PORT:
        raise Refused(f"--port must be 0 to {_LARGEST_PORT}, and is {port}.")
    return port


def run(app: App, arguments: Sequence[str] | None) -> None:
    """The console script. What is wrong is said in one line, and ends it with 2."""
    try:
        app(sys.argv[1:] if arguments is None else arguments)
    except (Refused, OSError, ValueError, ConfigError) as error:
        sys.stderr.write(f"{app.name[0]}: {error}\n")
        sys.exit(2)
