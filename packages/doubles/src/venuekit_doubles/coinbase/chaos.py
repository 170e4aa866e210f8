"""How `venuekit chaos` exercises the Coinbase adapter: a double on the run's event loop, and what its wire does wrong.

A profile for ``venuekit chaos --venue coinbase --venue-profile venuekit_doubles.coinbase.chaos``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from venuekit.adapter import Clock
from venuekit_doubles import chaos
from venuekit_doubles.coinbase.ids import MAIN
from venuekit_doubles.coinbase.quirks import Quirk
from venuekit_doubles.coinbase.server import CoinbaseDouble
from venuekit_doubles.coinbase.truth import Truth
from venuekit_doubles.faults import Fault, StreamFault

D = Decimal
options: Mapping[str, Any] = {"environment": "sandbox"}
#: Spot: what needs no margin.
instruments = ("BTC-USD", "ETH-USD")
_EXCHANGE = {
    "initial_balances": {"USD": D(10_000_000), "BTC": D(100), "ETH": D(10)},
    "tick_interval_ms": 1000,
}
_CHANGES = ("create", "create", "create", "create", "cancel", "edit")
_READS = ("orders", "order", "fills", "accounts", "key_permissions", "products", "book")
_ANY = (*_CHANGES, *_READS)
_USER = ("user",)

#: What goes wrong with a request, and at which endpoints; one that is named more often is hit more often.
wire_faults: Mapping[str, Sequence[str]] = {
    Fault.RATE_LIMITED: _ANY,
    Fault.RATE_LIMITED_HTML: _ANY,
    Fault.SERVER_ERROR: _ANY,
    Fault.BAD_GATEWAY_HTML: _ANY,
    Fault.UNAUTHORIZED_ONCE: _ANY,
    Fault.HTML_WITH_200: _ANY,
    Fault.AFTER_HTML_WITH_200: _CHANGES,
    Fault.AFTER_SERVER_ERROR: _CHANGES,
    Fault.AFTER_TRUNCATED: _ANY,
    Fault.AFTER_SILENCE: _ANY,
    Fault.AFTER_RESET: _CHANGES,
    Fault.SILENCE: _ANY,
    Fault.RESET: _ANY,
    Fault.NULL_CONFIGURATION: ("create", "order", "orders"),
}
#: What goes wrong with a frame of a channel.
frame_faults: Mapping[str, Sequence[str]] = {
    StreamFault.GAP: _USER,
    StreamFault.DUPLICATE: _USER,
    StreamFault.SWAP: _USER,
    StreamFault.GARBAGE: _USER,
    StreamFault.SILENCE: _USER,
    StreamFault.CLOSE_1000: _USER,
    StreamFault.CLOSE_1001: _USER,
    StreamFault.ABORT: _USER,
}
#: What goes wrong with every stream at once.
stream_faults: Sequence[str] = (
    StreamFault.ABORT,
    StreamFault.CLOSE_1000,
    StreamFault.CLOSE_1001,
    StreamFault.GAP,
    StreamFault.SILENCE,
    StreamFault.CHANNEL_SILENCE,
)
#: Heartbeats go on, and own orders may have nothing to tell for hours.
unnoticed_faults: Sequence[str] = (StreamFault.CHANNEL_SILENCE,)


class Exchange(chaos.Exchange):
    """The double of one schedule; `seed` chooses among the ways in which the venue's answers are known to vary."""

    def __init__(self, gate: chaos.Gate, *, clock: Clock, seed: int) -> None:
        quirks = [quirk for number, quirk in enumerate(Quirk) if seed >> number & 1]
        self._timeout = (0.3, 0.6, 3.0)[seed % 3]
        exchange = {**_EXCHANGE, "seed": seed % 5}
        faults = chaos.GatedFaults(gate, Fault, StreamFault, _USER)
        self._double = CoinbaseDouble(clock=clock, exchange=exchange, quirks=quirks, faults=faults)
        super().__init__(self._double)
        self.secrets = (max(self._double.secret.splitlines(), key=len), "eyJ")

    @property
    def options(self) -> Mapping[str, Any]:
        """See `chaos.Exchange.options`."""
        return {
            "api_key": self._double.key,
            "api_secret": self._double.secret,
            "base_url": self._double.rest_url,
            "ws_url": self._double.ws_url,
            "ws_user_url": self._double.ws_url,
            "ca_file": self._double.ca_file,
            "timeout_seconds": self._timeout,
            "connect_timeout_seconds": self._timeout,
            "heartbeat_timeout_seconds": 2.5,
        }

    def _truth(self) -> Truth:
        return Truth(self._double.backing, MAIN, instruments)

    async def strike(self, fault: str) -> None:
        """See `chaos.Exchange.strike`."""
        await self._double.sockets.fail(StreamFault(fault))


def exchange(gate: chaos.Gate, *, clock: Clock, seed: int) -> Exchange:
    """The venue of one schedule."""
    return Exchange(gate, clock=clock, seed=seed)
