"""Recorded order flow: the engine's book equals the recording, and a replay that should fail does."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from venuekit.adapter import InvalidValue
from venuekit_paper import matching
from venuekit_paper.book import BookSide
from venuekit_paper.orders import PaperOrder
from venuekit_paper.replay import main, replay

ROOT = Path(__file__).parents[4]
FOLDERS = [Path(os.environ.get("VENUEKIT_TEST_DATA", ROOT.parent / "shared" / "data")) / "lobster"]
RECORDINGS = [
    (messages, messages.with_name(messages.name.replace("_message_", "_orderbook_")))
    for folder in FOLDERS
    for messages in sorted(folder.glob("**/*_message_*.csv"))
]

#: Two levels deep. An order joins, is cut, an older one at its price is hit, a level goes, an unknown one comes.
MESSAGES = """\
34200.1,1,11,18,1000000,1
34200.2,1,12,30,1001000,-1
34200.3,1,13,10,1000000,1
34200.4,2,13,4,1000000,1
34200.5,4,11,8,1000000,1
34200.6,5,0,99,1000500,1
34200.7,4,11,10,1000000,1
34200.8,3,12,30,1001000,-1
34200.9,4,99,5,1002000,-1
34201.0,3,13,6,1000000,1
"""
BOOKS = """\
1002000,50,1000000,18,1003000,70,999000,40
1001000,30,1000000,18,1002000,50,999000,40
1001000,30,1000000,28,1002000,50,999000,40
1001000,30,1000000,24,1002000,50,999000,40
1001000,30,1000000,16,1002000,50,999000,40
1001000,30,1000000,16,1002000,50,999000,40
1001000,30,1000000,6,1002000,50,999000,40
1002000,50,1000000,6,1003000,75,999000,40
1002000,45,1000000,6,1003000,75,999000,40
1002000,45,999000,40,1003000,75,998000,20
"""


@pytest.fixture
def recording(tmp_path: Path) -> tuple[Path, Path]:
    """A small recording."""
    return write(tmp_path, MESSAGES, BOOKS)


def write(folder: Path, messages: str, books: str) -> tuple[Path, Path]:
    """Files of a recording."""
    paths = folder / "X_message_2.csv", folder / "X_orderbook_2.csv"
    for path, text in zip(paths, (messages, books), strict=True):
        path.write_text(text)
    return paths


@pytest.mark.skipif(not RECORDINGS, reason="no recordings here")
@pytest.mark.parametrize(("messages", "books"), RECORDINGS, ids=lambda path: path.name)
def test_the_book_equals_the_recording_wherever_it_decides(messages: Path, books: Path) -> None:
    outcome = replay(messages, books)
    assert not outcome.differences, [str(d) for d in outcome.differences[:5]]
    assert outcome.events == len(messages.read_text().splitlines())
    assert outcome.levels > outcome.events


@pytest.mark.skipif(not RECORDINGS, reason="no recordings here")
def test_the_known_recording_is_compared_whole() -> None:
    known = [pair for pair in RECORDINGS if pair[0].name == "AAPL_message_10.csv"]
    outcome = replay(*known[0])
    assert (outcome.events, outcome.levels, outcome.executions) == (999, 19_642, 98)


def test_a_small_recording_replays(recording: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(path) for path in recording]) == 0
    assert capsys.readouterr().out == "10 events, 34 decidable levels, 3 executions: no differences\n"


@pytest.mark.parametrize(
    ("row", "wrong", "said"),
    [
        (3, "1001000,30,1000000,25,1002000,50,999000,40", "line 4: level at bid 1000000: engine 24, recording 25"),
        (7, "1002000,51,1000000,6,1003000,75,999000,40", "line 8: level at ask 1002000: engine 50, recording 51"),
    ],
)
def test_a_book_that_differs_is_named_by_line_side_and_price(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], row: int, wrong: str, said: str
) -> None:
    lines = BOOKS.splitlines()
    lines[row] = wrong
    paths = write(tmp_path, MESSAGES, "\n".join(lines) + "\n")
    assert main([str(path) for path in paths]) == 1
    assert capsys.readouterr().out.splitlines()[0] == said


def test_an_engine_without_time_priority_is_found_out(
    recording: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    add = BookSide.add

    def newest_first(self: BookSide, order: PaperOrder) -> None:
        level = self.levels.get(order.price * self.sign)
        add(self, order)
        if level is not None and (head := level.head) is not None and head is not order:
            assert order.ahead is not None
            order.ahead.behind, level.tail = None, order.ahead
            order.ahead, order.behind, head.ahead, level.head = None, head, order, order

    monkeypatch.setattr(BookSide, "add", newest_first)
    outcome = replay(*recording)
    assert "execution of another order" in {d.what for d in outcome.differences}


def test_an_engine_that_trades_too_little_is_found_out(
    recording: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matching.Matcher, "match", lambda *_: None)
    assert {"execution", "level"} <= {d.what for d in replay(*recording).differences}


@pytest.mark.parametrize(
    ("messages", "books", "said"),
    [
        (MESSAGES.replace("34200.2,1", "soon,1"), BOOKS, "line 2: not a message"),
        (MESSAGES.replace("34200.2,1,12", "34200.2,8,12"), BOOKS, "line 2: type 8"),
        (MESSAGES, BOOKS.replace("1002000,50,1000000,18,1003000,70,999000,40", "1,2,3"), "line 1: 3 columns"),
        (MESSAGES, BOOKS.replace("1000000,18,1003000", "1000000,x,1003000"), "line 1: not numbers"),
        (MESSAGES, BOOKS.rpartition("1002000")[0], "ends before line 10"),
        (MESSAGES.rpartition("34201")[0], BOOKS, "goes on"),
    ],
)
def test_files_that_are_no_recording_are_refused_by_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], messages: str, books: str, said: str
) -> None:
    paths = write(tmp_path, messages, books)
    with pytest.raises(InvalidValue, match=said):
        replay(*paths)
    assert main([str(path) for path in paths]) == 2
    assert said in capsys.readouterr().err


def test_a_file_that_is_not_there_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "a"), str(tmp_path / "b")]) == 2
    assert str(tmp_path / "a") in capsys.readouterr().err
