"""Looks for what no client should ask of the venue: the same order signed anew, shares that are not there."""

from __future__ import annotations

from collections.abc import Mapping

from venuekit.adapter import NANOS, Side
from venuekit_doubles.polymarket.accounts import Account
from venuekit_doubles.polymarket.listings import Listed
from venuekit_doubles.polymarket.records import OrderRecord, TradeRecord
from venuekit_doubles.polymarket.refusals import Refusal
from venuekit_doubles.polymarket.sockets import Connection
from venuekit_doubles.polymarket.venue import Venue

#: A request may have been on its way for so long when its sender was told of a trade.
_UNDER_WAY_NS = 7 * NANOS
_NO_BALANCE = "the balance is not enough"


class Watcher:
    """Watches one account. A `Listener` of the CLOB."""

    def __init__(self, venue: Venue, account: Account) -> None:
        self._venue = venue
        self._account = account
        self._signed: dict[int, str] = {}
        #: When the account was told of each trade of its own, and over which connections.
        self._told: dict[str, tuple[int, list[Connection]]] = {}
        self.complaints: list[str] = []
        venue.clob.listeners.append(self)  # after the channels: what it hears of, they have told

    def _is_own(self, order: OrderRecord) -> bool:
        return order.owner == self._account.address and bool(order.salt)

    def _seen(self, order: OrderRecord) -> None:
        before = self._signed.setdefault(order.salt, order.id)
        if before != order.id:
            self.complaints.append(f"an order was signed and sent anew: {before} and {order.id}")

    def placed(self, order: OrderRecord) -> None:
        """An order was taken in."""
        if self._is_own(order):
            self._seen(order)

    def refused(self, order: OrderRecord, why: Refusal) -> None:
        """An order was not taken in."""
        if not self._is_own(order):
            return
        self._seen(order)
        if order.side is Side.SELL and _NO_BALANCE in why.error and self._knew_of_unsettled(order):
            self.complaints.append(f"{order.id} would sell shares that are bought and not settled")

    def _knew_of_unsettled(self, order: OrderRecord) -> bool:
        """Whether who sends it has long been told of a purchase that is not mined."""
        channel = self._venue.user_channel.sockets.open
        for trade in self._venue.clob.settlement.unmined:
            at_ns, told = self._told.get(trade.id, (0, []))
            comes = any(m.wallet == order.wallet and m.asset == order.asset and m.amount > 0 for m in trade.moves())
            is_old = at_ns and self._venue.clob.now_ns() - at_ns > _UNDER_WAY_NS
            if comes and is_old and any(c in channel and c.tells for c in told):
                return True
        return False

    def traded(self, trade: TradeRecord) -> None:
        """Orders were matched."""
        if trade.involves(self._account.address):
            live = [c for c in self._venue.user_channel.sockets.open if c.subscriptions and c.tells]
            self._told[trade.id] = self._venue.clob.now_ns(), live

    def changed(self, order: OrderRecord) -> None:
        """Nothing to be said of it."""

    def killed(self, order: OrderRecord, why: str) -> None:
        """Nothing to be said of it."""

    def settled(self, trade: TradeRecord) -> None:
        """Nothing to be said of it."""

    def levels(self, market: Listed, changed: Mapping[tuple[int, int], str]) -> None:
        """Nothing to be said of it."""

    def ticked(self, market: Listed, before: str) -> None:
        """Nothing to be said of it."""

    def resolved(self, market: Listed) -> None:
        """Nothing to be said of it."""
