"""The market channel: books on subscription, then every change of both outcomes' books, trades, ticks, results."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web

from venuekit.adapter import Side, plain
from venuekit_doubles.polymarket import words
from venuekit_doubles.polymarket.clob import Clob
from venuekit_doubles.polymarket.faults import StreamFault
from venuekit_doubles.polymarket.listings import PRICE_ONE, Listed
from venuekit_doubles.polymarket.records import OrderRecord, TradeRecord
from venuekit_doubles.polymarket.refusals import Refusal
from venuekit_doubles.polymarket.sockets import BadOperation, Connection, Sockets

#: A connection with more assets gets no books when it subscribes, as users of the venue found.
_MOST_WITH_BOOKS = 500


class MarketConnection(Connection):
    """One subscriber's."""

    def __init__(
        self,
        request: web.Request,
        socket: web.WebSocketResponse,
        seconds_to_ping: float,
        begun: Counter[str],
        telling: Callable[[], StreamFault | None],
        clob: Clob,
    ) -> None:
        super().__init__(request, socket, seconds_to_ping, begun, telling)
        self._clob = clob
        self.assets: set[str] = set()
        self.custom = False

    @property
    def subscriptions(self) -> set[str]:
        """Assets."""
        return self.assets

    def asked(self, message: dict[str, Any]) -> None:
        """A subscription, or a change of one. Raises BadOperation."""
        names, operation = message.get("assets_ids"), message.get("operation")
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise BadOperation("no assets")
        if operation == "unsubscribe":
            self.assets -= set(names)
            return
        if operation != "subscribe" and message.get("type") != "market":
            raise BadOperation("neither an operation nor the channel's type")
        self.custom = bool(message.get("custom_feature_enabled", self.custom))
        self.assets |= set(names)
        if message.get("initial_dump", True) and len(self.assets) <= _MOST_WITH_BOOKS:
            books = [book for name in names if (book := self._book(name)) is not None]
            if books:
                self.tell(books)
        self.begin(names)

    def _book(self, asset: str) -> dict[str, Any] | None:
        try:
            market, token = self._clob.admission.market_of(asset)
        except Refusal:
            return None
        return None if market.closed else book_event(self._clob, market, token)


def book_event(clob: Clob, market: Listed, token: int) -> dict[str, Any]:
    """A whole book."""
    return {"event_type": "book", **words.book(clob.books, market, token)}


