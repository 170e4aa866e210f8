"""Accounts: balances with holds, and positions; whole numbers throughout."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from venuekit.adapter import InsufficientFunds, plain
from venuekit_paper.scale import out

if TYPE_CHECKING:
    from venuekit_paper.orders import PaperOrder


class Holding:
    """A net position: lots (signed), what they cost (signed money), realized profit, fees.

    On margin also the money of the open orders that may enlarge it, by side, and the margin held for all of it.
    """

    __slots__ = ("buys", "cost", "fees", "lots", "margin", "realized", "reducing", "sells", "updated_ns")

    def __init__(self) -> None:
        self.lots = 0
        self.cost = 0
        self.realized = 0
        self.fees = 0
        self.buys = 0
        self.sells = 0
        self.margin = 0
        #: Open reduce-only orders.
        self.reducing = 0
        self.updated_ns = 0

    def add(self, signed_lots: int, signed_money: int) -> int:
        """Take a trade in; returns the profit it realized. Closing parts are costed at the average, rounded down."""
        lots, cost = self.lots, self.cost
        total = lots + signed_lots
        profit = 0
        if lots == 0 or (lots > 0) == (signed_lots > 0):
            self.cost = cost + signed_money
        elif abs(signed_lots) <= abs(lots):
            left = cost * total // lots if total else 0
            profit = -signed_money - (cost - left)
            self.cost = left
            self.realized += profit
        else:
            closing = signed_money * -lots // signed_lots
            profit = -closing - cost
            self.cost = signed_money - closing
            self.realized += profit
        self.lots = total
        return profit


class Account:
    """One named account. A house account (the simulated market) trades without limits, holds or fees."""

    __slots__ = ("by_client_id", "held", "holdings", "house", "name", "open", "places", "total")

    def __init__(self, name: str, places: dict[str, int], *, house: bool = False) -> None:
        self.name = name
        self.house = house
        self.places = places
        self.total: defaultdict[str, int] = defaultdict(int)
        self.held: defaultdict[str, int] = defaultdict(int)
        self.holdings: defaultdict[str, Holding] = defaultdict(Holding)
        self.open: dict[int, PaperOrder] = {}
        self.by_client_id: dict[str, PaperOrder] = {}

    def available(self, asset: str) -> int:
        """What no order and no position has a claim on."""
        return self.total[asset] - self.held[asset]

    def need(self, asset: str, amount: int, free: int | None = None) -> None:
        """Raises InsufficientFunds when `amount` is more than what is available, or than `free` if that is given."""
        free = self.available(asset) if free is None else free
        if amount > free:
            required, there = (plain(out(max(n, 0), self.places[asset])) for n in (amount, free))
            raise InsufficientFunds(
                f"{required} {asset} are needed, {there} are available.",
                fix="Use a smaller size, cancel an order that holds funds, or deposit more.",
                details={"asset": asset, "required": required, "available": there},
            )

    def lots(self, instrument: str) -> int:
        """Signed lots held."""
        found = self.holdings.get(instrument)
        return found.lots if found is not None else 0
