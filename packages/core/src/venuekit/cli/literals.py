"""Secrets that stand in a file as they are: in a configuration that others can read, in an MCP host's own file."""

from __future__ import annotations

import json
import stat
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from venuekit.settings.address import passwords
from venuekit.watch.redact import names_a_secret


def readable_secrets(file: Path) -> list[str]:
    """A warning for each literal secret in `file`, when others than its owner may read it. Never a value."""
    mode = file.stat().st_mode
    if not mode & (stat.S_IRGRP | stat.S_IROTH):
        return []
    tree = tomllib.loads(file.read_text(encoding="utf-8"))
    return [
        f"{file} can be read by others and has the secret {place} in it. Write ${{NAME}} there and set the "
        f"environment variable, or run: chmod 600 {file}"
        for place in _secrets(tree)
    ]


def _secrets(tree: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for key, value in tree.items():
        place = f"{prefix}{key}"
        if isinstance(value, Mapping):
            yield from _secrets(value, f"{place}.")
        elif isinstance(value, str) and value and "${" not in value and (names_a_secret(key) or passwords(value)):
            yield place


#: Shorter values are words rather than secrets, and would be hidden all over a text.
_SHORTEST = 8


def host_secrets(text: str) -> frozenset[str]:
    """What an MCP host's file, as text, gives to servers as environment, as headers, or by a secret's name."""
    try:
        tree = json.loads(text) if text.strip() else {}
    except ValueError:
        return frozenset()
    return frozenset(json.dumps(value, ensure_ascii=False)[1:-1] for value in _given(tree, hidden=False))


def _given(tree: Any, *, hidden: bool) -> Iterator[str]:
    if isinstance(tree, Mapping):
        for key, value in tree.items():
            yield from _given(value, hidden=hidden or key in ("env", "headers") or names_a_secret(str(key)))
    elif isinstance(tree, list):
        for value in tree:
            yield from _given(value, hidden=hidden)
    elif hidden and isinstance(tree, str) and len(tree) >= _SHORTEST:
        yield tree