class MarketChannel:
    """Tells subscribers of markets. A `Listener` of the CLOB."""

    def __init__(
        self,
        clob: Clob,
        seconds_to_ping: float,
        event_of: Callable[[Listed], dict[str, Any]],
        telling: Callable[[], StreamFault | None],
    ) -> None:
        self._clob = clob
        self._event_of = event_of
        self._best: dict[str, tuple[int, int]] = {}
        self.sockets = Sockets(
            lambda request, socket, begun: MarketConnection(request, socket, seconds_to_ping, begun, telling, clob)
        )
        clob.listeners.append(self)

    def _connections(self) -> list[MarketConnection]:
        return [c for c in self.sockets.open if isinstance(c, MarketConnection)]

    def _tell(self, market: Listed, token: int, event: dict[str, Any], *, custom: bool = False) -> None:
        for connection in self._connections():
            if market.tokens[token] in connection.assets and (connection.custom or not custom):
                connection.tell(event)

    def _event(self, kind: str, market: Listed, **fields: Any) -> dict[str, Any]:
        at = words.millis(self._clob.now_ns())
        return {"event_type": kind, "market": market.condition_id, **fields, "timestamp": at}

    # -- what the CLOB tells

    def placed(self, order: OrderRecord) -> None:
        """Its levels tell."""

    def changed(self, order: OrderRecord) -> None:
        """Its levels tell."""

    def refused(self, order: OrderRecord, why: Refusal) -> None:
        """Nobody else's business."""

    def killed(self, order: OrderRecord, why: str) -> None:
        """Nobody else's business."""

    def settled(self, trade: TradeRecord) -> None:
        """Nobody else's business."""

    def traded(self, trade: TradeRecord) -> None:
        """The last price of the outcome that the taker traded."""
        market, taker = trade.market, trade.taker
        event = self._event(
            "last_trade_price",
            market,
            asset_id=taker.asset,
            price=words.price(trade.price),
            size=words.amount(trade.size),
            side=taker.side.value,
            fee_rate_bps=plain(market.listing.fee_rate.scaleb(4).normalize()),
        )
        self._tell(market, taker.token, event)
        for token in (0, 1):
            self._tell(market, token, book_event(self._clob, market, token))

    def levels(self, market: Listed, changed: Mapping[tuple[int, int], str]) -> None:
        """Changed levels of both outcomes, in one frame."""
        best = [self._clob.books.best(market, token) for token in (0, 1)]
        changes = [
            self._change(market, token, side, price, order, best[token])
            for (side, price), order in changed.items()
            for token in (0, 1)
        ]
        event = self._event("price_change", market, price_changes=changes)
        for connection in self._connections():
            if connection.assets.intersection(market.tokens):
                connection.tell(event)
        for token in (0, 1):
            self._tell_best(market, token, best[token])

    def _change(
        self, market: Listed, token: int, side: int, price: int, order: str, best: tuple[int, int]
    ) -> dict[str, str]:
        bids = (side > 0) == (token == 0)
        return {
            "asset_id": market.tokens[token],
            "price": words.price(market.book_price(token, price)),
            "size": words.amount(self._clob.books.total(market, side, price)),
            "side": (Side.BUY if bids else Side.SELL).value,
            "hash": order,
            "best_bid": words.price(best[0]),
            "best_ask": words.price(best[1] or PRICE_ONE),
        }

    def _tell_best(self, market: Listed, token: int, best: tuple[int, int]) -> None:
        asset = market.tokens[token]
        if self._best.get(asset) == best:
            return
        self._best[asset] = best
        event = self._event(
            "best_bid_ask",
            market,
            asset_id=asset,
            best_bid=words.price(best[0]),
            best_ask=words.price(best[1] or PRICE_ONE),
            spread=words.price((best[1] or PRICE_ONE) - best[0]),
        )
        self._tell(market, token, event, custom=True)

    def ticked(self, market: Listed, before: str) -> None:
        """Both outcomes have another tick size."""
        for token, asset in enumerate(market.tokens):
            event = self._event(
                "tick_size_change",
                market,
                asset_id=asset,
                old_tick_size=before,
                new_tick_size=plain(market.tick),
            )
            self._tell(market, token, event)

    def listed(self, market: Listed) -> None:
        """A market is new: everybody is told who asked for such events."""
        listing = market.listing
        event = self._event(
            "new_market",
            market,
            id=listing.market_id,
            question=listing.question,
            slug=market.slug,
            description=listing.event.description,
            assets_ids=list(market.tokens),
            outcomes=list(listing.outcomes),
            event_message=self._event_of(market),
            tags=[slug for slug, _ in listing.event.tags],
            condition_id=market.condition_id,
            active=True,
            clob_token_ids=list(market.tokens),
            order_price_min_tick_size=plain(market.tick),
            group_item_title=listing.group_title,
            fees_enabled=bool(listing.fee_rate),
            fee_schedule={
                "exponent": str(listing.fee_exponent),
                "rate": plain(listing.fee_rate),
                "taker_only": True,
                "rebate_rate": "0.25",
            },
        )
        for connection in self._connections():
            if connection.custom:
                connection.tell(event)

    def resolved(self, market: Listed) -> None:
        """The outcome is known."""
        assert market.payouts is not None
        winner = 0 if market.payouts[0] >= market.payouts[1] else 1
        event = self._event(
            "market_resolved",
            market,
            id=market.listing.market_id,
            assets_ids=list(market.tokens),
            winning_asset_id=market.tokens[winner],
            winning_outcome=market.listing.outcomes[winner],
            event_message=self._event_of(market),
            tags=[slug for slug, _ in market.listing.event.tags],
        )
        for connection in self._connections():
            if connection.custom and connection.assets.intersection(market.tokens):
                connection.tell(event)
