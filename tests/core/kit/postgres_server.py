"""A real PostgreSQL server of the tests' own, where its programs are installed."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from urllib.parse import quote

PASSWORD = "swordfish/@:%?7"
_schemas = count(1)


def programs() -> Path | None:
    """The folder of PostgreSQL's server programs; the newest, where there are several."""
    places = [Path(found).resolve().parent for found in [shutil.which("postgres")] if found]
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: float(p.parent.name), reverse=True)
    return next((p for p in places if (p / "initdb").exists() and (p / "postgres").exists()), None)


def stricter(url: str, setting: str) -> str:
    """The same store under one more setting of the session, such as ``statement_timeout=100``."""
    return f"{url}{quote(f' -c {setting}', safe='')}"


class Server:
    """A cluster in a folder of its own, on a loopback port of its own; its log is kept."""

    def __init__(self, programs: Path, folder: Path, user: str | None) -> None:
        self._programs = programs
        self._folder = folder
        self._user = user
        self._process: subprocess.Popen[str] | None = None
        self.log: list[str] = []
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]

    def url(self, options: str = "", *, password: str = PASSWORD, database: str = "postgres") -> str:
        """An address with a schema that no other test has; `options` are settings of the session."""
        path = f"-c search_path=t{os.getpid()}_{next(_schemas)} {options}"
        userinfo = f"venuekit:{quote(password, safe='')}"
        return f"postgresql://{userinfo}@127.0.0.1:{self.port}/{database}?options={quote(path, safe='')}"

    def make(self) -> None:
        """Write the cluster."""
        secret = self._folder / "password"
        secret.write_text(PASSWORD)
        if self._user is not None:
            shutil.chown(self._folder, self._user)
            shutil.chown(secret, self._user)
        self._run(
            "initdb", "-D", str(self._folder / "data"), "-U", "venuekit", "-A", "scram-sha-256",
            f"--pwfile={secret}", "-E", "UTF8", "--no-locale", "--no-sync",
        )  # fmt: skip

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [self._programs / program, *arguments],
            user=self._user,
            cwd=self._folder,
            capture_output=True,
            text=True,
            check=False,
            extra_groups=None if self._user is None else [],
        )
        assert done.returncode == 0, done.stderr

    def start(self) -> None:
        """Start, and wait until it takes connections."""
        self._process = subprocess.Popen(
            [
                self._programs / "postgres", "-D", self._folder / "data", "-k", self._folder, "-p", str(self.port),
                "-c", "listen_addresses=127.0.0.1", "-c", "max_connections=60", "-c", "shared_buffers=16MB",
                "-c", "fsync=off",  # crashes here are the server's own, never the machine's
            ],
            user=self._user,
            cwd=self._folder,
            stderr=subprocess.PIPE,
            text=True,
            extra_groups=None if self._user is None else [],
        )  # fmt: skip
        ready = threading.Event()
        threading.Thread(target=self._read, args=(self._process, ready), daemon=True).start()
        assert ready.wait(60), "\n".join(self.log)
        assert self._process.poll() is None, "\n".join(self.log)

    def _read(self, process: subprocess.Popen[str], ready: threading.Event) -> None:
        assert process.stderr is not None
        with process.stderr:
            for line in process.stderr:
                self.log.append(line.rstrip())
                if "ready to accept connections" in line:
                    ready.set()
        ready.set()

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """SIGINT ends every session and stops; SIGQUIT is a crash, from which the next start recovers."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait()
            self._process = None


@contextmanager
def running() -> Iterator[Server]:
    """A server until the block ends. Raises LookupError where there are no programs for one."""
    found = programs()
    if found is None:
        raise LookupError("PostgreSQL's server programs are not installed")
    folder = Path(tempfile.mkdtemp(prefix="venuekit-pg-", dir="/tmp"))  # a socket's path must be short
    server = Server(found, folder, _other_user())
    try:
        server.make()
        server.start()
        yield server
    finally:
        server.stop(signal.SIGQUIT)  # what it holds is thrown away
        shutil.rmtree(folder)


def _other_user() -> str | None:
    """Who runs the server when we are root, as whom it does not run."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name).pw_name
    raise LookupError("there is no user as whom a server could run")
