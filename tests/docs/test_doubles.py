"""The page on doubles lists every fault and quirk that there is."""

from __future__ import annotations

import re
from pathlib import Path

from venuekit_doubles.coinbase import Fault, Quirk, StreamFault

PAGE = (Path(__file__).parents[2] / "docs" / "doubles.md").read_text()


def test_every_fault_has_its_row() -> None:
    answers, streams = PAGE.split("Streams, by `double.fail_streams(...)`")
    assert re.findall(r"^\| `(\w+)` \|", answers.split("What goes wrong on demand")[1], re.MULTILINE) == list(Fault)
    assert re.findall(r"^\| `(\w+)` \|", streams, re.MULTILINE) == list(StreamFault)


def test_every_quirk_is_named() -> None:
    assert all(f"`{quirk}`" in PAGE for quirk in Quirk)
