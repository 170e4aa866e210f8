"""`venuekit audit prune`: old rows go, proved and exported first, under a checkpoint that seals the cut."""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from venuekit.cli.exits import FAILED, OK
from venuekit.cli.export import heading, lines_of
from venuekit.cli.operators import operator_name
from venuekit.cli.options import DEFAULT, Options
from venuekit.cli.output import document, note, say
from venuekit.cli.place import find, opened
from venuekit.cli.progress import progress
from venuekit.errors import ConfigError, InvalidValue, JournalUnavailable
from venuekit.journal.export import verify_lines
from venuekit.journal.export_file import read as read_export
from venuekit.journal.export_file import sha256, write
from venuekit.journal.prune import Pruned, last_before
from venuekit.journal.prune import prune as prune_store
from venuekit.journal.rows import every
from venuekit.journal.walk import BEGINNING
from venuekit.model.times import iso, parse_iso
from venuekit.protocols.journal import RowQuery, Store
from venuekit.settings.schema import AuditSettings
from venuekit.watch.clock import SystemClock

_DAY_NS = 86_400_000_000_000


async def prune(
    *,
    before: str | None = None,
    keep_days: int | None = None,
    export: Path | None = None,
    no_export: Annotated[bool, Parameter(negative="")] = False,
    by: str | None = None,
    options: Options = DEFAULT,
) -> int:
    """Remove old rows that no desk needs: the chain is proved, they are exported, and a checkpoint seals the cut.

    What an order's id, a start or a person may still ask for is kept. It may run beside a desk. Broken off, it leaves
    a shorter prune that is whole; run it again.

    Args:
        before: Rows before this day (2026-11-21, UTC) or time (ISO 8601 with zone); otherwise [audit] keep_days.
        keep_days: The same as so many whole days before today.
        export: Where the rows go first, compressed if named .gz; otherwise a file in [audit] export_folder.
        no_export: Remove them without a copy.
        by: Your name, for the journal; otherwise the operating system's user.
    """
    name, place, clock = operator_name(by), find(options), SystemClock()
    audit = place.config.audit
    before_ns = _before(before, keep_days if keep_days is not None else audit.keep_days, clock.now_ns())
    if not place.exists:
        raise ConfigError(f"There is no store at {place.shown}; nothing was recorded yet.", field="store.url")
    async with opened(place) as store:
        start = store.checkpoint() or BEGINNING
        to = last_before(store, before_ns)
        if to <= start.cut:
            return _nothing(before_ns, options)
        file = None if no_export else _file(export, audit, start.cut + 1, to)
        with progress("verified", quiet=options.json) as told:
            proof = store.verify(progress=told)
        if not proof.ok:
            say(f"The chain is BROKEN: {proof.problem}. Nothing was removed.")
            return FAILED
        copy = None if file is None else _copied(store, file, start.cut + 1, to, options)
        done = await prune_store(store, to=to, by=name, source="cli", export=copy, clock=clock)
    return _told(done, copy, options)


def _before(before: str | None, keep_days: int | None, now_ns: int) -> int:
    if before is not None:
        return parse_iso(before if "T" in before else f"{before}T00:00:00Z", field="before")
    if keep_days is None:
        raise InvalidValue(
            "Say which rows: --before DATE or --keep-days N.", fix="Or set [audit] keep_days.", field="before"
        )
    if keep_days < 1:
        raise InvalidValue("keep-days must be 1 or more.", field="keep_days", details={"accepted": "1 or more"})
    return (now_ns // _DAY_NS - keep_days) * _DAY_NS


def _file(given: Path | None, audit: AuditSettings, first: int, last: int) -> Path:
    if given is not None:
        return given
    if not audit.export_folder:
        raise InvalidValue(
            "Say where the rows go first: --export FILE.",
            fix="Or set [audit] export_folder, or pass --no-export.",
            field="export",
        )
    folder = Path(audit.export_folder).expanduser()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder / f"journal-{first}-{last}.jsonl.gz"


def _copied(store: Store, file: Path, first: int, last: int, options: Options) -> dict[str, Any]:
    """The rows in a file, read back and proved there; the file's name, digest and extent for the checkpoint's row.

    Raises:
        ConfigError: it cannot be written. JournalUnavailable: what is in it is not what the store has.
    """
    rows = every(store, RowQuery(after_sequence=first - 1, before_sequence=last + 1))
    with progress("written", quiet=options.json) as told:
        write(file, chain(heading(store, first), lines_of(rows, told)))
    proof = verify_lines(read_export(file))
    (end,) = store.rows(RowQuery(after_sequence=last - 1, before_sequence=last + 1, limit=1))
    if not proof.ok or (proof.rows, proof.head) != (last, end.digest):
        raise JournalUnavailable(
            f"{file} does not prove what the store has: {proof.problem or 'it ends elsewhere'}.",
            fix="Nothing was removed. Look at the disk, then try again with another file.",
        )
    return {"file": file.name, "sha256": sha256(file), "first": first, "last": last, "head": proof.head}


def _nothing(before_ns: int, options: Options) -> int:
    if options.json:
        document({"cut": None, "kept": 0, "removed": {}, "checkpoints": 0, "export": None})
    else:
        note(f"No row before {iso(before_ns)} is left to prune.")
    return OK


def _told(done: Pruned, copy: dict[str, Any] | None, options: Options) -> int:
    if options.json:
        body = {"cut": done.cut, "kept": done.kept, "removed": done.removed, "checkpoints": done.checkpoints}
        document(body | {"export": copy})
        return OK
    kinds = ", ".join(f"{count} {kind}" for kind, count in done.removed.items())
    say(f"{sum(done.removed.values())} rows up to row {done.cut} removed{f': {kinds}' if kinds else ''}.")
    say(f"{done.kept} are kept, for orders' ids, starts and controls.")
    if copy is not None:
        say(f"They are in {copy['file']}, sha256 {copy['sha256']}.")
    return OK
