"""The words of a plain `venuekit halt`, read without the parser: in an emergency its import takes the longest."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from venuekit.cli.switch import Cancelling, Words

_FLAGS = {"--cancel-all": "cancel_all", "--open-desk": "open_desk", "--force": "force", "--json": "json"}
_VALUES = {f"--{name}": name for name in ("reason", "by", "desk", "venue", "wait", "config")}


def halt_words(argv: Sequence[str]) -> tuple[Words, Cancelling] | None:
    """What the parser would make of these arguments; None for whatever is not plain, which is left to it."""
    flags: dict[str, bool] = {}
    values: dict[str, str] = {}
    rest = iter(argv)
    for word in rest:
        name, given, value = word.partition("=")
        if word in _FLAGS and _FLAGS[word] not in flags:
            flags[_FLAGS[word]] = True
        elif name in _VALUES and _VALUES[name] not in values:
            value = value if given else next(rest, "")
            if not value or value.startswith("-"):
                return None
            values[_VALUES[name]] = value
        else:
            return None
    try:
        wait = float(values.pop("wait", "5"))
    except ValueError:
        return None
    config, json = values.pop("config", None), flags.pop("json", False)
    words = Words(**values, json=json, config=None if config is None else Path(config))
    return words, Cancelling(**flags, wait=wait)
