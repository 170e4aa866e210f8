"""Sending one order, and what each answer to it means: taken, refused, or to be asked for by its id."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Protocol

from venuekit.adapter import (
    ZERO,
    ClientOrderIdReused,
    Instrument,
    InsufficientFunds,
    InvalidPrice,
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
    ratio,
)
from venuekit_polymarket.amounts import check_price
from venuekit_polymarket.api import Api
from venuekit_polymarket.calls import Call, Proof, Service
from venuekit_polymarket.errors import DUPLICATED, TICK_SIZE, VERSION_MISMATCH, refusal
from venuekit_polymarket.fees import fee, terms_of
from venuekit_polymarket.finding import Finder
from venuekit_polymarket.holdings import Holdings
from venuekit_polymarket.kept_rows import KeptOrder
from venuekit_polymarket.ledger import Ledger
from venuekit_polymarket.order_words import IMMEDIATE
from venuekit_polymarket.orders import LEFT, Orders, difference
from venuekit_polymarket.placed import Placed, read_placed
from venuekit_polymarket.preparing import Preparing, Ready
from venuekit_polymarket.records import Records
from venuekit_polymarket.standing import Standing

#: Refusals that another look at the market may mend: its terms have changed since we read them.
_STALE = (VERSION_MISMATCH, "INVALID_SIGNATURE", TICK_SIZE)
_DELAYED = "The venue holds it back for some seconds; it cannot be canceled meanwhile."


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


class Sender:
    """Sends orders of one account."""

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
        #: Outcomes of which every fill is known that an answer has told of.
        self._learned: set[str] = set()

    async def ready(self, request: OrderRequest, instrument: Instrument) -> Ready:
        """A request, checked and signed. Raises as `Preparing.ready`, and InsufficientFunds for unsettled shares."""
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
        await self._holdings.check_sellable(order)

    async def _reread(self, token: str) -> Instrument:
        self._markets.forget_rules(token)
        return await self._markets.one(token)

    async def again(self, request: OrderRequest, instrument: Instrument, kept: KeptOrder) -> Order:
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
        return await self.send(same, again=True)

    async def send(self, ready: Ready, *, again: bool = False) -> Order:
        """Send it, `again` or for the first time, and say how the venue has it. Raises as `Trading.submit`."""
        credentials = await self._api.credentials()
        try:
            answer = await self._api.answer(post("/order", ready.body(credentials.key)))
        except (Unavailable, VenuePermission) as error:
            return await self.refused(ready, error, again=again)
        except OutcomeUnknown as lost:
            return await self.there(ready, lost)
        if not answer.ok:
            said = refusal(answer.body, what="the order", status=answer.status)
            return await self.refused(ready, said, again=again)
        return await self.answered(ready, read_placed(answer.body, ready.id, ready.order.side), again=again)

    async def answered(self, ready: Ready, placed: Placed, *, again: bool) -> Order:
        """What an answer makes of it. Raises as `Trading.submit`."""
        if placed.refused is not None:
            return await self.refused(ready, placed.refused, again=again)
        if not placed.taken:
            says = OutcomeUnknown("Polymarket's answer says neither that the order was taken nor that it was refused.")
            return await self.there(ready, says)
        return self._taken(ready, placed)

    async def there(self, ready: Ready, lost: OutcomeUnknown) -> Order:
        """The order, if it can be found now; else what became of it is not known."""
        try:
            return await self._finder.find(OrderRef(venue_order_id=ready.id))
        except VenuekitError as error:
            raise OutcomeUnknown(
                f"{lost.message} The order is not found yet, by its id {ready.id}.", order_id=ready.order.id
            ) from error

    async def refused(self, ready: Ready, error: VenuekitError, *, again: bool) -> Order:
        """It was refused: for good, or because it is there already, or because the market has changed."""
        code = error.details.get("venue_code")
        if again or code == DUPLICATED:
            # What was sent first may be there, and be the very reason for the refusal.
            return await self.there(ready, OutcomeUnknown(f"It was sent before, and now: {error.message}"))
        self._records.forget(ready.id)
        self._standing.refused(error)
        if code in _STALE:
            return await self._renewed(ready, error)
        if isinstance(error, InsufficientFunds):
            raise await self._explained(error, ready)
        raise error

    async def _renewed(self, ready: Ready, error: VenuekitError) -> Order:
        """Read the market again: where its tick or its contract is another now, the order is made anew for that.

        What the venue refused is not there, and a market that changes no more refuses for good.
        """
        fresh = await self._reread(ready.instrument.id)
        price = getattr(ready.request, "price", None)
        same_tick = fresh.tick_size == ready.instrument.tick_size
        if price is not None and not same_tick:
            check_price(price, fresh.tick_size)
        if same_tick and fresh.metadata.get("neg_risk") == ready.instrument.metadata.get("neg_risk"):
            raise error
        again = await self._preparing.ready(ready.request, fresh)
        await self._records.intend(again.order, again.unsigned)
        return await self.send(again)

    async def _explained(self, error: InsufficientFunds, ready: Ready) -> InsufficientFunds:
        try:
            return await self._holdings.explained(error, ready.order, ready.instrument, _fee_of(ready))
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
            reason = "" if status is OrderStatus.FILLED else LEFT
            size = shares if order.size is None else order.size
            return self._orders.answered(order.but(status=status, status_reason=reason, size=size))
        if order.time_in_force in IMMEDIATE or placed.delayed:
            # Some orders are matched seconds later: what became of it comes by the stream, or when it is asked for.
            held = order.but(status=OrderStatus.OPEN, status_code="DELAYED", status_reason=_DELAYED)
            return self._orders.answered(held)
        return self._orders.answered(order.but(status=self._orders.resting(order)))


def _fee_of(ready: Ready) -> Decimal:
    """What a purchase at once pays on top at its limit."""
    order, unsigned = ready.order, ready.unsigned
    if order.side is Side.SELL or order.time_in_force not in IMMEDIATE:
        return ZERO
    spent, shares = Decimal(unsigned.maker_amount), Decimal(unsigned.taker_amount)
    millions = ratio(shares, Decimal(1_000_000))
    return fee(terms_of(ready.instrument), ratio(spent, shares), millions, Liquidity.TAKER)


def post(path: str, body: Any) -> Call:
    """The request that posts orders."""
    return Call(service=Service.CLOB, method="POST", path=path, body=body, proof=Proof.CREDENTIALS, budget="")
