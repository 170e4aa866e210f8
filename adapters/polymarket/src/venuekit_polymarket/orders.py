"""Polymarket's orders as ours: what it lists, streams and answers, together with what we know and it forgets."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from venuekit.adapter import (
    NANOS,
    ZERO,
    AccountId,
    Clock,
    Instrument,
    Order,
    OrderRequest,
    OrderStatus,
    OrderType,
    Side,
    VenueDown,
    half_even_to,
    minus,
    normal,
    ratio,
)
from venuekit_polymarket.capabilities import VENUE
from venuekit_polymarket.order_words import IMMEDIATE, State, expires_at_ns, state, time_in_force
from venuekit_polymarket.reading import number, positive, text, time_ns
from venuekit_polymarket.records import Records
from venuekit_polymarket.trades import netted

#: What all collateral is: one dollar token, six decimals.
QUOTE = "pUSD"
#: The venue leaves less than a hundredth of a share unfilled in an order that it calls matched.
_DUST = Decimal("0.01")
_AVERAGE = Decimal("1E-18")
#: Why an order that trades at once has ended with a part of it filled.
LEFT = "The rest found nobody, or is worth less than a cent."
_UNDONE = "A trade of it failed on the chain and was undone."


class Orders:
    """Reads payloads into orders of one account, and remembers them."""

    def __init__(self, account: AccountId, records: Records, clock: Clock) -> None:
        self._account = account
        self._records = records
        self._clock = clock

    def asked(self, request: OrderRequest, instrument: Instrument, order_id: str) -> Order:
        """The order that `request` is to become; nobody has been told of it."""
        return Order.of(
            request,
            venue=VENUE,
            account=self._account,
            status=OrderStatus.SUBMITTING,
            at_ns=self._clock.now_ns(),
            instrument=instrument.id,
            venue_order_id=order_id,
            fee_asset=QUOTE,
        )

    def listed(self, row: Mapping[str, Any]) -> Order:
        """An order of a list, of a question for one, or of the user channel: terms that we sent count for more.

        Raises:
            VenueDown: it has no id, side, outcome or size.
        """
        order_id, token = text(row, "id"), text(row, "asset_id")
        side, size = text(row, "side").upper(), positive(row, "original_size")
        if not order_id or not token or side not in ("BUY", "SELL") or size is None:
            raise VenueDown("Polymarket told of an order without id, side, outcome or size.", fix="Try again.")
        kept = self._records.by_venue_id(order_id)
        ours = kept.order if kept is not None and kept.order.client_order_id else None
        # Trades are often told of before the list knows of them.
        filled = max(number(row, "size_matched"), self.counted(order_id))
        whole = size if ours is None or ours.size is None else ours.size
        word = text(row, "status")
        told = state(word, _without_dust(filled, whole, word), whole)
        never_rests = ours is not None and ours.time_in_force in IMMEDIATE
        if never_rests and _is_matched(word) and told.status is OrderStatus.PARTIALLY_FILLED:
            told = State(OrderStatus.CANCELED, reason=LEFT)
        if text(row, "type").upper() == "CANCELLATION" and told.status not in _OVER:
            told = state("CANCELED", filled, whole)
        created = time_ns(row, "created_at") or time_ns(row, "timestamp") or self._clock.now_ns()
        base = ours or Order(
            venue=VENUE,
            account=self._account,
            instrument=token,
            side=Side(side),
            type=OrderType.LIMIT,
            status=told.status,
            time_in_force=time_in_force(text(row, "order_type")),
            created_ns=created,
            updated_ns=created,
            size=size,
            price=positive(row, "price"),
            expires_at_ns=expires_at_ns(row),
            venue_order_id=order_id,
            fee_asset=QUOTE,
        )
        return self.tell(
            base.but(
                status=told.status,
                filled_size=filled,
                status_code=told.code,
                status_reason=told.reason,
            )
        )

    def from_frame(self, frame: Mapping[str, Any]) -> Order | None:
        """An order of the user channel; a late frame opens none again that is known to be over.

        Raises:
            VenueDown: as `listed`.
        """
        kept = self._records.by_venue_id(text(frame, "id"))
        is_over = kept is not None and kept.taken and kept.order.is_done
        if kept is not None and is_over and number(frame, "size_matched") <= kept.order.filled_size:
            return kept.order
        return self.listed(frame)

    def matched(self, order: Order, shares: Decimal, money: Decimal, fees: Decimal) -> Order:
        """An order so much of which has traded, for so much."""
        if shares <= 0:
            return order
        average = normal(half_even_to(ratio(money, shares), _AVERAGE))
        return order.but(filled_size=shares, average_price=average, fees=fees)

    def counted(self, order_id: str) -> Decimal:
        """Shares of an order that its known fills have traded."""
        return netted(self._records.fills_of(order_id))[0]

    def settled(self, order: Order) -> Order:
        """The order with average and fees of its fills, where all are known, and without what was undone."""
        fills = self._records.fills_of(order.venue_order_id or "")
        if not fills:
            return order
        shares, money, fees = netted(fills)
        undone = any(kept.fill.state.value == "REVERSED" for kept in fills)
        if undone and shares < order.filled_size:
            order = order.but(filled_size=shares, average_price=None, fees=ZERO, status_reason=_UNDONE)
        return self.matched(order, shares, money, fees) if shares >= order.filled_size else order

    def tell(self, order: Order) -> Order:
        """Remember an order as it is now; one that has not changed keeps its time.

        An order that is over stays so unless more of it turns out to be filled, or it is listed as open again.
        """
        order = self._whole(self.settled(order))
        kept = self._records.by_venue_id(order.venue_order_id or "")
        if kept is not None and kept.taken:
            before = kept.order
            if order.but(updated_ns=before.updated_ns) == before:
                return before
            order = order.but(updated_ns=max(self._clock.now_ns(), before.updated_ns + 1))
        else:
            order = order.but(updated_ns=max(self._clock.now_ns(), order.created_ns))
        self._records.tell(order)
        return order

    def answered(self, order: Order) -> Order:
        """An order as the answer to who placed it has it: the stream is often quicker, and may have told its end."""
        kept = self._records.by_venue_id(order.venue_order_id or "")
        if kept is not None and kept.taken and kept.order.filled_size >= order.filled_size:
            ahead = kept.order.filled_size > order.filled_size and not order.is_done
            if kept.order.is_done or ahead:
                return self.tell(kept.order)
        return self.tell(order)

    @staticmethod
    def _whole(order: Order) -> Order:
        """One that ended with nothing left is filled: a trade may be told of after the venue took it off its list."""
        early = order.status in (OrderStatus.CANCELED, OrderStatus.EXPIRED)
        if not early or order.size is None or minus(order.size, order.filled_size) >= _DUST:
            return order
        return order.but(status=OrderStatus.FILLED, status_code=None, status_reason="")

    def known(self, order_id: str) -> Order | None:
        """An order as it was last told, by the venue's id."""
        kept = self._records.by_venue_id(order_id)
        return None if kept is None else kept.order

    def canceled(self, order: Order) -> Order:
        """An order that the venue has canceled for us, with the fills that are known."""
        return self.tell(order.but(status=OrderStatus.CANCELED, status_code=None, status_reason=""))

    def ended(self, order: Order) -> Order:
        """An order that the venue does not list any more, and so is over: how, its fills and its time say."""
        order = self.settled(order)
        if self.has_expired(order):
            status, reason = OrderStatus.EXPIRED, "Its time was over."
        else:
            known = "" if order.status_code else order.status_reason  # what has a code says why it waits
            status, reason = OrderStatus.CANCELED, known or "The venue does not list it any more."
        return self.tell(order.but(status=status, status_code=None, status_reason=reason))

    def over(self, order: Order, filled: Decimal, spent: Decimal) -> OrderStatus:
        """How an order that trades at once has ended."""
        if order.quote_size is not None:
            return OrderStatus.FILLED if minus(order.quote_size, spent) < _DUST else OrderStatus.CANCELED
        assert order.size is not None
        return OrderStatus.FILLED if minus(order.size, filled) < _DUST else OrderStatus.CANCELED

    def resting(self, order: Order) -> OrderStatus:
        """How an order that may rest stands after its first answer."""
        assert order.size is not None
        if order.filled_size <= 0:
            return OrderStatus.OPEN
        whole = minus(order.size, order.filled_size) < _DUST
        return OrderStatus.FILLED if whole else OrderStatus.PARTIALLY_FILLED

    def has_expired(self, order: Order) -> bool:
        """Whether the time has come at which the order was to end."""
        return order.expires_at_ns is not None and order.expires_at_ns <= self._clock.now_ns()

    def now_ns(self) -> int:
        """The time that changes of orders are told by."""
        return self._clock.now_ns()

    def age_seconds(self, order: Order) -> float:
        """How long ago the order was made."""
        return max(0.0, (self._clock.now_ns() - order.created_ns) / NANOS)


