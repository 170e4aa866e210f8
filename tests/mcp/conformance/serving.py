"""The two servers under test as processes on loopback: started, waited for, stopped by their own id."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType

HERE = Path(__file__).parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


class Serving:
    """One process that listens on `port`; a context manager."""

    command: list[str]

    def __init__(self, scratch: Path) -> None:
        self.scratch = scratch
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/mcp"
        self.output = scratch / f"{type(self).__name__.lower()}.log"
        self.environ: dict[str, str] = {}

    def __enter__(self) -> "Serving":  # noqa: PYI034, UP037 - the subclasses are told apart below
        with self.output.open("wb") as sink:
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, env={**os.environ, **self.environ}
            )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self.process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            time.sleep(0.05)
        self.__exit__(None, None, None)
        sys.exit(f"{' '.join(self.command)} does not listen:\n{self.output.read_text(errors='replace')[-4000:]}")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Fixture(Serving):
    """The fixture server, with the log of what reached it."""

    def __init__(self, scratch: Path) -> None:
        super().__init__(scratch)
        self.log = scratch / "calls.jsonl"
        data = scratch / "fixture-data"
        self.command = [sys.executable, str(HERE / "fixture_server.py"), str(self.port), str(self.log), str(data)]

    def __enter__(self) -> "Fixture":  # noqa: PYI034, UP037
        super().__enter__()
        return self

    def forget(self) -> None:
        """Start a new log; the server appends, so cutting it is enough."""
        self.log.write_text("")

    def calls(self) -> list[tuple[str, str, str]]:
        """What the server has seen since."""
        return [tuple(json.loads(line)) for line in self.log.read_text().splitlines()]  # type: ignore[misc]


class Paper(Serving):
    """The real paper server over HTTP, and the command that starts another one over stdio."""

    TOKEN_NAME = "VENUEKIT_CONFORMANCE_TOKEN"

    def __init__(self, scratch: Path) -> None:
        super().__init__(scratch)
        self.token = secrets.token_urlsafe(24)
        script = str(Path(sys.executable).with_name("venuekit-mcp-paper"))
        self.stdio = [script, "--mode", "shadow"]
        self.command = [*self.stdio, "--transport", "http", "--port", str(self.port), "--token-env", self.TOKEN_NAME]
        self.environ = {self.TOKEN_NAME: self.token, "VENUEKIT__DESK__DATA_DIR": str(scratch / "paper-data")}
