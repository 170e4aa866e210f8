"""Placing orders. An order's id is known before it is sent, so no answer that is lost is a riddle for long.

The id is the digest of what is signed. It is written down, with what was signed, before the order is sent; whatever
comes back or does not, the order is asked for by it, and only the very same signed order is ever sent again: the venue
takes that once, and calls it a duplicate from then on.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from venuekit.adapter import (
    InvalidValue,
    Order,
    OrderRequest,
    OutcomeUnknown,
    VenuekitError,
)
from venuekit_polymarket.api import Api
from venuekit_polymarket.errors import refusal
from venuekit_polymarket.placed import read_placed
from venuekit_polymarket.preparing import Ready
from venuekit_polymarket.records import Records
from venuekit_polymarket.sender import Markets, Sender, post

#: Orders of one request, at most (venue's documents, 2026-06).
MOST_AT_ONCE = 15


class Trading:
    """Orders of one account."""

    def __init__(self, api: Api, markets: Markets, records: Records, sender: Sender) -> None:
        self._api = api
        self._markets = markets
        self._records = records
        self._sender = sender
        #: Client order ids that are being sent, each with how many wait for it.
        self._turns: dict[str, tuple[asyncio.Lock, int]] = {}

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
                return await self._sender.again(request, instrument, kept)
            ready = await self._sender.ready(request, instrument)
            kept = await self._records.intend(ready.order, ready.unsigned)
            if kept.order.venue_order_id != ready.id:  # another process was faster
                return await self._sender.again(request, instrument, kept)
            return await self._sender.send(ready)

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
        async with AsyncExitStack() as turns:
            for request in sorted(requests, key=lambda one: one.client_order_id or ""):
                await turns.enter_async_context(self._turn_of(request))
            # Together, so that they are written down together.
            results: list[Order | VenuekitError | Ready] = await asyncio.gather(*(self._leg(r) for r in requests))
            await self._post_all([(n, leg) for n, leg in enumerate(results) if isinstance(leg, Ready)], results)
        return [leg for leg in results if not isinstance(leg, Ready)]

    async def _leg(self, request: OrderRequest) -> Order | VenuekitError | Ready:
        try:
            return await self._written_down(request)
        except VenuekitError as error:
            return error

    async def _written_down(self, request: OrderRequest) -> Order | Ready:
        instrument = await self._markets.one(request.instrument)
        kept = self._records.by_client_id(request.client_order_id or "")
        if kept is not None:
            return await self._sender.again(request, instrument, kept)
        ready = await self._sender.ready(request, instrument)
        kept = await self._records.intend(ready.order, ready.unsigned)
        return ready if kept.order.venue_order_id == ready.id else await self._sender.again(request, instrument, kept)

    async def _post_all(self, legs: Sequence[tuple[int, Ready]], results: list[Any]) -> None:
        if not legs:
            return
        credentials = await self._api.credentials()
        lost: VenuekitError | None = None
        answers: list[Any] = []
        try:
            answer = await self._api.answer(post("/orders", [leg.body(credentials.key) for _, leg in legs]))
            if answer.ok:
                answers = answer.body if isinstance(answer.body, list) else []
            else:
                lost = refusal(answer.body, what="the orders", status=answer.status)
        except VenuekitError as error:
            lost = error

        async def settle(place: int, leg: Ready) -> Order | VenuekitError:
            try:
                if lost is not None and not isinstance(lost, OutcomeUnknown):
                    return await self._sender.refused(leg, lost, again=False)
                if lost is not None:
                    return await self._sender.there(leg, lost)
                # One answer for each, in their order; where they are fewer, nobody knows whose they are.
                said = answers[place] if len(answers) == len(legs) else None
                return await self._sender.answered(leg, read_placed(said, leg.id, leg.order.side), again=False)
            except VenuekitError as error:
                return error

        # All at once: those whose answer is lost are asked for, and their caller does not wait for one after another.
        settled = await asyncio.gather(*(settle(place, leg) for place, (_, leg) in enumerate(legs)))
        for (number, _), result in zip(legs, settled, strict=True):
            results[number] = result