_OVER = (OrderStatus.FILLED, OrderStatus.CANCELED, OrderStatus.EXPIRED, OrderStatus.REJECTED)


def _without_dust(filled: Decimal, size: Decimal, word: str) -> Decimal:
    """What is filled of an order, as its state sees it: the venue's MATCHED leaves dust."""
    return size if _is_matched(word) and minus(size, filled) < _DUST else filled


def _is_matched(word: str) -> bool:
    return word.upper().removeprefix("ORDER_STATUS_") == "MATCHED"


def difference(request: OrderRequest, instrument: str, order: Order) -> str:
    """What of `order` is not as `request` asks; empty when it is that order."""
    wanted = {
        "instrument": (instrument, order.instrument),
        "side": (request.side, order.side),
        "type": (request.type, order.type),
        "size": (request.size, order.size if order.quote_size is None else None),
        "quote_size": (getattr(request, "quote_size", None), order.quote_size),
        "price": (getattr(request, "price", None), order.price),
        "time_in_force": (request.time_in_force, order.time_in_force),
        "post_only": (getattr(request, "post_only", False), order.post_only),
        "expires_at": (getattr(request, "expires_at_ns", None), order.expires_at_ns),
    }
    return ", ".join(name for name, (asked, has) in wanted.items() if asked != has)
