"""An export is the journal as lines of JSON, and proves itself without the store."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venuekit.journal.export import to_line, verify_lines
from venuekit.journal.record import GENESIS, seal, to_row
from venuekit.model.order import Order
from venuekit.protocols.journal import Entry, EntryKind, RowQuery, Store

pytestmark = pytest.mark.anyio
Make = Callable[..., Entry]

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
SCALARS = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
)
BODIES = st.dictionaries(
    TEXT,
    st.recursive(SCALARS | TEXT, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3)),
    max_size=4,
)


@pytest.fixture
async def lines(store: Store, entry: Make, order: Callable[..., Order]) -> list[str]:
    small = order("o1", price=Decimal("0.0000001"))
    await store.append([entry(1), entry(2, body={"text": "grün\n\u2028"}), entry(3, kind=EntryKind.ORDER, body=small)])
    await store.append([entry(n) for n in range(4, 9)])
    return [to_line(row) for row in store.rows(RowQuery(newest_first=False))]


async def test_an_export_has_every_row_whole_and_proves_the_same_head(lines: list[str], store: Store) -> None:
    assert [json.loads(line)["sequence"] for line in lines] == list(range(1, 9))
    assert json.loads(lines[1])["body"] == {"text": "grün\n\u2028"}
    assert verify_lines(lines) == store.verify()
    assert verify_lines(lines, expected_head=json.loads(lines[4])["digest"]).ok


@given(st.lists(BODIES, max_size=4))
def test_whatever_a_body_holds_its_export_verifies(bodies: list[dict[str, Any]]) -> None:
    lines, previous = [], GENESIS
    for number, body in enumerate(bodies, 1):
        made = Entry(kind=EntryKind.CALL, desk="d", subject="s", agent_id="a", body=body, time_ns=number)
        stored = seal(number, previous, made, frozenset())
        previous = stored[7]
        lines.append(to_line(to_row(stored)))
    assert verify_lines(lines).ok


@pytest.mark.parametrize(
    ("change", "sequence", "says"),
    [
        (lambda rows: rows.pop(3), 4, "row 4 is missing"),
        (lambda rows: rows.pop(0), 1, "row 1 is missing"),
        (lambda rows: rows.insert(2, rows.pop(5)), 3, "row 3 is missing"),
        (lambda rows: rows.append(rows[-1]), 9, "row 9 is missing"),
        (lambda rows: rows[3].update(body={"number": 5}), 4, "row 4 was altered"),
        (lambda rows: rows[3].update(time="2026-01-01T00:00:00Z"), 4, "row 4 was altered"),
        (lambda rows: rows[3].update(agent_id="someone"), 4, "row 4 was altered"),
        (lambda rows: rows[3].update(digest="0" * 64), 4, "row 4 was altered"),
        (lambda rows: rows[3].update(sequence="4"), 4, "line 4 is not a row"),
        (lambda rows: rows[3].update(more=1), 4, "line 4 is not a row"),
        (lambda rows: rows[3].pop("digest"), 4, "line 4 is not a row"),
    ],
)
async def test_a_changed_export_names_the_first_wrong_row(
    lines: list[str], change: Callable[[list[dict[str, Any]]], object], sequence: int, says: str
) -> None:
    rows = [json.loads(line) for line in lines]
    change(rows)
    result = verify_lines([json.dumps(row, ensure_ascii=False) for row in rows])
    assert (result.ok, result.sequence) == (False, sequence)
    assert says in result.problem


async def test_a_torn_last_line_is_named_and_a_cut_end_is_missed_by_a_head_kept_elsewhere(lines: list[str]) -> None:
    head = verify_lines(lines).head
    assert verify_lines([*lines[:7], lines[7][:40]]).problem == "line 8 is not a row"
    assert verify_lines(lines[:7]).ok
    assert verify_lines(lines[:7], expected_head=head).problem.startswith("rows were cut off")
