"""On which line of a file each setting stands, so that it can be found by who reads where a value comes from."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping

_HEADER = re.compile(r"\s*(\[\[?)\s*(.+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"\s*((?:[A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*'))*)\s*=")
_PART = re.compile(r"[A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*'")


def lines_of(text: str) -> Mapping[str, int]:
    """The first line of every key and table of a TOML text, by its place (``risk.price_collar``, ``hours``).

    A value over several lines is told by its first; what stands inside of it is not mistaken for a key, because a
    line counts only where the text before it is whole by itself.
    """
    found: dict[str, int] = {}
    table, begun = "", 0
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        header, key = _HEADER.match(line), _KEY.match(line)
        if not (header or key) or not _whole(lines[begun : number - 1]):
            continue
        begun = number - 1
        if header:
            table = _place(header.group(2))
            found.setdefault(table, number)
        elif key:
            found.setdefault(".".join(filter(None, (table, _place(key.group(1))))), number)
    return found


def _place(words: str) -> str:
    return ".".join(part.strip("\"'") for part in _PART.findall(words))


def _whole(lines: list[str]) -> bool:
    try:
        tomllib.loads("\n".join(lines))
    except tomllib.TOMLDecodeError:
        return False
    return True
