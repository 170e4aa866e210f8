"""Secrets from the environment, filled in where a configuration says ``${NAME}``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from venuekit.errors import ConfigError
from venuekit.model.table import is_secret
from venuekit.protocols.secrets import Secrets

_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def literals(tree: Any, name: str = "") -> set[str]:
    """The values of all settings that hold secrets."""
    if isinstance(tree, Mapping):
        return {s for key, value in tree.items() for s in literals(value, str(key))}
    return {tree} if isinstance(tree, str) and is_secret(name) else set()


class FilledIn(str):
    """A value with a secret in it, as long as it may still be found wrong: a message must not quote it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "not that"


class EnvironmentSecrets:
    """Secrets that the process was given as environment variables."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def get(self, name: str) -> str | None:
        """The variable's value, or None when it is not set or empty."""
        return self._environ.get(name) or None


def fill_in(value: Any, secrets: Secrets, *, place: str, used: set[str]) -> Any:
    """`value` with every ``${NAME}`` replaced; each value that was filled in is added to `used`.

    Raises:
        ConfigError: a named secret is not there. The message has its name and place, never a value.
    """
    if isinstance(value, str):

        def look_up(match: re.Match[str]) -> str:
            secret = secrets.get(match.group(1))
            if secret is None:
                raise ConfigError(
                    f"{place} refers to ${{{match.group(1)}}}, which is not set.",
                    fix=f"Set the environment variable {match.group(1)}.",
                    field=place,
                )
            used.add(secret)
            return secret

        filled = _REFERENCE.sub(look_up, value)
        return FilledIn(filled) if filled != value else value
    if isinstance(value, Mapping):
        return {k: fill_in(v, secrets, place=f"{place}.{k}" if place else str(k), used=used) for k, v in value.items()}
    if isinstance(value, list):
        return [fill_in(v, secrets, place=f"{place}[{i}]", used=used) for i, v in enumerate(value)]
    return value
