"""The double as a program writes what a desk needs, so that everything can be tried without the real venue."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import pytest

from venuekit import MarketOrder, Mode, OrderStatus, Side, open_desk

pytestmark = pytest.mark.anyio
DOUBLE = [sys.executable, "-c", "from venuekit_doubles.coinbase.command import main; main()"]
ORDER = MarketOrder(instrument="BTC-USD", side=Side.BUY, size=Decimal("0.01"))


@contextmanager
def a_double(folder: Path, *arguments: str) -> Iterator[str]:
    """The program, until it is not needed; gives its first line."""
    running = subprocess.Popen([*DOUBLE, *arguments], cwd=folder, stdout=subprocess.PIPE, text=True)
    assert running.stdout is not None
    try:
        yield running.stdout.readline()
    finally:
        running.terminate()
        running.stdout.close()
        assert running.wait(20) == 0


@pytest.mark.parametrize("plain", [False, True])
async def test_a_desk_trades_at_the_double_by_the_file_that_it_wrote(
    tmp_path: Path, plain: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    from venuekit.cli.app import run

    file = tmp_path / "double.toml"
    with a_double(tmp_path, "--config", "double.toml", *(["--plain"] if plain else [])) as line:
        assert line.startswith("REST")
        assert file.stat().st_mode & 0o077 == 0, "there is a key in it"
        async with open_desk(file, environ={}, mode=Mode.SHADOW) as desk:
            assert (await desk.submit(ORDER)).status is OrderStatus.FILLED
        assert run(["config", "check", "--json", "--config", str(file)]) == 0
        checked = json.loads(capfd.readouterr().out)
        assert (checked["environment"], checked["mode"]) == ("sandbox", "read_only")
        file.write_text(file.read_text() + '[approval]\nrequire_above = "5000"\n')
        async with open_desk(file, environ={}, mode=Mode.LIVE) as desk:
            assert desk.environment == "sandbox"
            assert (await desk.submit(ORDER)).status is OrderStatus.FILLED
            [position] = [p for p in await desk.venue.positions() if p.instrument == "BTC-USD"]
            assert position.size == ORDER.size, "what was traded in shadow never reached it"


def test_an_earlier_doubles_file_is_written_anew_and_nobody_elses(tmp_path: Path) -> None:
    file = tmp_path / "double.toml"
    for _ in range(2):
        with a_double(tmp_path, "--config", "double.toml"):
            pass
    assert "api_secret" in file.read_text()
    file.write_text("[desk]\n")
    done = subprocess.run(
        [*DOUBLE, "--config", "double.toml"], cwd=tmp_path, capture_output=True, text=True, timeout=240, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "double.toml is not this program's" in done.stderr
    assert file.read_text() == "[desk]\n"
    assert [p.name for p in tmp_path.iterdir()] == ["double.toml"]
