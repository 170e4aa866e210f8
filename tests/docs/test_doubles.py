"""The page on doubles lists every fault and quirk that there is."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from venuekit_doubles import coinbase, polymarket
from venuekit_doubles.coinbase import Quirk

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "doubles.md").read_text()


@pytest.mark.parametrize(
    ("page", "faults", "stream_faults"),
    [
        ("doubles", coinbase.Fault, coinbase.StreamFault),
        ("doubles_polymarket", polymarket.Fault, polymarket.StreamFault),
    ],
)
def test_every_fault_has_its_row(page: str, faults: Iterable[str], stream_faults: Iterable[str]) -> None:
    answers, after = (DOCS / f"{page}.md").read_text().split("Streams, by `double.fail_streams(...)`")
    streams = after.split("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", answers.split("What goes wrong on demand")[1], re.MULTILINE) == list(faults)
    assert re.findall(r"^\| `(\w+)` \|", streams, re.MULTILINE) == list(stream_faults)


def test_every_quirk_is_named() -> None:
    assert all(f"`{quirk}`" in PAGE for quirk in Quirk)
