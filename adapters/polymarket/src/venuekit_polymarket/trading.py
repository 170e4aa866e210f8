"""Placing orders. An order's id is known before it is sent, so no answer that is lost is a riddle for long.

The id is the digest of what is signed. It is written down, with what was signed, before the order is sent; whatever
comes back or does not, the order is asked for by it, and only the very same signed order is ever sent again: the venue
takes that once, and calls it a duplicate from then on.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any, Protocol

from venuekit.adapter import (
    ZERO,
    ClientOrderIdReused,
    Instrument,
    InsufficientFunds,
    InvalidPrice,
    InvalidValue,
    Liquidity,
    Order,
    OrderRef,
    OrderRequest,
    OrderStatus,
    OutcomeUnknown,
    Side,
    Unavailable,
    UnknownOrder,
    VenuekitError,
    VenuePermission,
    minus,
    ratio,
)
from venuekit_polymarket.amounts import check_price
from venuekit_polymarket.api import Api
from venuekit_polymarket.calls import Call, Proof, Service
from venuekit_polymarket.errors import DUPLICATED, TICK_SIZE, VERSION_MISMATCH, refusal
from venuekit_polymarket.fees import fee, terms_of
from venuekit_polymarket.finding import Finder
from venuekit_polymarket.holdings import Holdings
from venuekit_polymarket.ledger import Ledger
from venuekit_polymarket.order_words import IMMEDIATE
from venuekit_polymarket.orders import Orders, difference
from venuekit_polymarket.placed import Placed, read_placed
from venuekit_polymarket.records import KeptOrder, Records
from venuekit_polymarket.sending import Preparing, Ready
from venuekit_polymarket.standing import Standing

#: Orders of one request, at most (venue's documents, 2026-06).
MOST_AT_ONCE = 15
#: Refusals that another look at the market may mend: its terms have changed since we read them.
_STALE = (VERSION_MISMATCH, "INVALID_SIGNATURE", TICK_SIZE)


class Markets(Protocol):
    """Where an instrument's terms come from."""

    async def one(self, name: str) -> Instrument:
        """One instrument, by id or alias."""
        ...

    def known(self, token: str) -> Instrument | None:
        """One instrument, if it was told of; asks nobody."""
        ...

    def forget_rules(self, token: str) -> None:
        """Ask for an instrument's rules anew when it is wanted next."""
        ...


