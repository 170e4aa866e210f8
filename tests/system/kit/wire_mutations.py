"""What goes wrong alike in whichever adapter: on its way to the venue, and in the desk that it belongs to."""

from __future__ import annotations

from typing import Any

from mutations import Patch

from venuekit.adapter import VenueDown
from venuekit.desk.reconcile import Reconciler
from venuekit.model.events import Channel
from venuekit.runtime.session import Session
from venuekit_wire import answers
from venuekit_wire.calls import Call


def take_a_lost_answer_for_nothing_sent(patch: Patch) -> None:
    """No answer, so nothing was sent."""

    def lost(venue: str, call: Call, why: str) -> VenueDown:
        return VenueDown(f"{venue} did not answer: {why}.")

    patch.setattr(answers, "lost", lost)


def do_not_ask_after_a_reconnect(patch: Patch) -> None:
    """The stream is back, so all is well."""

    async def nothing(self: Session, channel: Channel) -> None:
        return None

    patch.setattr(Session, "_reconnected", nothing)


def drop_fills_that_only_a_comparison_finds(patch: Patch) -> None:
    """What the stream did not tell was not traded."""

    async def nothing(self: Reconciler) -> list[Any]:
        return []

    patch.setattr(Reconciler, "_fills", nothing)
    patch.setattr(Reconciler, "_overlooked", nothing)
