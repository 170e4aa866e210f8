"""How the contract kit exercises the Polymarket adapter against the double, which is started when this is imported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from decimal import Decimal
from typing import Any

from venuekit.adapter import Channel
from venuekit_doubles.clock import SteppedClock
from venuekit_doubles.polymarket.faults import Fault, StreamFault
from venuekit_doubles.polymarket.server import PolymarketDouble
from venuekit_doubles.polymarket.venue import Pace

#: Clients sign with the machine's time, which the double's is ahead of once it was moved.
_YEAR = 31_536_000
_FUNDS = Decimal(10_000_000)
#: The double's and the sessions', so that what is moved ahead for one is for the other.
clock = SteppedClock()
double = PolymarketDouble(
    secure=True, clock=clock, cash=_FUNDS, window_seconds=_YEAR, pace=Pace(settle=0.01, moving=False)
)
double.start()
# Two transfers to page through, which leave what was there.
double.split("fed-cuts-in-december", "10")
double.merge("fed-cuts-in-december", "10")

options: Mapping[str, Any] = {**double.desk_options(), "ticker_ttl_seconds": 0.0, "book_ttl_seconds": 0.0}
#: A market of the standard exchange, and one of negative risk.
instruments = tuple(
    double.market(slug).tokens[0] for slug in ("fed-cuts-in-december", "will-alpha-be-nominated-in-2028")
)
patience_seconds = 5.0
#: A purchase spends an amount of money, and leaves of a sale what that could not buy.
whole_lots = False
shadow: Mapping[str, Any] = {"balances": {"pUSD": _FUNDS}, "latency_ms": 0}
_OWN = (Channel.OWN_ORDERS, Channel.OWN_FILLS)


async def advance(_: Any, seconds: float) -> None:
    """Let the market move."""
    clock.step(seconds)
    await double.advance(seconds)


def subscribing(_: Any, channel: Channel, names: Sequence[str]) -> AbstractAsyncContextManager[None]:
    """Be sure that the double has the subscription that is made."""
    return double.subscribing(() if channel in _OWN else names or instruments, within=patience_seconds)


def drop_connections(_: Any) -> None:
    """Break the live connections."""
    double.fail_streams(StreamFault.DROP)


def too_many(_: Any) -> None:
    """Let the next order be one too many."""
    double.fail("post_order", Fault.RATE_LIMITED)
