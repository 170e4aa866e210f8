"""A configuration file with which a venuekit desk trades at a double, and leaves the real venue's data alone."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path


def write(file: Path, venue: str, options: Mapping[str, str], data_dir: Path) -> None:
    """Write `file`, readable by its owner only, in place of one that an earlier double of the venue wrote.

    The desk keeps its journal in `data_dir`: one double's means nothing to the next.

    Raises:
        FileExistsError: there is a file that no double of that venue wrote.
    """
    mark = f"# Written by venuekit-double-{venue}; good for as long as it runs."
    if file.exists() and not file.read_text(encoding="utf-8").startswith(mark):
        raise FileExistsError(f"{file} is not this program's: name another file, or remove it.")
    desk = {"venue": venue, "data_dir": str(data_dir)}
    text = "\n".join([mark, *_table("desk", desk), *_table(f"venues.{venue}", options)])
    new = file.with_name(f".{file.name}.new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as written:
        written.write(text)
    new.replace(file)


def _table(name: str, values: Mapping[str, str]) -> list[str]:
    # A TOML basic string is a JSON string.
    return [f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in values.items() if value), ""]
