"""Installs each distribution alone into an empty virtual environment with plain pip, and uses it there.

Everything that is needed is fetched once, for all of them; from then on pip finds the same wheels in a folder, where
reading the pages of an index took it most of its time.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager
from pathlib import Path

from install_cases import CASES, Case, Command

DOUBLES = "venuekit-doubles"
#: The double of Polymarket wants to check signatures, which nobody else should have to install.
ALL_DOUBLES = "venuekit-doubles[polymarket]"
#: What opens an account, in a configuration file.
KEYS = re.compile(r"^(api_\w+|private_key|funder) = .*\n", re.MULTILINE)


class Failed(Exception):
    """A distribution did not do alone what it must."""


class Room:
    """An empty virtual environment in a home of its own, with what a case installs in it."""

    def __init__(self, name: str, wheels: Path, home: Path) -> None:
        self.name = name
        self.home = home
        self._wheels = wheels
        venv.create(home / "venv")
        self._bin = home / "venv" / ("Scripts" if sys.platform == "win32" else "bin")
        self._environment = {
            "HOME": str(home),
            "PATH": f"{self._bin}:/usr/bin:/bin",
            "XDG_DATA_HOME": str(home / "data"),
            "XDG_CONFIG_HOME": str(home / "config"),
        }
        self.install(*name.split())

    def install(self, *distributions: str) -> None:
        """Add these, by their names alone; pip itself stays outside, so that nothing can need what came with it."""
        pip = (sys.executable, "-m", "pip", "--python", str(self._bin / "python"))
        self.run(
            *pip, "install", "--quiet", "--no-compile", "--no-index", "--find-links", str(self._wheels), *distributions
        )
        self.run(*pip, "check")

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
            raise Failed(f"{self.name}: {shown} ended with {done.returncode}\n{done.stdout}{done.stderr}")
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
                raise Failed(f"{self.name}: {command[0]} did not start")
            yield
        finally:
            started.terminate()
            started.wait(20)
            started.stdout.close()


def _check(room: Room, case: Case) -> None:
    room.run("python", "-c", case.statements)
    find = f"import importlib.util as i; print([m for m in {list(case.unwanted)} if i.find_spec(m)])"
    if (found := room.run("python", "-c", find).strip()) != "[]":
        raise Failed(f"{room.name}: {found} came along, unwanted")
    for script in case.scripts:
        room.run(*script)
    if case.venues is not None:
        listed = [row["name"] for row in json.loads(room.run("venuekit", "venues", "--json"))["venues"]]
        if sorted(listed) != sorted(case.venues):
            raise Failed(f"{room.name}: venuekit venues lists {listed}, not {list(case.venues)}")
    for command, code, says in case.refusals:
        done = room.ended(command)
        if done.returncode != code or says not in done.stderr or done.stderr.count("\n") != 1:
            raise Failed(f"{room.name}: {' '.join(command)} ended with {done.returncode}, saying\n{done.stderr}")
    print(f"{room.name}: installed alone, imported, used, refused what it should", flush=True)


class House:
    """Where the rooms are, with a running double of each venue in the first of them."""

    def __init__(self, wheels: Path, folder: Path) -> None:
        self._wheels = wheels
        self._folder = folder

    def fetch(self, names: Iterable[str]) -> None:
        """Put what these and everything that they need into the folder of wheels."""
        distributions = {distribution for name in names for distribution in name.split()}
        place = ("--quiet", "--wheel-dir", str(self._wheels), "--find-links", str(self._wheels))
        subprocess.run([sys.executable, "-m", "pip", "wheel", *place, *sorted(distributions)], check=True)

    def try_alone(self, name: str) -> None:
        """Check one case in a room that is torn down after it."""
        room = self._room(name)
        for venue in CASES[name].doubles:
            text = (self._folder / DOUBLES / f"{venue}.toml").read_text()
            (room.home / f"{venue}.toml").write_text(text)
            (room.home / f"{venue}-public.toml").write_text(KEYS.sub("", text))
        _check(room, CASES[name])
        shutil.rmtree(room.home)

    @contextmanager
    def doubles(self, venues: Iterable[str]) -> Iterator[None]:
        """Check the doubles, and let those of these venues run."""
        room = self._room(DOUBLES)
        _check(room, CASES[DOUBLES])
        room.install(ALL_DOUBLES)
        with ExitStack() as stack:
            for venue in venues:
                stack.enter_context(room.running(f"venuekit-double-{venue}", "--config", f"{venue}.toml"))
            yield

    def _room(self, name: str) -> Room:
        home = self._folder / name.replace(" ", "+")
        home.mkdir()
        return Room(name, self._wheels, home)


def main() -> None:
    """Check what is installed from the wheels in the folder given first: all cases, or those that are named after it."""
    wheels, named = Path(sys.argv[1]).resolve(), sys.argv[2:]
    chosen = [name for name in CASES if name != DOUBLES and (not named or name in named)]
    apart = [name for name in chosen if not CASES[name].doubles]
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(os.cpu_count()) as pool:
        house = House(wheels, Path(folder))
        house.fetch([*chosen, ALL_DOUBLES])
        trials = [pool.submit(house.try_alone, name) for name in apart]
        with house.doubles({venue for name in chosen for venue in CASES[name].doubles}):
            trials += [pool.submit(house.try_alone, name) for name in chosen if name not in apart]
            failures = [str(problem) for trial in as_completed(trials) if (problem := trial.exception())]
    print(*failures, f"{1 + len(trials) - len(failures)} passed, {len(failures)} failed", sep="\n")
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
