"""Telling a person."""

from __future__ import annotations

from typing import Protocol

from venuekit.model.events import DeskEvent


class Notifier(Protocol):
    """Somewhere an operator looks."""

    def notify(self, event: DeskEvent) -> None:
        """Tell; must not block and must not raise."""
        ...
