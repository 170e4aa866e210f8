"""A configuration file with which a venuekit desk trades at the double, and leaves the real venue's data alone."""

from __future__ import annotations

import json
import os
from pathlib import Path

from venuekit_doubles.coinbase.server import CoinbaseDouble

_MARK = "# Written by venuekit-double-coinbase; good for as long as it runs."


def write(file: Path, double: CoinbaseDouble, data_dir: Path) -> None:
    """Write `file`, readable by its owner only, in place of one that an earlier double wrote.

    The desk keeps its journal in `data_dir`: one double's means nothing to the next.

    Raises:
        FileExistsError: there is a file that no double wrote.
    """
    if file.exists() and not file.read_text(encoding="utf-8").startswith(_MARK):
        raise FileExistsError(f"{file} is not this program's: name another file, or remove it.")
    venue = {
        "environment": "sandbox",
        "api_key": double.key,
        "api_secret": double.secret.replace("\n", "\\n"),
        "base_url": double.rest_url,
        "ws_url": double.ws_url,
        "ws_user_url": double.ws_url,
        "ca_file": double.ca_file,
    }
    desk = {"venue": "coinbase", "data_dir": str(data_dir)}
    text = "\n".join([_MARK, *_table("desk", desk), *_table("venues.coinbase", venue)])
    new = file.with_name(f".{file.name}.new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as written:
        written.write(text)
    new.replace(file)


def _table(name: str, values: dict[str, str]) -> list[str]:
    # A TOML basic string is a JSON string.
    return [f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in values.items() if value), ""]
