"""The page on Coinbase runs as it stands, from the first trade in shadow to an approved one, at the double."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from venuekit.settings.load import load_config
from venuekit_coinbase.capabilities import CAPABILITIES
from venuekit_coinbase.config import CoinbaseOptions
from venuekit_coinbase.extras import EXTRAS
from venuekit_doubles.coinbase import CoinbaseDouble

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/coinbase.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
#: Fragments of the page stand in a program such as this.
PROGRAM = "import asyncio\nfrom venuekit import Mode, open_desk\n\nasync def main():\n{}\n\nasyncio.run(main())\n"


def blocks(language: str, page: Path = PAGE) -> list[str]:
    return [body for found, body in BLOCK.findall(page.read_text(encoding="utf-8")) if found == language]


def block(language: str, word: str) -> str:
    [found] = [body for body in blocks(language) if word in body]
    return found


def typed() -> list[list[str]]:
    return [shlex.split(line[2:]) for body in blocks("console") for line in body.splitlines() if line.startswith("$ ")]


@pytest.fixture(scope="module")
def double() -> Iterator[CoinbaseDouble]:
    with CoinbaseDouble(heartbeat_seconds=0.2) as running:
        yield running


@pytest.fixture
def environ(double: CoinbaseDouble, tmp_path: Path) -> dict[str, str]:
    """A newcomer's shell, in which Coinbase is where the double is."""
    table = "VENUEKIT__VENUES__COINBASE__"
    return {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONUNBUFFERED": "1",
        "HOME": str(tmp_path),
        "XDG_DATA_HOME": str(tmp_path / "data"),
        f"{table}ENVIRONMENT": "sandbox",
        f"{table}BASE_URL": double.rest_url,
        f"{table}WS_URL": double.ws_url,
        f"{table}WS_USER_URL": double.ws_url,
        f"{table}CA_FILE": double.ca_file,
    }


@pytest.fixture
def key(double: CoinbaseDouble) -> dict[str, str]:
    return {"COINBASE_API_KEY": double.key, "COINBASE_API_SECRET": double.secret.replace("\n", "\\n")}


