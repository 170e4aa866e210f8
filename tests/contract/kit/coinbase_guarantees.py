"""Copies of the Coinbase adapter, each with one guarantee removed that matters over real sockets."""

from __future__ import annotations

from typing import Any

import wired_guarantees as wired

from venuekit.adapter import (
    Venue,
    VenueContext,
)
from venuekit_coinbase.adapter import CoinbaseVenue
from venuekit_coinbase.factory import CoinbaseFactory
from venuekit_coinbase.own_frames import OwnFrames
from venuekit_coinbase.strange import Strange


class TellsOldFillsAgain(CoinbaseVenue):
    """It does not learn what is no news before it connects."""

    def __init__(self, context: VenueContext) -> None:
        super().__init__(context)
        made = self.streams._own

        async def nothing() -> None:
            return

        def own(strange: Strange, fills: bool) -> OwnFrames:
            frames: Any = made(strange, fills)
            frames.begin = nothing
            return frames  # type: ignore[no-any-return]

        self.streams._own = own


class Factory(CoinbaseFactory):
    """Makes sessions of a broken class, on the double."""

    contract_profile = "venuekit_doubles.coinbase.contract"

    def __init__(self, kind: type[CoinbaseVenue]) -> None:
        self._kind = kind

    def create(self, context: VenueContext) -> Venue:
        return self._kind(context)


#: Which checks see that a guarantee is gone: these and no others.
GUARANTEES: dict[type[CoinbaseVenue], str] = {**wired.of(CoinbaseVenue), TellsOldFillsAgain: "STR-16"}
