"""A file that keeps the journal's head, so that rows cut off at the end are missed."""

from __future__ import annotations

import json
import re
from pathlib import Path

import attrs

from venuekit.errors import ConfigError
from venuekit.protocols.retention import Verification

_DIGEST = re.compile(r"[0-9a-f]{64}")


@attrs.frozen
class Anchor:
    """The head, and how many rows led to it."""

    head: str
    rows: int


def read_anchor(file: Path) -> Anchor | None:
    """What the file says; None when there is no file yet.

    Raises:
        ConfigError: the file is there, and is no anchor.
    """
    try:
        body = json.loads(file.read_text(encoding="utf-8"))
        head, rows = str(body["head"]), int(body["rows"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _bad(file) from error
    if not _DIGEST.fullmatch(head):
        raise _bad(file)
    return Anchor(head, rows)


def write_anchor(file: Path, verified: Verification) -> None:
    """Keep the head of a chain that was found whole; replaced in one step.

    Raises:
        ConfigError: it cannot be written.
    """
    scratch = file.with_name(f".{file.name}.new")
    try:
        scratch.write_text(json.dumps({"head": verified.head, "rows": verified.rows}) + "\n", encoding="utf-8")
        scratch.replace(file)
    except OSError as error:
        raise ConfigError(f"{file} cannot be written: {error.strerror}.", field="anchor") from error


def _bad(file: Path) -> ConfigError:
    return ConfigError(
        f"{file} is not an anchor that venuekit audit verify wrote.", fix="Name another file.", field="anchor"
    )
