"""`venuekit audit verify`: proving the journal, exports of it, and that they belong together."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from venuekit.cli.anchor import read_anchor, write_anchor
from venuekit.cli.exits import FAILED, OK
from venuekit.cli.options import DEFAULT, Options
from venuekit.cli.output import document, note, say
from venuekit.cli.place import Place, find, proved, read
from venuekit.cli.progress import progress
from venuekit.journal.export import verify_lines
from venuekit.journal.export_file import read as read_export
from venuekit.journal.joining import Joint, joined
from venuekit.model.codec import to_plain
from venuekit.protocols.retention import Verification

_UNPRUNED = {"pruned": 0, "kept": 0}


async def verify(
    *,
    expected_head: str | None = None,
    anchor: Path | None = None,
    file: Annotated[list[Path] | None, Parameter(negative="")] = None,
    alone: Annotated[bool, Parameter(negative="")] = False,
    options: Options = DEFAULT,
) -> int:
    """Recompute the whole chain; the first row that was altered, removed or moved is named.

    Rows cut off at the end leave a chain that is whole: keep the head it prints somewhere else, and give it back.

    Args:
        expected_head: A head that an earlier verify printed; its row must still be there.
        anchor: A file that keeps the head from one verify to the next.
        file: A file that `venuekit audit export` or `prune` wrote, instead of the store; given again for the file
            that goes on from it. Where there is a store, it is said whether and where they join it.
        alone: Leave the store alone, and prove the file by itself.
    """
    place = find(options)
    if file:
        return await _files(place, file, expected_head, options, alone=alone)
    if not place.exists:
        problem = f"there is no store at {place.shown}; nothing was recorded yet"
        if options.json:
            document({"ok": False, "rows": 0, "head": None, "problem": problem, "sequence": None, **_UNPRUNED})
        else:
            note(f"T{problem[1:]}.")
        return FAILED
    known = None if anchor is None else read_anchor(anchor)
    heads = {expected_head, known.head if known else expected_head}
    with progress("verified", quiet=options.json) as told:
        results = [await proved(place, head, told) for head in heads]
    result = next((r for r in results if not r.ok), results[0])
    if result.ok and anchor is not None:
        write_anchor(anchor, result)
    return _verdict(result, options)


async def _files(place: Place, files: list[Path], expected_head: str | None, options: Options, *, alone: bool) -> int:
    lines: Iterator[bytes] = chain.from_iterable(read_export(one) for one in files)
    if alone or not place.exists:
        return _verdict(verify_lines(lines, expected_head=expected_head), options)
    async with read(place) as store:
        joint = joined(store, lines, expected_head=expected_head)
    return _verdict(joint.verified, options, joint)


def _verdict(result: Verification, options: Options, joint: Joint | None = None) -> int:
    if options.json:
        document(to_plain(result) | ({} if joint is None else {"joins": joint.where or None}))
    elif result.ok:
        say(f"The chain is whole: {_extent(result)}.\nhead {result.head}")
        if joint is not None:
            say(f"It joins the store: {joint.where}." if joint.where else "It is not of the configured store.")
    else:
        say(f"The chain is BROKEN: {result.problem}.")
        note("Keep the file as it is, and compare it with a backup or an export.")
    return OK if result.ok else FAILED


def _extent(result: Verification) -> str:
    if not result.pruned:
        return f"{result.rows} rows"
    kept = f", {result.kept} of them kept" if result.kept else ""
    return f"{result.rows - result.pruned} rows, after {result.pruned} that were pruned{kept}"
