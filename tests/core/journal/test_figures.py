"""Reported figures in the store: the last one of each, with its row, heard by others and proved with the chain."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import attrs
import pytest

from venuekit.journal import open_store
from venuekit.protocols.breakers import Figure
from venuekit.protocols.journal import Entry, EntryKind, RowQuery, Store

pytestmark = pytest.mark.anyio
Make = Callable[..., Entry]
COVERAGE = Figure(name="coverage", value="0.91", by="ci", time_ns=5)


async def test_the_last_report_of_each_figure_is_kept_and_every_one_is_a_row(store: Store, entry: Make) -> None:
    row = entry(kind=EntryKind.CONTROL, body={"action": "report"})
    for figure in (COVERAGE, attrs.evolve(COVERAGE, value="0.5"), attrs.evolve(COVERAGE, desk="paper:default")):
        await store.set_figure(figure, row)
    assert [(f.desk, f.value) for f in store.figures()] == [("", "0.5"), ("paper:default", "0.91")]
    rows = store.rows(RowQuery(subject="coverage", newest_first=False))
    assert [(r.desk, r.body["figure"]["value"]) for r in rows] == [("", "0.91"), ("", "0.5"), ("paper:default", "0.91")]
    assert store.verify().ok, store.verify().problem


async def test_a_report_is_heard_by_the_other_processes(url: str, store: Store, entry: Make) -> None:
    other = open_store(url)
    other.changed()
    await store.set_figure(COVERAGE, entry(kind=EntryKind.CONTROL))
    for _ in range(200):
        if other.changed():
            break
        await asyncio.sleep(0.01)
    else:
        pytest.fail("nothing was heard")
    assert other.figures() == [COVERAGE]
    await other.close()


async def test_a_figure_that_was_altered_beside_the_journal_is_named(url: str, store: Store, entry: Make) -> None:
    await store.set_figure(COVERAGE, entry(kind=EntryKind.CONTROL))
    other: Any = open_store(url)
    await other._transact(lambda chain: chain.execute("UPDATE figures SET body = replace(body, '0.91', '0.99')"))
    await other.close()
    assert store.verify().problem == "figure coverage was altered outside the journal"
