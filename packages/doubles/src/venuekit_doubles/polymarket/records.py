"""Orders and trades as the double remembers them; sizes and money in millionths, prices in ten-thousandths."""

from __future__ import annotations

from enum import StrEnum

import attrs

from venuekit.adapter import Side
from venuekit_doubles.polymarket.ledger import CASH, Move
from venuekit_doubles.polymarket.listings import PRICE_ONE, Listed

#: The venue's security threshold: an order ends that many seconds before the expiration that it names.
EXPIRES_EARLY = 60
#: The owner of the simulated market's orders.
HOUSE = "house"


class OrderState(StrEnum):
    """Where an order is, in the venue's words."""

    LIVE = "LIVE"
    DELAYED = "DELAYED"
    MATCHED = "MATCHED"
    CANCELED = "CANCELED"
    EXPIRED = "CANCELED_EXPIRED_ORDER"
    RESOLVED = "CANCELED_MARKET_RESOLVED"
    INVALID = "INVALID"

    @property
    def is_open(self) -> bool:
        """Whether it may still trade."""
        return self in (OrderState.LIVE, OrderState.DELAYED)


class TradeState(StrEnum):
    """How far a trade has got on the chain."""

    MATCHED = "MATCHED"
    MINED = "MINED"
    CONFIRMED = "CONFIRMED"
    RETRYING = "RETRYING"
    FAILED = "FAILED"


@attrs.define(eq=False, kw_only=True)
class OrderRecord:
    """An order. `size` is in shares; `money` is what a buy that is immediate may spend, otherwise None."""

    id: str
    #: The address of the key that signed it, and its API key.
    owner: str
    api_key: str
    wallet: str
    market: Listed
    token: int
    side: Side
    price: int
    size: int
    money: int | None
    type: str
    expiration: int
    post_only: bool
    created_ns: int
    state: OrderState = OrderState.LIVE
    matched: int = 0
    trades: list[str] = attrs.field(factory=list)
    #: The matching engine's number, once it has it.
    number: str = ""
    #: What whoever signed it made it one of a kind with.
    salt: int = 0

    @property
    def left(self) -> int:
        """Unmatched shares."""
        return self.size - self.matched

    @property
    def asset(self) -> str:
        """The token it trades."""
        return self.market.tokens[self.token]

    @property
    def outcome(self) -> str:
        """The token's outcome."""
        return self.market.listing.outcomes[self.token]

    @property
    def reserves(self) -> int:
        """What it may still take of what it gives: collateral to buy, shares to sell."""
        if self.side is Side.SELL:
            return self.left
        return -(-self.left * self.price // PRICE_ONE)


@attrs.frozen
class MakerPart:
    """One maker's part of a trade."""

    order: OrderRecord
    size: int


@attrs.define(eq=False, kw_only=True)
class TradeRecord:
    """One order's match with those of others at one price. `book_price` is one of the first outcome."""

    id: str
    taker: OrderRecord
    makers: list[MakerPart]
    book_price: int
    fee: int = 0
    state: TradeState = TradeState.MATCHED
    matched_ns: int
    updated_ns: int
    transaction: str = ""
    bucket: int = 0

    @property
    def market(self) -> Listed:
        """Where it was."""
        return self.taker.market

    @property
    def size(self) -> int:
        """Shares."""
        return sum(part.size for part in self.makers)

    @property
    def price(self) -> int:
        """The taker's price."""
        return self.price_for(self.taker)

    def price_for(self, order: OrderRecord) -> int:
        """What a share cost in an order's own outcome."""
        return self.market.book_price(order.token, self.book_price)

    def paid(self, order: OrderRecord, size: int) -> int:
        """Money for an order's part; both outcomes' parts of the same size add up to a dollar a share."""
        first = (2 * size * self.book_price + PRICE_ONE) // (2 * PRICE_ONE)
        return first if order.token == 0 else size - first

    def moves(self) -> list[Move]:
        """What it moves when it is mined; the fee goes to the venue."""
        moves = [m for part in self.makers for m in self._moves(part.order, part.size)]
        for part in self.makers:
            moves += self._moves(self.taker, part.size)
        return [*moves, Move(self.taker.wallet, CASH, -self.fee), Move("venue", CASH, self.fee)]

    def _moves(self, order: OrderRecord, size: int) -> list[Move]:
        sign, money = order.side.sign, self.paid(order, size)
        return [
            Move(order.wallet, CASH, -sign * money),
            Move(order.wallet, order.asset, sign * size, sign * money),
        ]

    @property
    def is_of_the_house(self) -> bool:
        """Whether nobody but the simulated market is in it."""
        return all(order.owner == HOUSE for order in (self.taker, *(part.order for part in self.makers)))

    def involves(self, owner: str) -> bool:
        """Whether an owner's order is in it."""
        return self.taker.owner == owner or any(part.order.owner == owner for part in self.makers)