def run(words: list[str], environ: dict[str, str], folder: Path) -> str:
    done = subprocess.run(
        words,
        capture_output=True,
        text=True,
        check=False,
        env=environ,
        cwd=folder,
        timeout=240,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, f"{words}\n{done.stdout}{done.stderr}"
    return done.stdout


def program(code: str, environ: dict[str, str], folder: Path) -> str:
    (folder / "program.py").write_text(code, encoding="utf-8")
    return run([sys.executable, "-W", "error", "program.py"], environ, folder)


def test_the_first_trade_needs_no_key_and_says_what_the_page_says(environ: dict[str, str], tmp_path: Path) -> None:
    said = program(block("python", "best_ask"), environ, tmp_path)
    shown = block("console", "was asked").splitlines()[-1]
    assert re.fullmatch(re.sub(r"\d+(\\\.\d+)?", r"[\\d.]+", re.escape(shown)), said.strip())
    assert "FILLED" in said


def test_looking_needs_a_key(environ: dict[str, str], key: dict[str, str], tmp_path: Path) -> None:
    said = program(block("python", "venue.balances"), environ | key, tmp_path)
    assert re.search(r"^USD \d+ of which held 0$", said, re.MULTILINE)
    assert "fills, fee tier Advanced" in said
    assert "may VIEW, TRADE" in run(["venuekit", "doctor", "coinbase"], environ | key, tmp_path)


def test_streams_are_as_the_page_has_them(environ: dict[str, str], tmp_path: Path) -> None:
    code = block("python", "desk.subscribe").replace(
        "            print(event)\n",
        "            print(event)\n            if type(event).__name__ == 'BookSnapshot':\n                break\n",
    )
    assert "BookSnapshot(" in program(code, environ, tmp_path)


def test_a_file_of_the_double_stands_in_for_the_venue(tmp_path: Path, environ: dict[str, str]) -> None:
    bare = {name: environ[name] for name in ("PATH", "HOME", "XDG_DATA_HOME")}
    [words] = [words for words in typed() if words[0] == "venuekit-double-coinbase"]
    command = [sys.executable, "-c", "from venuekit_doubles.coinbase.command import main; main()", *words[1:]]
    with subprocess.Popen(command, cwd=tmp_path, env=bare, stdout=subprocess.PIPE, text=True) as running:
        try:
            assert running.stdout is not None
            assert running.stdout.readline()
            body = block("python", "double.toml")
            said = program(PROGRAM.format("".join(f"    {line}\n" for line in body.splitlines())), bare, tmp_path)
            assert "Ticker(venue='coinbase'" in said
            [doctor] = [words for words in typed() if words[:2] == ["venuekit", "doctor"] and "--config" in words]
            assert "sandbox" in run(doctor, bare, tmp_path)
        finally:
            running.terminate()


def test_an_order_above_the_threshold_waits_for_the_commands_of_the_page(
    environ: dict[str, str], key: dict[str, str], tmp_path: Path, double: CoinbaseDouble
) -> None:
    everything = environ | key
    (tmp_path / "desk.toml").write_text(block("toml", "require_above"), encoding="utf-8")
    (tmp_path / "bot.py").write_text(block("python", "PENDING_APPROVAL"), encoding="utf-8")
    listing, approving, halting = [words for words in typed() if "desk.toml" in words and words[0] == "venuekit"]
    double.forget()
    with subprocess.Popen(
        [sys.executable, "bot.py"], cwd=tmp_path, env=everything, stdout=subprocess.PIPE, text=True
    ) as bot:
        try:
            assert bot.stdout is not None
            said = bot.stdout.readline()
            assert said.startswith("waiting for a person: apr_"), said
            assert double.mutating == []
            identity = said.split()[-1]
            waits = json.loads(run([*listing, "--json"], everything, tmp_path))["approvals"]
            assert [row["id"] for row in waits] == [identity]
            run([identity if word == "ID" else word for word in approving], everything, tmp_path)
            until = time.monotonic() + 60
            assert bot.wait(max(1, until - time.monotonic())) == 0
            assert bot.stdout.read().splitlines()[-1].startswith("filled 0.01")
        finally:
            bot.kill()
    assert [asked.endpoint for asked in double.mutating] == ["create"]
    assert halting[:3] == ["venuekit", "halt", "--cancel-all"]
    run([*halting, "--open-desk"], everything, tmp_path)  # the page's bot would still run


@pytest.mark.parametrize("text", blocks("toml"))
def test_a_configuration_of_the_page_is_a_valid_file(text: str, tmp_path: Path) -> None:
    file = tmp_path / "desk.toml"
    file.write_text(text, encoding="utf-8")
    assert load_config(file, environ={}).desk.venue == "coinbase"


def test_what_is_to_be_installed_is_what_there_is() -> None:
    there = {re.findall(r'^name = "(.+)"', p.read_text(), re.MULTILINE)[0] for p in ROOT.glob("*/*/pyproject.toml")}
    named = [words[2:] for words in typed() if words[:2] == ["pip", "install"]]
    assert len(named) == 3
    assert {name for names in named for name in names} <= there
    for command in re.findall(r"`pip install (\./[^`]+)`", PAGE.read_text(encoding="utf-8")):
        assert all((ROOT / path / "pyproject.toml").is_file() for path in command.split())


def test_what_the_page_lists_is_what_there_is() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for extra in EXTRAS:
        assert f"`{extra.name}`" in text
    for budget in CAPABILITIES.rates:
        assert f"| `{budget}` |" in text
    for field in ("transport", "ca_file", "products_ttl_seconds", "ticker_ttl_seconds", "book_ttl_seconds"):
        assert field in text
        assert hasattr(CoinbaseOptions(), field)
