"""`venuekit doctor`: whether everything that a desk needs is there and in order."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Callable
from importlib.metadata import distributions
from pathlib import Path

from venuekit.cli.config import check_venue
from venuekit.cli.examined import examined
from venuekit.cli.exits import FAILED, OK
from venuekit.cli.literals import readable_secrets
from venuekit.cli.options import DEFAULT, Options
from venuekit.cli.output import document, note, printable, say
from venuekit.cli.place import Place, find, opened, proved
from venuekit.errors import VenuekitError
from venuekit.model.action import DOUBTFUL_ACTIONS
from venuekit.model.codec import to_plain
from venuekit.model.finding import Finding, State, found_failed
from venuekit.registry import load_factory, venue_names
from venuekit.settings.load import data_dir
from venuekit.watch.redact import redact_text

#: So many actions are named.
_NAMED = 5
_LITTLE_DISK = 200 * 1024 * 1024


async def doctor(venue: str | None = None, /, *, options: Options = DEFAULT) -> int:
    """Look at the installation, the configuration, the store and the disk; with a venue, at that too.

    Args:
        venue: Look at this venue too: clocks, keys, what the account may do, and whatever else can be wrong there.
            Nothing is ordered, and nothing is changed.
    """
    findings = [_python(), _packages(), _adapters()]
    try:
        place = find(options)
    except VenuekitError as error:
        findings.append(_failed("configuration", error))
    else:
        findings += _configuration(place, venue)
        findings += [_disk(data_dir(place.config)), await _store(place)]
        # What cannot be configured so cannot be examined either: it is said once.
        if venue is not None and not any(f.check == "venue" and f.state is State.FAILED for f in findings):
            findings += await examined(place, venue)
    failed = any(f.state is State.FAILED for f in findings)
    if options.json:
        document({"ok": not failed, "findings": [to_plain(f) for f in findings]})
        return FAILED if failed else OK
    width = max(len(f.check) for f in findings)
    for finding in findings:
        say(f"{finding.state.value:8} {finding.check.ljust(width)}  {printable(finding.message)}")
        if finding.fix:
            say(f"{'':8} {'':{width}}  {finding.fix}")
    if failed:
        note("Something has to be mended before a desk can open.")
    return FAILED if failed else OK


def _failed(check: str, error: VenuekitError) -> Finding:
    found = found_failed(check, error)
    return Finding(found.check, found.state, redact_text(found.message), redact_text(found.fix))


def _try(check: str, work: Callable[[], str]) -> Finding:
    try:
        return Finding(check, State.OK, work())
    except VenuekitError as error:
        return _failed(check, error)


def _python() -> Finding:
    return Finding("python", State.OK, f"{platform.python_version()} at {sys.executable}")


def _packages() -> Finding:
    ours = {d.name: d.version for d in distributions() if (d.name or "").startswith("venuekit")}
    shown = ", ".join(f"{name} {version}" for name, version in sorted(ours.items()))
    if len(set(ours.values())) > 1:
        return Finding("packages", State.WARNING, shown, "Their versions differ; upgrade them together.")
    return Finding("packages", State.OK, shown or "a source tree")


def _adapters() -> Finding:
    names = venue_names()
    if not names:
        return Finding("adapters", State.WARNING, "none is installed", "Try: pip install venuekit-paper")
    return Finding("adapters", State.OK, ", ".join(names))


def _configuration(place: Place, venue: str | None) -> list[Finding]:
    name = venue or place.config.desk.venue

    def adapter() -> str:
        factory = load_factory(name)
        if name != place.config.desk.venue:
            return f"{factory.title}, {factory.environment}, mode not configured here"
        checked = check_venue(place, factory)
        return f"{factory.title}, {checked.environment}, mode {checked.mode}"

    file = place.loaded.path
    found = [Finding("configuration", State.OK, f"{file or 'no file; all defaults'}"), _try("venue", adapter)]
    if file is not None:
        found += [Finding("secrets", State.WARNING, warning) for warning in readable_secrets(file)]
    return found


def _disk(folder: Path) -> Finding:
    there = folder
    while not there.exists():
        there = there.parent
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        fix = "Make it writable, or name another folder: [desk] data_dir."
        return Finding("disk", State.FAILED, f"{folder} cannot be written", fix)
    free = shutil.disk_usage(there).free
    message = f"{folder}, {free // (1024 * 1024)} MiB free"
    if free < _LITTLE_DISK:
        return Finding(
            "disk", State.WARNING, message, "An order whose intent cannot be recorded is refused: make room."
        )
    return Finding("disk", State.OK, message)


async def _store(place: Place) -> Finding:
    if not place.exists:
        return Finding("store", State.OK, f"{place.shown}: nothing recorded yet")
    try:
        result = await proved(place)
        if not result.ok:
            fix = "Keep it as it is; compare with a backup."
            return Finding("store", State.FAILED, f"{place.shown}: {result.problem}", fix)
        async with opened(place) as store:
            control = store.control()
            doubtful = store.actions(statuses=DOUBTFUL_ACTIONS)
    except VenuekitError as error:
        return _failed("store", error)
    message = f"{place.shown}: {result.rows} rows, chain whole, trading {control.state.value}"
    if doubtful:
        message += f"; sent, and no answer: {', '.join(f'{a.tool} {a.id}' for a in doubtful[:_NAMED])}"
        fix = "Look at the venue what became of it, then: venuekit actions settle ID"
        return Finding("store", State.WARNING, message, fix)
    return Finding("store", State.OK, message)
