"""Secrets written into a configuration file that others can read."""

from __future__ import annotations

import stat
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

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
        elif isinstance(value, str) and value and "${" not in value and names_a_secret(key):
            yield place
