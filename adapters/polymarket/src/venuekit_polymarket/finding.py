"""Finding an order by our id or its digest: at the venue while it is open, in its trades and our records after."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from typing import Any

from venuekit.adapter import NANOS, Order, OrderRef, OrderStatus, UnknownOrder
from venuekit_polymarket.api import Api
from venuekit_polymarket.capabilities import LEDGER
from venuekit_polymarket.kept_rows import KeptOrder
from venuekit_polymarket.ledger import FIRST, Ledger, pages
from venuekit_polymarket.order_words import IMMEDIATE
from venuekit_polymarket.orders import Orders
from venuekit_polymarket.reading import text
from venuekit_polymarket.records import Records

#: An order's id: the digest of what was signed.
_DIGEST = re.compile(r"0x[0-9a-f]{64}")
#: An order that was taken and is not listed is held to be over only when it is older than that: a list may be late.
PATIENCE_SECONDS = 15
#: One that the venue holds back is not listed meanwhile.
_DELAY_SECONDS = 60
#: Trades of an order in doubt are looked for from so long before it was sent.
_LOOK_BACK_NS = 60 * NANOS
#: A list of open orders that goes on after so many pages is not read to its end.
_MOST_PAGES = 200
_MOST_LEAVING = 10_000


class Finder:
    """Looks orders of one account up."""

    def __init__(self, api: Api, records: Records, orders: Orders, ledger: Ledger) -> None:
        self._api = api
        self._records = records
        self._orders = orders
        self._ledger = ledger
        self.patience_seconds = PATIENCE_SECONDS
        #: Called with an order that is not listed and may be open all the same.
        self.on_missing: Callable[[str], None] = lambda _: None
        #: Orders that were asked to be canceled: one of them that is not listed is over, whoever heard the answer.
        self._leaving: OrderedDict[str, None] = OrderedDict()

    def leaving(self, orders: Iterable[Order]) -> None:
        """These are about to be canceled."""
        for order in orders:
            self._leaving[order.venue_order_id or ""] = None
        while len(self._leaving) > _MOST_LEAVING:
            self._leaving.popitem(last=False)

    def is_leaving(self, order: Order) -> bool:
        """Whether it was asked to be canceled from here before."""
        return order.venue_order_id in self._leaving

    def kept(self, ref: OrderRef) -> KeptOrder | None:
        """What we have written down of an order."""
        if ref.venue_order_id is not None:
            return self._records.by_venue_id(ref.venue_order_id)
        return self._records.by_client_id(ref.client_order_id or "")

    async def find(self, ref: OrderRef) -> Order:
        """One order, open or over.

        The venue forgets an order that is over, and we may not have been told how it ended: then its trades say so.

        Raises:
            UnknownOrder: the venue has never had it, as far as it says. Unavailable: it cannot be asked now.
        """
        kept = self.kept(ref)
        if kept is not None and kept.taken and kept.order.is_done:
            return self._orders.tell(kept.order)
        order_id = kept.order.venue_order_id if kept is not None else ref.venue_order_id
        if order_id is None or not _DIGEST.fullmatch(order_id):
            raise unknown(ref)
        asked_ns = self._orders.now_ns()
        row = await self._row(order_id)
        if (ended := self._has_ended(order_id, since_ns=asked_ns)) is not None:
            return ended
        if row is not None:
            return await self.complete(self._orders.listed(row))
        if kept is None:
            raise unknown(ref)
        await self._ledger.cover(kept.order.created_ns - _LOOK_BACK_NS)
        if not kept.taken:
            if not self._records.fills_of(order_id):
                raise unknown(ref)
            return self._orders.ended(kept.order)  # nothing of it is left on the book
        return await self._gone(kept.order)

    async def _gone(self, order: Order) -> Order:
        """An order that was taken and is not listed any more."""
        if self._is_through(order):
            return self._orders.ended(order)
        patience = _DELAY_SECONDS if order.status_code == "DELAYED" else self.patience_seconds
        ends = order.venue_order_id in self._leaving or self._orders.has_expired(order)
        if self._orders.age_seconds(order) < patience and not ends:
            self.on_missing(order.venue_order_id or "")
            return self._orders.tell(order)
        found, _ = await pages(self._api, "/data/orders", id=order.venue_order_id, next_cursor=FIRST)
        for row in found:
            if text(row, "id") == order.venue_order_id:
                return await self.complete(self._orders.listed(row))
        return self._orders.ended(order)

    def _is_through(self, order: Order) -> bool:
        """Whether nothing of an order that is not listed can trade any more, by what has: trades that failed, too."""
        traded = [kept.fill.size for kept in self._records.fills_of(order.venue_order_id or "")]
        if order.time_in_force in IMMEDIATE:
            return bool(traded)
        return order.size is not None and sum(traded) >= order.size

    async def _row(self, order_id: str) -> Mapping[str, Any] | None:
        """The order as the venue lists it; None when it says nothing of it, in whichever way."""
        ref = OrderRef(venue_order_id=order_id)
        try:
            body = await self._api.own(f"/data/order/{order_id}", budget=LEDGER, missing=unknown(ref))
        except UnknownOrder:
            return None
        row = body.get("order", body) if isinstance(body, Mapping) else None
        return row if isinstance(row, Mapping) and text(row, "id") == order_id else None

    def _has_ended(self, order_id: str, *, since_ns: int) -> Order | None:
        """An order whose end was told while an answer was on its way that may have it as it was before."""
        kept = self._records.by_venue_id(order_id)
        if kept is None or not kept.taken or not kept.order.is_done or kept.order.updated_ns < since_ns:
            return None
        return kept.order

    async def complete(self, order: Order) -> Order:
        """The order with the fills that make up what it says is filled, as far as the venue tells them now."""
        if order.filled_size <= self._orders.counted(order.venue_order_id or ""):
            return order
        await self._ledger.cover(order.created_ns - _LOOK_BACK_NS)
        return self._orders.tell(order)

    async def open(self, instrument: str | None = None) -> AsyncIterator[Order]:
        """Every order that may still trade, once each."""
        cursor: str | None = FIRST
        told = set[str]()
        for _ in range(_MOST_PAGES):
            asked_ns = self._orders.now_ns()
            found, cursor = await pages(self._api, "/data/orders", asset_id=instrument, next_cursor=cursor)
            for row in found:
                if self._has_ended(text(row, "id"), since_ns=asked_ns):
                    continue
                order = await self.complete(self._orders.listed(row))
                name = order.venue_order_id or ""
                if not order.is_done and name not in told:
                    told.add(name)
                    yield order
            if cursor is None:
                break
        for order in self._delayed(instrument):
            if order.venue_order_id not in told:
                self.on_missing(order.venue_order_id or "")
                yield order

    def _delayed(self, instrument: str | None) -> list[Order]:
        """Orders that the venue holds back, and does not list meanwhile."""
        return [
            order
            for order in self._records.unfinished()
            if order.status is OrderStatus.OPEN
            and order.status_code == "DELAYED"
            and instrument in (None, order.instrument)
            and self._orders.age_seconds(order) < _DELAY_SECONDS
            and not self._is_through(order)
        ]


def unknown(ref: OrderRef) -> UnknownOrder:
    """The error for an order that is not there."""
    name = ref.client_order_id or ref.venue_order_id or ""
    return UnknownOrder(f"No order {name[:80]!r} at Polymarket.", field="order_id")
