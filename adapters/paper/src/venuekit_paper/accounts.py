"""Accounts: balances with holds, and positions; whole numbers, never below zero."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from venuekit.adapter import InsufficientFunds, plain
from venuekit_paper.scale import out

if TYPE_CHECKING:
    from venuekit_paper.orders import PaperOrder
    from venuekit_paper.scale import Scale


class Holding:
    """A net position: lots (signed), what it cost (signed money), realized profit, fees, margin held for it."""

    __slots__ = ("cost", "fees", "lots", "margin", "realized", "updated_ns")

    def __init__(self) -> None:
        self.lots = 0
        self.cost = 0
        self.realized = 0
        self.fees = 0
        self.margin = 0
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
        else:
            closing = signed_money * -lots // signed_lots
            profit = -closing - cost
            self.cost = signed_money - closing
        self.lots = total
        self.realized += profit
        return profit


class Account:
    """One named account. A house account (the simulated market) trades without limits, holds or fees."""

    __slots__ = ("by_client_id", "held", "holdings", "house", "name", "open", "places", "total")

    def __init__(self, name: str, places: dict[str, int], *, house: bool = False) -> None:
        self.name = name
        self.house = house
        self.places = places
        self.total: dict[str, int] = {}
        self.held: dict[str, int] = {}
        self.holdings: dict[str, Holding] = {}
        self.open: dict[int, PaperOrder] = {}
        self.by_client_id: dict[str, PaperOrder] = {}

    def available(self, asset: str) -> int:
        """What no order and no position has a claim on."""
        return self.total.get(asset, 0) - self.held.get(asset, 0)

    def hold(self, asset: str, amount: int) -> None:
        """Set money aside. Raises InsufficientFunds and holds nothing when there is too little."""
        free = self.available(asset)
        if amount > free:
            digits = self.places[asset]
            raise InsufficientFunds(
                f"{plain(out(amount, digits))} {asset} are needed, {plain(out(max(free, 0), digits))} are available.",
                fix="Use a smaller size, cancel an order that holds funds, or deposit more.",
                details={
                    "asset": asset,
                    "required": plain(out(amount, digits)),
                    "available": plain(out(max(free, 0), digits)),
                },
            )
        self.held[asset] = self.held.get(asset, 0) + amount

    def release(self, asset: str, amount: int) -> None:
        """Give held money back."""
        self.held[asset] -= amount

    def move(self, asset: str, amount: int) -> None:
        """Change a total."""
        self.total[asset] = self.total.get(asset, 0) + amount

    def holding(self, instrument: str) -> Holding:
        """The position, made when it is first needed."""
        found = self.holdings.get(instrument)
        if found is None:
            found = self.holdings[instrument] = Holding()
        return found

    def lots(self, instrument: str) -> int:
        """Signed lots held."""
        found = self.holdings.get(instrument)
        return found.lots if found is not None else 0


def fee_of(money: int, rate: Fraction) -> int:
    """A fee in money's own unit, rounded up: the venue never charges less than its rate. Rebates round down."""
    return -(-money * rate.numerator // rate.denominator)


def margin_of(money: int, scale: Scale) -> int:
    """Initial margin, rounded up."""
    return -(-abs(money) * scale.margin.numerator // scale.margin.denominator)
