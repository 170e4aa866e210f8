"""The server's process starts, refuses and stops in one line each."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

SERVER = [sys.executable, "-m", "venuekit_mcp_paper"]


def environment(tmp_path: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path / "share")}


def refused(tmp_path: Path, *words: str) -> str:
    done = subprocess.run(
        [*SERVER, *words],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        env=environment(tmp_path),
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("venuekit-mcp-paper: ")
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = refused(tmp_path, "--transport", "http", "--no-auth", "--port", str(port))
    assert f"port {port}" in said
    assert "--port" in said


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[desk]\nvenu = 'paper'\n", "unknown key desk.venu"),
        ("[desk]\nmode = 'Live'\n", "exactly one of read_only, shadow, live"),
        ("[desk]\ndata_dir = '{file}/below'\n", "[desk] data_dir"),
        ("[desk]\nvenue = 'kraken'\n", "is for kraken"),
    ],
)
def test_a_configuration_that_cannot_be_is_one_line(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "desk.toml"
    file.write_text(text.format(file=file), encoding="utf-8")
    assert says in refused(tmp_path, "--config", str(file))


@contextlib.contextmanager
def serving(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    command = [*SERVER, "--mode", "shadow", "--transport", "http", "--no-auth", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment(tmp_path)) as server:
        assert server.stderr is not None
        try:
            assert server.stderr.readline().startswith("Listening on http://127.0.0.1:")
            yield server
        finally:
            server.send_signal(signal.SIGCONT)
            server.send_signal(signal.SIGTERM)
        assert server.stderr.read() == "", "stopping is no event worth a line"
    assert server.returncode == 0


def test_an_account_that_another_process_has_open_is_named(tmp_path: Path) -> None:
    with serving(tmp_path) as first:
        said = refused(tmp_path)
        assert f"process {first.pid}" in said
        assert "--account" in said


def test_a_second_server_of_an_account_that_is_kept_in_no_file_is_refused_until_the_first_is_killed(
    tmp_path: Path,
) -> None:
    config = tmp_path / "desk.toml"
    config.write_text("[venues.paper]\npersist = false\n", encoding="utf-8")
    command = [*SERVER, "--transport", "http", "--no-auth", "--port", "0", "--config", str(config)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment(tmp_path)) as first:
        assert first.stderr is not None
        assert first.stderr.readline().startswith("Listening on")
        said = refused(tmp_path, "--config", str(config))
        assert f"venuekit {first.pid} on " in said
        assert " has its lease since 20" in said
        first.kill()
    done = subprocess.run(
        [*SERVER, "--config", str(config)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=240,
        check=False,
        env=environment(tmp_path),
    )
    assert (done.returncode, done.stderr) == (0, b"")


def halt(tmp_path: Path, wait: str) -> tuple[int, dict[str, Any]]:
    command = [sys.executable, "-c", "from venuekit.cli.app import main; main()"]
    done = subprocess.run(
        [*command, "halt", "--cancel-all", "--wait", wait, "--json"],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        env=environment(tmp_path),
    )
    return done.returncode, json.loads(done.stdout)


def test_a_halt_does_not_wait_for_a_server_that_hangs_and_is_obeyed_when_it_goes_on(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        server.send_signal(signal.SIGSTOP)
        code, body = halt(tmp_path, "0.1")
        assert (code, body["control"]["state"], body["cancel_all"]["silent"]) == (4, "HALTED", ["paper:default"])
        server.send_signal(signal.SIGCONT)
        code, body = halt(tmp_path, "30")
        assert (code, list(body["cancel_all"]["answers"])) == (0, ["paper:default"])
