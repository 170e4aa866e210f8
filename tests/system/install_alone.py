"""Installs each built wheel alone into an empty virtual environment with plain pip, and uses it there."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from install_cases import CASES, Case, Command

DOUBLES = "venuekit-doubles"
#: What opens an account, in a configuration file.
KEYS = re.compile(r"^(api_\w+|private_key|funder) = .*\n", re.MULTILINE)


class Room:
    """An empty virtual environment in a home of its own, with what a case installs in it."""

    def __init__(self, name: str, wheels: Path, home: Path) -> None:
        self.name = name
        self.home = home
        self._wheels = wheels
        venv.create(home / "venv", with_pip=True)
        self._bin = home / "venv" / ("Scripts" if sys.platform == "win32" else "bin")
        self._environment = {
            "HOME": str(home),
            "PATH": f"{self._bin}:/usr/bin:/bin",
            "XDG_DATA_HOME": str(home / "data"),
            "XDG_CONFIG_HOME": str(home / "config"),
        }
        self.install(*name.split())

    def install(self, *distributions: str) -> None:
        """Add these, by their names alone."""
        self.run("pip", "install", "--quiet", "--find-links", str(self._wheels), *distributions)
        self.run("pip", "check")

    def ended(self, command: Command) -> subprocess.CompletedProcess[str]:
        """How a command ended."""
        return subprocess.run(
            [str(self._bin / command[0]), *command[1:]],
            env=self._environment,
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=170,
            check=False,
        )

    def run(self, *command: str) -> str:
        """What a command that ends well says."""
        done = self.ended(command)
        if done.returncode:
            shown = " ".join(command)[:200]
            sys.exit(f"{self.name}: {shown} ended with {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    @contextmanager
    def running(self, *command: str) -> Iterator[None]:
        """A command that runs as long as it is needed; it says when it is ready."""
        started = subprocess.Popen(
            [str(self._bin / command[0]), *command[1:]], env=self._environment, cwd=self.home, stdout=subprocess.PIPE
        )
        assert started.stdout is not None
        try:
            if not started.stdout.readline():
                sys.exit(f"{self.name}: {command[0]} did not start")
            yield
        finally:
            started.terminate()
            started.wait(20)
            started.stdout.close()


def _check(room: Room, case: Case) -> None:
    room.run("python", "-c", case.statements)
    for module in case.unwanted:
        room.run(
            "python", "-c", f"import importlib.util, sys; sys.exit(importlib.util.find_spec({module!r}) is not None)"
        )
    for script in case.scripts:
        room.run(*script)
    if case.venues is not None:
        listed = [row["name"] for row in json.loads(room.run("venuekit", "venues", "--json"))["venues"]]
        if sorted(listed) != sorted(case.venues):
            sys.exit(f"{room.name}: venuekit venues lists {listed}, not {list(case.venues)}")
    for command, code, says in case.refusals:
        done = room.ended(command)
        if done.returncode != code or says not in done.stderr or done.stderr.count("\n") != 1:
            sys.exit(f"{room.name}: {' '.join(command)} ended with {done.returncode}, saying\n{done.stderr}")
    print(f"{room.name}: installed alone, imported, used, refused what it should", flush=True)


def main() -> None:
    """Check what is installed from the wheels in the folder given first: all cases, or those that are named after it."""
    wheels, named = Path(sys.argv[1]).resolve(), sys.argv[2:]
    chosen = {name: case for name, case in CASES.items() if not named or name in (*named, DOUBLES)}
    with ExitStack() as stack:
        made = stack.enter_context(tempfile.TemporaryDirectory())
        doubled = Path(made) / DOUBLES
        for name, case in chosen.items():
            home = Path(made) / name.replace(" ", "+")
            home.mkdir()
            room = Room(name, wheels, home)
            for venue in case.doubles:
                text = (doubled / f"{venue}.toml").read_text()
                (home / f"{venue}.toml").write_text(text)
                (home / f"{venue}-public.toml").write_text(KEYS.sub("", text))
            _check(room, case)
            if name == DOUBLES:
                room.install(f"{DOUBLES}[polymarket]")
                for venue in {venue for case in chosen.values() for venue in case.doubles}:
                    stack.enter_context(room.running(f"venuekit-double-{venue}", "--config", f"{venue}.toml"))
            else:
                shutil.rmtree(home)
    print(f"{len(chosen)} passed, 0 failed")


if __name__ == "__main__":
    main()
