"""Copies of the paper exchange, each with one guarantee removed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from decimal import Decimal
from typing import Any, ClassVar

import anyio.lowlevel
import attrs

from venuekit.adapter import (
    BookDelta,
    BookSnapshot,
    CancelResult,
    Capabilities,
    Channel,
    ClientOrderIdReused,
    Declared,
    Event,
    Feature,
    Fill,
    FillEvent,
    FillQuery,
    HistoryQuery,
    Instrument,
    InvalidCursor,
    InvalidValue,
    LimitOrder,
    Order,
    OrderAlreadyDone,
    OrderBook,
    OrderEvent,
    OrderRef,
    OrderRequest,
    OrderStatus,
    Page,
    RateLimited,
    Support,
    Ticker,
    TimeInForce,
    Trade,
    UnknownInstrument,
    UnknownOrder,
    Venue,
    VenueContext,
    floor_to,
)
from venuekit_paper.adapter import PaperVenue
from venuekit_paper.capabilities import CAPABILITIES
from venuekit_paper.factory import PaperFactory

Stream = AsyncIterator[Event]


class Streaming(PaperVenue):
    """A paper exchange whose events pass through `altered`."""

    def altered(self, channel: Channel, event: Event) -> Sequence[Event]:
        return [event]

    def subscribe(self, channel: Channel, instruments: Sequence[str]) -> Any:
        return self._through(channel, super().subscribe(channel, instruments))

    async def _through(self, channel: Channel, events: Stream) -> Stream:
        async for event in events:
            for each in self.altered(channel, event):
                yield each


class SendsTwice(PaperVenue):
    async def submit(self, request: OrderRequest) -> Order:
        ref = OrderRef(client_order_id=request.client_order_id)
        try:
            await self.order(ref)
        except UnknownOrder:
            return await super().submit(request)
        again = attrs.evolve(request, client_order_id=f"{request.client_order_id}-again")
        return (await super().submit(again)).but(client_order_id=request.client_order_id)


class RemembersIdsForASession(SendsTwice):
    def __init__(self, context: VenueContext) -> None:
        super().__init__(context)
        self._sent: set[str | None] = set()

    async def submit(self, request: OrderRequest) -> Order:
        if request.client_order_id in self._sent:
            return await PaperVenue.submit(self, request)
        order = await super().submit(request)
        self._sent.add(request.client_order_id)
        return order


class TakesAnyOrderForAnId(PaperVenue):
    async def submit(self, request: OrderRequest) -> Order:
        try:
            return await super().submit(request)
        except ClientOrderIdReused:
            return await self.order(OrderRef(client_order_id=request.client_order_id))


class LooksThenLeaps(PaperVenue):
    async def submit(self, request: OrderRequest) -> Order:
        ref = OrderRef(client_order_id=request.client_order_id)
        try:
            await self.order(ref)
        except UnknownOrder:
            await anyio.lowlevel.checkpoint()
            try:
                await self.order(ref)
            except UnknownOrder:
                return await super().submit(request)
            request = attrs.evolve(request, client_order_id=f"{request.client_order_id}-raced")
        return await super().submit(request)


class HidesConditionalOrders(PaperVenue):
    async def open_orders(self, instrument: str | None = None) -> Sequence[Order]:
        return [o for o in await super().open_orders(instrument) if o.status is not OrderStatus.PENDING_TRIGGER]


class LosesADigit(PaperVenue):
    async def open_orders(self, instrument: str | None = None) -> Sequence[Order]:
        return [
            o.but(price=o.price and floor_to(o.price, Decimal("0.02"))) for o in await super().open_orders(instrument)
        ]


class DropsOneBetweenPages(PaperVenue):
    async def order_history(self, query: HistoryQuery) -> Page[Order]:
        page = await super().order_history(query)
        return Page(page.items[1:], page.next_cursor) if query.cursor else page


class RepeatsOneBetweenPages(PaperVenue):
    _last: tuple[Fill, ...] = ()

    async def fills(self, query: FillQuery) -> Page[Fill]:
        page = await super().fills(query)
        items = [*(self._last if query.cursor else ()), *page.items]
        self._last = tuple(page.items[-1:])
        return Page(items, page.next_cursor)


class TakesAnyCursor(PaperVenue):
    async def fills(self, query: FillQuery) -> Page[Fill]:
        try:
            return await super().fills(query)
        except InvalidCursor:
            return await super().fills(attrs.evolve(query, cursor=None))


class NamesTheWrongError(PaperVenue):
    async def cancel(self, order: OrderRef) -> Order:
        try:
            return await super().cancel(order)
        except UnknownOrder as error:
            raise InvalidValue("That is not an order.", field="order_id") from error


class CancelsDoneOrders(PaperVenue):
    async def cancel(self, order: OrderRef) -> Order:
        try:
            return await super().cancel(order)
        except OrderAlreadyDone:
            return await self.order(order)


class CancelsOnlyPlainOrders(PaperVenue):
    async def cancel_all(self, instrument: str | None = None) -> Sequence[CancelResult]:
        plain = [o for o in await self.open_orders(instrument) if o.stop_price is None]
        return [CancelResult(OrderRef.of(await self.cancel(OrderRef.of(order)))) for order in plain]


class TradesPostOnly(PaperVenue):
    async def submit(self, request: OrderRequest) -> Order:
        if isinstance(request, LimitOrder) and request.post_only:
            return (await super().submit(attrs.evolve(request, post_only=False))).but(post_only=True)
        return await super().submit(request)


class RestsImmediateOrders(PaperVenue):
    swap: ClassVar = {TimeInForce.IOC: TimeInForce.GTC}

    async def submit(self, request: OrderRequest) -> Order:
        if isinstance(request, LimitOrder):
            request = attrs.evolve(request, time_in_force=self.swap.get(request.time_in_force, request.time_in_force))
        return await super().submit(request)


class FillsInPartInsteadOfKilling(RestsImmediateOrders):
    swap: ClassVar = {TimeInForce.FOK: TimeInForce.IOC}


class NeverExpires(PaperVenue):
    async def submit(self, request: OrderRequest) -> Order:
        if isinstance(request, LimitOrder) and request.time_in_force is TimeInForce.GTD:
            lasting = attrs.evolve(request, time_in_force=TimeInForce.GTC, expires_at_ns=None)
            return (await super().submit(lasting)).but(expires_at_ns=request.expires_at_ns)
        return await super().submit(request)


class IgnoresReduceOnly(PaperVenue):
    async def submit(self, request: OrderRequest) -> Order:
        order = await super().submit(attrs.evolve(request, reduce_only=False))
        return order.but(reduce_only=request.reduce_only)


class AmendsByReplacing(PaperVenue):
    async def amend(self, order: OrderRef, **changes: Decimal | None) -> Order:
        await super().amend(order, **changes)
        old = await self.cancel(order)
        assert old.size is not None
        assert old.price is not None
        new = LimitOrder(
            instrument=old.instrument, side=old.side, size=old.size, price=old.price, client_order_id=f"{old.id}-2"
        )
        return await self.submit(new)


class ReportsImpossibleStates(Streaming):
    def altered(self, channel: Channel, event: Event) -> Sequence[Event]:
        if isinstance(event, OrderEvent) and event.order.status is OrderStatus.CANCELED:
            late = attrs.evolve(event, order=event.order.but(status=OrderStatus.OPEN))
            return [event, late, event]
        return [event]


class SkipsStates(Streaming):
    def altered(self, channel: Channel, event: Event) -> Sequence[Event]:
        partial = isinstance(event, OrderEvent) and event.order.status is OrderStatus.PARTIALLY_FILLED
        return [] if partial else [event]


class RepeatsFills(Streaming):
    def altered(self, channel: Channel, event: Event) -> Sequence[Event]:
        return [event, event] if isinstance(event, FillEvent) else [event]


class ForgetsTheSnapshot(Streaming):
    def altered(self, channel: Channel, event: Event) -> Sequence[Event]:
        return [] if isinstance(event, BookSnapshot) else [event]


class DropsADelta(Streaming):
    _deltas = 0

    def altered(self, channel: Channel, event: Event) -> Sequence[Event]:
        self._deltas += isinstance(event, BookDelta)
        return [] if isinstance(event, BookDelta) and self._deltas == 3 else [event]


class IsSilentAfterALoss(PaperVenue):
    _lost = False

    def drop_connections(self) -> None:
        super().drop_connections()
        self._lost = True

    def subscribe(self, channel: Channel, instruments: Sequence[str]) -> Any:
        stream = super().subscribe(channel, instruments)
        if self._lost and channel is Channel.OWN_ORDERS:
            stream.stalled = True
        return stream


class FallsSilentInsteadOfFailing(PaperVenue):
    def drop_connections(self) -> None:
        self.stall_connections()


class HoldsNothing(PaperVenue):
    async def balances(self) -> Any:
        return [attrs.evolve(b, available=b.total, held=Decimal(0)) for b in await super().balances()]


class RoundsFees(PaperVenue):
    async def fills(self, query: FillQuery) -> Page[Fill]:
        page = await super().fills(query)
        return Page([attrs.evolve(f, fee=floor_to(f.fee, Decimal("0.01"))) for f in page.items], page.next_cursor)


class LosesTheOrderOfACallerWhoLeft(PaperVenue):
    def __init__(self, context: VenueContext) -> None:
        super().__init__(context)
        self._unanswered: set[str | None] = set()

    async def submit(self, request: OrderRequest) -> Order:
        order = await super().submit(request)
        self._unanswered.add(request.client_order_id)
        await anyio.lowlevel.checkpoint()
        self._unanswered.discard(request.client_order_id)
        return order

    async def open_orders(self, instrument: str | None = None) -> Sequence[Order]:
        return [o for o in await super().open_orders(instrument) if o.client_order_id not in self._unanswered]

    async def order(self, order: OrderRef) -> Order:
        found = await super().order(order)
        if found.client_order_id in self._unanswered:
            raise UnknownOrder("There is no such order.")
        return found


class CancelsOnClosing(PaperVenue):
    async def close(self) -> None:
        if self._engine is not None:
            await self.cancel_all()
        await super().close()


class KnowsEveryInstrument(PaperVenue):
    async def order_book(self, instrument: str, *, depth: int = 50) -> OrderBook:
        try:
            return await super().order_book(instrument, depth=depth)
        except UnknownInstrument:
            return OrderBook(venue="paper", instrument=instrument, time_ns=self.now_ns(), bids=(), asks=())


class CountsInFloats(PaperVenue):
    async def tickers(self, instruments: Sequence[str]) -> Sequence[Ticker]:
        inexact: Any = float
        return [attrs.evolve(t, bid_size=inexact(t.bid_size or 0)) for t in await super().tickers(instruments)]


class ListsTradesBackwards(PaperVenue):
    async def trades(self, instrument: str, *, limit: int = 100) -> Sequence[Trade]:
        return list(await super().trades(instrument, limit=limit))[::-1]


class StumblesOverOddText(PaperVenue):
    async def search(self, text: str, *, limit: int = 20) -> Sequence[Instrument]:
        return await super().search(text.split(maxsplit=1)[0], limit=limit)


class PlacesWhatItCallsTooMany(PaperVenue):
    async def submit(self, request: OrderRequest) -> Order:
        try:
            return await super().submit(request)
        except RateLimited:
            await super().submit(request)
            raise


class AnswersWhenClosed(PaperVenue):
    async def balances(self) -> Any:
        return [] if self._engine is None else await super().balances()


class RefusesWhatItDeclares(PaperVenue):
    async def search(self, text: str, *, limit: int = 20) -> Sequence[Instrument]:
        raise InvalidValue("Searching is not possible.", field="text")


class TakesWhatItRefuses(PaperVenue):
    @property
    def capabilities(self) -> Capabilities:
        return WITHOUT_POST_ONLY


_NO = Declared(Support.UNSUPPORTED, "there is no such thing here")
WITHOUT_POST_ONLY = attrs.evolve(CAPABILITIES, features={**CAPABILITIES.features, Feature.POST_ONLY: _NO})


class Factory(PaperFactory):
    """Makes sessions of a broken class."""

    def __init__(self, kind: type[PaperVenue]) -> None:
        self.kind = kind

    @property
    def capabilities(self) -> Capabilities:
        return WITHOUT_POST_ONLY if self.kind is TakesWhatItRefuses else CAPABILITIES

    def create(self, context: VenueContext) -> Venue:
        return self.kind(context)


#: Which checks see that a guarantee is gone: these and no others.
GUARANTEES: dict[type[PaperVenue], str] = {
    SendsTwice: "IDE-01 IDE-02 IDE-03 IDE-04 IDE-05 CON-03",
    RemembersIdsForASession: "IDE-05 CON-03",
    TakesAnyOrderForAnId: "IDE-02",
    LooksThenLeaps: "IDE-03",
    HidesConditionalOrders: "ORD-10 ORD-11 REC-07",
    LosesADigit: "PRE-01",
    DropsOneBetweenPages: "PAG-01 PAG-03 PAG-06",
    RepeatsOneBetweenPages: "PAG-02",
    TakesAnyCursor: "ERR-09",
    NamesTheWrongError: "CXL-03",
    CancelsDoneOrders: "CXL-04 CXL-05",
    CancelsOnlyPlainOrders: "CXL-08",
    TradesPostOnly: "ERR-10",
    RestsImmediateOrders: "ORD-05",
    FillsInPartInsteadOfKilling: "ORD-06",
    NeverExpires: "ERR-08 ORD-08",
    IgnoresReduceOnly: "ORD-16 ORD-22",
    AmendsByReplacing: "AMD-01 AMD-03",
    ReportsImpossibleStates: "STR-12 STR-17",
    SkipsStates: "STR-17",
    RepeatsFills: "STR-13 STR-16",
    ForgetsTheSnapshot: "STR-01 STR-09",
    DropsADelta: "STR-02 STR-03",
    IsSilentAfterALoss: "STR-14",
    FallsSilentInsteadOfFailing: "STR-08",
    HoldsNothing: "POR-02 POR-08",
    RoundsFees: "POR-03 POR-07 PRE-04 STR-13",
    LosesTheOrderOfACallerWhoLeft: "CON-03",
    CancelsOnClosing: "CON-03 IDE-05 REC-01 REC-02 REC-07",
    KnowsEveryInstrument: "MKT-03",
    CountsInFloats: "PRE-02 PRE-06",
    ListsTradesBackwards: "MKT-10",
    StumblesOverOddText: "ERR-13",
    PlacesWhatItCallsTooMany: "ERR-14",
    AnswersWhenClosed: "SES-05",
    RefusesWhatItDeclares: "CON-01 MKT-04 MKT-05 PRE-02 PRE-06 SES-05",
    TakesWhatItRefuses: "CAP-06",
}