class Trading:
    """Orders of one account."""

    def __init__(
        self,
        api: Api,
        markets: Markets,
        preparing: Preparing,
        records: Records,
        orders: Orders,
        finder: Finder,
        ledger: Ledger,
        holdings: Holdings,
        standing: Standing,
    ) -> None:
        self._api = api
        self._markets = markets
        self._preparing = preparing
        self._records = records
        self._orders = orders
        self._finder = finder
        self._ledger = ledger
        self._holdings = holdings
        self._standing = standing
        #: Client order ids that are being sent, each with how many wait for it.
        self._turns: dict[str, tuple[asyncio.Lock, int]] = {}
        #: Outcomes of which every fill is known that an answer has told of.
        self._learned: set[str] = set()

    # -- one

    async def submit(self, request: OrderRequest) -> Order:
        """Place an order, and say how the venue has it.

        Raises:
            ClientOrderIdReused: the id belongs to another order. OutcomeUnknown: it may be there; ask for it by its
            id. And what `venuekit_polymarket.errors` makes of a refusal.
        """
        instrument = await self._markets.one(request.instrument)
        async with self._turn_of(request):
            kept = self._records.by_client_id(request.client_order_id or "")
            if kept is not None:
                return await self._again(request, instrument, kept)
            ready = await self._ready(request, instrument)
            kept = self._records.intend(ready.order, ready.unsigned)
            if kept.order.venue_order_id != ready.id:  # another process was faster
                return await self._again(request, instrument, kept)
            return await self._send(ready)

    @asynccontextmanager
    async def _turn_of(self, request: OrderRequest) -> AsyncIterator[None]:
        """The same id is sent by one caller at a time."""
        name = request.client_order_id or ""
        lock, waiting = self._turns.get(name, (asyncio.Lock(), 0))
        self._turns[name] = (lock, waiting + 1)
        try:
            async with lock:
                yield
        finally:
            lock, waiting = self._turns.pop(name)
            if waiting > 1:
                self._turns[name] = (lock, waiting - 1)

    async def _ready(self, request: OrderRequest, instrument: Instrument) -> Ready:
        try:
            ready = await self._preparing.ready(request, instrument)
        except InvalidPrice:
            # The tick may have become finer since the market was read.
            fresh = await self._reread(instrument.id)
            if fresh.tick_size == instrument.tick_size:
                raise
            ready = await self._preparing.ready(request, fresh)
        if request.side is Side.SELL:
            await self._check_sellable(ready.order)
        return ready

    async def _check_sellable(self, order: Order) -> None:
        """What was bought moments ago may not be there yet. Raises InsufficientFunds."""
        if order.instrument not in self._learned:
            await self._ledger.cover(order.created_ns)
            self._learned.add(order.instrument)
        await self._holdings.check_sellable(order, self._on_sale(order.instrument))

    async def _reread(self, token: str) -> Instrument:
        self._markets.forget_rules(token)
        return await self._markets.one(token)

    def _on_sale(self, token: str) -> Decimal:
        sales = [o for o in self._records.unfinished() if o.instrument == token and o.side is Side.SELL]
        return sum((minus(o.size, o.filled_size) for o in sales if o.size is not None), ZERO)

    async def _again(self, request: OrderRequest, instrument: Instrument, kept: KeptOrder) -> Order:
        """An id that was used before: the order of then, sent again only if the venue has never had it."""
        other = difference(request, instrument.id, kept.order)
        if other:
            raise ClientOrderIdReused(
                f"The id {request.client_order_id} belongs to another order at Polymarket ({other}).",
                field="client_order_id",
            )
        try:
            return await self._finder.find(OrderRef(venue_order_id=kept.order.venue_order_id))
        except UnknownOrder:
            if kept.taken or kept.unsigned is None:
                raise
        same = self._preparing.same(request, instrument, kept.order, kept.unsigned)
        if same.id != kept.order.venue_order_id:
            raise OutcomeUnknown(f"{kept.order.id} was signed with another key, which cannot be asked about here.")
        return await self._send(same, again=True)

    async def _send(self, ready: Ready, *, again: bool = False) -> Order:
        credentials = await self._api.credentials()
        try:
            answer = await self._api.answer(_post("/order", ready.body(credentials.key)))
        except (Unavailable, VenuePermission) as error:
            return await self._refused(ready, error, again=again)
        except OutcomeUnknown as lost:
            return await self._there(ready, lost)
        if not answer.ok:
            said = refusal(answer.body, what="the order", status=answer.status)
            return await self._refused(ready, said, again=again)
        return await self._answered(ready, read_placed(answer.body, ready.id, ready.order.side), again=again)

    async def _answered(self, ready: Ready, placed: Placed, *, again: bool) -> Order:
        if placed.refused is not None:
            return await self._refused(ready, placed.refused, again=again)
        if not placed.taken:
            says = OutcomeUnknown("Polymarket's answer says neither that the order was taken nor that it was refused.")
            return await self._there(ready, says)
        return self._taken(ready, placed)

    async def _there(self, ready: Ready, lost: OutcomeUnknown) -> Order:
        """The order, if it can be found now; else what became of it is not known."""
        try:
            return await self._finder.find(OrderRef(venue_order_id=ready.id))
        except VenuekitError as error:
            raise OutcomeUnknown(
                f"{lost.message} The order is not found yet, by its id {ready.id}.", order_id=ready.order.id
            ) from error

    async def _refused(self, ready: Ready, error: VenuekitError, *, again: bool) -> Order:
        """It was refused: for good, or because it is there already, or because the market has changed."""
        code = error.details.get("venue_code")
        if again or code == DUPLICATED:
            # What was sent first may be there, and be the very reason for the refusal.
            return await self._there(ready, OutcomeUnknown(f"It was sent before, and now: {error.message}"))
        self._records.forget(ready.id)
        self._standing.refused(error)
        if code in _STALE:
            return await self._renewed(ready, error)
        if isinstance(error, InsufficientFunds):
            raise await self._explained(error, ready)
        raise error

    async def _renewed(self, ready: Ready, error: VenuekitError) -> Order:
        """Read the market again: where it has moved to another contract, the order is signed for that, once."""
        fresh = await self._reread(ready.instrument.id)
        price = getattr(ready.request, "price", None)
        if price is not None and fresh.tick_size != ready.instrument.tick_size:
            check_price(price, fresh.tick_size)
        if fresh.metadata.get("neg_risk") == ready.instrument.metadata.get("neg_risk"):
            raise error
        again = await self._preparing.ready(ready.request, fresh)
        self._records.intend(again.order, again.unsigned)
        return await self._send(again)

    async def _explained(self, error: InsufficientFunds, ready: Ready) -> InsufficientFunds:
        try:
            return await self._holdings.explained(error, ready.order, ready.instrument)
        except VenuekitError:
            return error

    def _taken(self, ready: Ready, placed: Placed) -> Order:
        order, shares, money = ready.order, placed.shares, placed.money
        if shares > 0:
            self._learned.discard(order.instrument)
            terms = terms_of(ready.instrument)
            paid = fee(terms, ratio(money, shares), shares, Liquidity.TAKER)
            order = self._orders.matched(order, shares, money, paid)
        if order.time_in_force in IMMEDIATE and placed.matched:
            status = self._orders.over(order, shares, money)
            reason = "" if status is OrderStatus.FILLED else "The rest found nobody, or is worth less than a cent."
            size = shares if order.size is None else order.size
            return self._orders.tell(order.but(status=status, status_reason=reason, size=size))
        if order.time_in_force in IMMEDIATE or placed.delayed:
            # Some orders are matched seconds later: what became of it comes by the stream, or when it is asked for.
            return self._orders.tell(order.but(status=OrderStatus.OPEN, status_code="DELAYED", status_reason=_DELAYED))
        return self._orders.tell(order.but(status=self._orders.resting(order)))

    # -- several

    async def submit_many(self, requests: Sequence[OrderRequest]) -> list[Order | VenuekitError]:
        """Place up to fifteen orders with one request, and say of each how the venue has it, or why not.

        Raises:
            InvalidValue: too many, none, or one client order id twice. The rest is in the list.
        """
        names = [request.client_order_id for request in requests]
        if not 1 <= len(requests) <= MOST_AT_ONCE or len(set(names)) < len(names) or None in names:
            raise InvalidValue(
                f"{len(requests)} orders: 1 to {MOST_AT_ONCE} go at once, each with a client_order_id of its own.",
                field="orders",
                details={"accepted": f"1 to {MOST_AT_ONCE} orders"},
            )
        results: list[Order | VenuekitError | Ready] = []
        for request in requests:
            try:
                results.append(await self._leg(request))
            except VenuekitError as error:
                results.append(error)
        await self._post_all([(n, leg) for n, leg in enumerate(results) if isinstance(leg, Ready)], results)
        return [leg for leg in results if not isinstance(leg, Ready)]

    async def _leg(self, request: OrderRequest) -> Order | Ready:
        instrument = await self._markets.one(request.instrument)
        kept = self._records.by_client_id(request.client_order_id or "")
        if kept is not None:
            return await self._again(request, instrument, kept)
        ready = await self._ready(request, instrument)
        kept = self._records.intend(ready.order, ready.unsigned)
        return ready if kept.order.venue_order_id == ready.id else await self._again(request, instrument, kept)

    async def _post_all(self, legs: Sequence[tuple[int, Ready]], results: list[Any]) -> None:
        if not legs:
            return
        credentials = await self._api.credentials()
        lost: VenuekitError | None = None
        answers: list[Any] = []
        try:
            answer = await self._api.answer(_post("/orders", [leg.body(credentials.key) for _, leg in legs]))
            if answer.ok:
                answers = answer.body if isinstance(answer.body, list) else []
            else:
                lost = refusal(answer.body, what="the orders", status=answer.status)
        except VenuekitError as error:
            lost = error
        for place, (number, leg) in enumerate(legs):
            try:
                if lost is None or isinstance(lost, OutcomeUnknown):
                    # One answer for each, in their order; where they are fewer, nobody knows whose they are.
                    said = answers[place] if len(answers) == len(legs) else None
                    results[number] = await self._answered(leg, read_placed(said, leg.id, leg.order.side), again=False)
                else:
                    results[number] = await self._refused(leg, lost, again=False)
            except VenuekitError as error:
                results[number] = error


_DELAYED = "The venue holds it back for some seconds; it cannot be canceled meanwhile."


def _post(path: str, body: Any) -> Call:
    return Call(service=Service.CLOB, method="POST", path=path, body=body, proof=Proof.CREDENTIALS, budget="")
