"""The user channel: what becomes of an account's own orders and trades."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web

from venuekit_doubles.polymarket import words
from venuekit_doubles.polymarket.clob import Clob
from venuekit_doubles.polymarket.faults import StreamFault
from venuekit_doubles.polymarket.keys import ApiKey, Doorkeeper, NotAuthorized
from venuekit_doubles.polymarket.listings import Listed
from venuekit_doubles.polymarket.records import OrderRecord, OrderState, TradeRecord
from venuekit_doubles.polymarket.refusals import Refusal
from venuekit_doubles.polymarket.sockets import BadOperation, Connection, Sockets


class UserConnection(Connection):
    """One subscriber's."""

    def __init__(
        self,
        request: web.Request,
        socket: web.WebSocketResponse,
        seconds_to_ping: float,
        begun: Counter[str],
        telling: Callable[[], StreamFault | None],
        doorkeeper: Doorkeeper,
    ) -> None:
        super().__init__(request, socket, seconds_to_ping, begun, telling)
        self._doorkeeper = doorkeeper
        self._key: ApiKey | None = None
        #: Markets that it is told of; None is all of them.
        self._markets: set[str] | None = None

    @property
    def subscriptions(self) -> set[str]:
        """The account, once it is authorized."""
        return set() if self._key is None else {self._key.address}

    def asked(self, message: dict[str, Any]) -> None:
        """A subscription, or a change of one. Raises BadOperation; who is not let in is sent away."""
        markets, operation = message.get("markets"), message.get("operation")
        if markets is not None and not (isinstance(markets, list) and all(isinstance(m, str) for m in markets)):
            raise BadOperation("markets are no list")
        if operation in ("subscribe", "unsubscribe") and self._key is not None:
            change = set(markets or ())
            known = self._markets or set()
            self._markets = known | change if operation == "subscribe" else known - change
            return
        if message.get("type") != "user" or not isinstance(message.get("auth"), Mapping):
            raise BadOperation("no credentials")
        try:
            self._key = self._doorkeeper.stream(message["auth"])
        except NotAuthorized:
            self.close()
            return
        self._markets = set(markets) if markets else None
        self.begin([self._key.address])

    def owner_for(self, market: Listed) -> str | None:
        """Whose orders and trades in a market it is told of."""
        if self._key is None or (self._markets is not None and market.condition_id not in self._markets):
            return None
        return self._key.address


class UserChannel:
    """Tells accounts of their own. A `Listener` of the CLOB."""

    def __init__(
        self, clob: Clob, seconds_to_ping: float, doorkeeper: Doorkeeper, telling: Callable[[], StreamFault | None]
    ) -> None:
        self._clob = clob
        self.sockets = Sockets(
            lambda request, socket, begun: UserConnection(request, socket, seconds_to_ping, begun, telling, doorkeeper)
        )
        clob.listeners.append(self)

    def _order(self, order: OrderRecord, kind: str) -> None:
        self._tell(order, words.order_event(order, kind, self._clob.now_ns()))

    def _tell(self, order: OrderRecord, event: dict[str, Any]) -> None:
        for connection in self.sockets.open:
            if isinstance(connection, UserConnection) and connection.owner_for(order.market) == order.owner:
                connection.tell(event)

    def placed(self, order: OrderRecord) -> None:
        """An order was taken in."""
        self._order(order, "PLACEMENT")

    def changed(self, order: OrderRecord) -> None:
        """It was matched, or has ended."""
        over = order.state not in (OrderState.LIVE, OrderState.MATCHED, OrderState.DELAYED)
        self._order(order, "CANCELLATION" if over else "UPDATE")

    def refused(self, order: OrderRecord, why: Refusal) -> None:
        """Told by the answer alone."""

    def killed(self, order: OrderRecord, why: str) -> None:
        """It found nothing to trade with."""
        self._tell(order, words.killed_event(order, why, self._clob.now_ns()))

    def traded(self, trade: TradeRecord) -> None:
        """Orders were matched."""
        for connection in self.sockets.open:
            owner = connection.owner_for(trade.market) if isinstance(connection, UserConnection) else None
            if owner is not None and trade.involves(owner):
                connection.tell(words.trade_event(trade, owner, self._clob.now_ns()))

    def settled(self, trade: TradeRecord) -> None:
        """A trade got on, or failed."""
        self.traded(trade)

    def levels(self, market: Listed, changed: Mapping[tuple[int, int], str]) -> None:
        """Told of by the market channel."""

    def ticked(self, market: Listed, before: str) -> None:
        """Told of by the market channel."""

    def resolved(self, market: Listed) -> None:
        """Told of by the market channel."""
