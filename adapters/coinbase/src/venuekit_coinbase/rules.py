"""The rules of an instrument, for an order that is changed: the venue refuses later, in fewer words."""

from __future__ import annotations

from venuekit.adapter import Instrument, LimitOrder, Order, TimeInForce, validate
from venuekit_coinbase.capabilities import CAPABILITIES


def check_change(wanted: Order, instrument: Instrument) -> None:
    """Check size and prices of an order as it is to be.

    Raises:
        InvalidPrice, InvalidSize: with the nearest values that would do.
    """
    assert wanted.size is not None
    for price in (wanted.price, wanted.stop_price):
        if price is not None:
            request = LimitOrder(
                instrument=instrument.id,
                side=wanted.side,
                size=wanted.size,
                price=price,
                time_in_force=TimeInForce.GTC,
            )
            validate(request, instrument, CAPABILITIES, now_ns=0)
