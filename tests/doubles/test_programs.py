"""Every double is a program in the same way: what is wrong with its options is one line, and not a traceback."""

from __future__ import annotations

import signal
import socket
from pathlib import Path
from types import ModuleType

import pytest

from venuekit_doubles.coinbase import command as coinbase
from venuekit_doubles.polymarket import command as polymarket


def refused(command: ModuleType, options: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """The line that it ends with."""
    with pytest.raises(SystemExit) as ended:
        command.main(options)
    assert ended.value.code == 2
    shown = capsys.readouterr()
    assert (shown.out, shown.err.count("\n")) == ("", 1)
    return shown.err


@pytest.fixture(params=[coinbase, polymarket], ids=["coinbase", "polymarket"])
def command(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    module: ModuleType = request.param
    return module


@pytest.mark.parametrize("port", ["65536", "-1"])
def test_a_port_that_there_is_not_is_refused(
    command: ModuleType, port: str, capsys: pytest.CaptureFixture[str]
) -> None:
    name = command.__name__.split(".")[1]
    assert refused(command, ["--port", port], capsys) == (
        f"venuekit-double-{name}: --port must be 0 to 65535, and is {port}.\n"
    )


def test_a_port_that_is_taken_is_refused(command: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"127.0.0.1', {port}" in refused(command, ["--port", str(port)], capsys)


def test_nobodys_file_is_overwritten(command: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "venuekit.toml"
    file.write_text("mine")
    assert "is not this program's" in refused(command, ["--plain", "--config", str(file)], capsys)
    assert file.read_text() == "mine"


def test_a_key_that_is_none_is_refused(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    assert "venuekit-double-polymarket: " in refused(polymarket, ["--key", "0x12"], capsys)
