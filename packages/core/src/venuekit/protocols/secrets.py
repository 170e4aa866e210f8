"""Secrets by name."""

from __future__ import annotations

from typing import Protocol


class Secrets(Protocol):
    """Where ``${NAME}`` in a configuration is looked up."""

    def get(self, name: str) -> str | None:
        """The secret, or None."""
        ...
