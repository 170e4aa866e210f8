"""A venue that can nothing: the base of an adapter that writes only what its venue has."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from venuekit.errors import NotConnected, UnknownInstrument, Unsupported
from venuekit.model.capability import Capabilities, Feature
from venuekit.model.identity import InstrumentId
from venuekit.model.instrument import Instrument


def _missing(feature: Feature) -> Callable[..., Coroutine[Any, Any, Any]]:
    async def call(self: PartialVenue, *_: object, **__: object) -> Any:
        declared = self.capabilities.of(feature)
        who = self.capabilities.title
        raise Unsupported(f"{who}: {feature.value} is {declared.support.value} ({declared.reason}).")

    call.__name__ = feature.value
    call.__doc__ = f"Raises `Unsupported`: {feature.value} is not there unless a subclass writes it."
    return call


class PartialVenue:
    """Every call raises `Unsupported`, with the reason that the adapter declared; a session is just open or not.

    A subclass sets `capabilities` and writes the methods that it declares usable; the desk and the frontends
    offer no others.
    """

    capabilities: Capabilities
    is_open = False

    async def connect(self) -> None:
        """Be open. A subclass that opens sockets does it here, and then calls this."""
        self.is_open = True

    async def close(self) -> None:
        """Be closed; safe to call twice."""
        self.is_open = False

    def check_open(self) -> None:
        """Raises `NotConnected` unless the session is open."""
        if not self.is_open:
            raise NotConnected(f"The session at {self.capabilities.title} is not open.", fix="Call connect first.")

    async def instruments(self) -> Sequence[Instrument]:
        """None; a subclass lists its own."""
        return ()

    async def instrument(self, instrument: InstrumentId) -> Instrument:
        """One of `instruments`, by id or alias. Raises `UnknownInstrument` with near matches, and `NotConnected`."""
        self.check_open()
        listed = await self.instruments()
        for known in listed:
            if instrument in (known.id, known.alias):
                return known
        near = difflib.get_close_matches(instrument[:100].upper(), [known.id for known in listed], n=3)
        raise UnknownInstrument(
            f"{self.capabilities.title} has no instrument {instrument[:100]!r}.",
            fix=f"Did you mean {' or '.join(near)}?" if near else "",
            field="instrument",
            details={"near": near},
        )

    search = _missing(Feature.SEARCH)
    tickers = _missing(Feature.TICKER)
    order_book = _missing(Feature.ORDER_BOOK)
    trades = _missing(Feature.TRADES)
    candles = _missing(Feature.CANDLES)
    submit = _missing(Feature.SUBMIT)
    cancel = _missing(Feature.CANCEL)
    cancel_all = _missing(Feature.CANCEL_ALL)
    amend = _missing(Feature.AMEND)
    order = _missing(Feature.ORDER_BY_CLIENT_ID)
    open_orders = _missing(Feature.OPEN_ORDERS)
    order_history = _missing(Feature.ORDER_HISTORY)
    fills = _missing(Feature.FILLS)
    balances = _missing(Feature.BALANCES)
    positions = _missing(Feature.POSITIONS)
    profile = _missing(Feature.PROFILE)
    transfers = _missing(Feature.TRANSFERS)
    server_time_ns = _missing(Feature.SERVER_TIME)
