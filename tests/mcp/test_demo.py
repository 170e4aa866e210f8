"""The demo: what a first user sees, in a terminal, in a pipe, and when something is missing."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from venuekit_mcp import demo
from venuekit_mcp.demo_show import Show, money

COMMAND = [str(Path(sys.executable).with_name("venuekit")), "demo"]
SAYS = [
    r"An agent connects",
    r"no real money",
    r"ask .*\d",
    r"It previews: buy 0\.05",
    r"It places the order",
    r"LIMIT @ [\d.]+: OPEN",
    r"FILLED, filled 0\.05",
    r"profit if sold now: -?\d",
    r"RISK_REFUSED",
    r"rows in one hash chain",
    r"Done in \d",
]


def in_order(text: str) -> None:
    place = 0
    for words in SAYS:
        found = re.compile(words).search(text, place)
        assert found, f"{words!r} is not said after {text[:place][-60:]!r}"
        place = found.end()


def test_in_a_pipe_it_is_plain_lines_and_leaves_nothing_behind(tmp_path: Path) -> None:
    environ = {**os.environ, "HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path), "TMPDIR": str(tmp_path)}
    done = subprocess.run(COMMAND, capture_output=True, text=True, timeout=240, check=False, env=environ, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout
    assert done.stderr == ""
    in_order(done.stdout)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="a pseudo-terminal is POSIX")
def test_in_a_terminal_it_has_color() -> None:
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        COMMAND, stdout=theirs, stderr=theirs, stdin=theirs, env={**os.environ, "TERM": "xterm-256color"}
    )
    os.close(theirs)
    seen = b""
    try:
        while chunk := os.read(ours, 65536):
            seen += chunk
    except OSError:
        pass  # how Linux says that the other end of a terminal is closed
    finally:
        os.close(ours)
    assert process.wait(30) == 0
    assert b"\x1b[" in seen
    in_order(re.sub(r"\x1b\[[0-9;]*m", "", seen.decode()))


def test_without_the_paper_server_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(demo, "SERVER", "venuekit_mcp_nowhere")
    assert demo.main([]) == 1
    assert "pip install" in capsys.readouterr().err


def test_where_only_ascii_can_be_shown_it_shows_ascii(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Show, "plain", property(lambda _: True))
    show = Show(as_json=False)
    book = {"asks": [{"price": "2", "size": "3"}], "bids": [{"price": "1", "size": "0.5"}]}
    text = "".join(line.text for line in [*show.book(book), show.good("yes"), show.bad("no")])
    assert text.isascii()
    assert text.count("#") == 24 + 4


def test_money_is_for_people() -> None:
    assert money("1234567.891") == "1,234,567.89"
    assert money(None) == "?"
