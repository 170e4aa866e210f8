"""How a wrong value is told: by file and place, with what would be accepted, and never with a secret in it."""

from __future__ import annotations

from typing import Any

from venuekit.errors import ConfigError
from venuekit.settings.secrets import is_secret


def mistake(place: str, where: str, value: Any, accepted: str) -> ConfigError:
    """The error for `value` at `place` (``risk.price_collar``) of `where` (a file, or a variable)."""
    shown = "not that" if is_secret(place.rpartition(".")[2]) else repr(value)[:60]
    return ConfigError(
        f"{where}: {place} is {shown}; it must be {accepted}.", field=place, details={"accepted": accepted}
    )
