"""Several orders with one call: each is checked, recorded and answered by itself, and together they are one request."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from venuekit.desk.admission import Admission
from venuekit.desk.batch import Seat
from venuekit.desk.dispatch import Dispatcher
from venuekit.desk.submission import Submission
from venuekit.errors import InvalidValue, VenuekitError
from venuekit.model.intent import OrderRequest
from venuekit.model.order import Order
from venuekit.protocols.approver import Caller


class Many:
    """Takes lists of orders to the venue."""

    def __init__(
        self, submission: Submission, dispatcher: Dispatcher, admission: Admission, refresh: Callable[[], None]
    ) -> None:
        self._submission = submission
        self._dispatcher = dispatcher
        self._admission = admission
        self._refresh = refresh

    async def submit(
        self, requests: Sequence[OrderRequest], *, caller: Caller | None = None
    ) -> list[Order | VenuekitError]:
        """Take orders down the whole road, and have each one's outcome at its place: an order, or why there is none.

        Where the venue takes several with one request they are sent so, as many at once as it takes; elsewhere one
        after another. Nothing is all or nothing: what becomes of one does not depend on the others, except that all
        of them share what limits leave. An order that waits for a person is sent by itself later.
        Each counts as a call. An `OutcomeUnknown` in the list is an order IN_DOUBT, as of `submit`.

        Raises:
            InvalidValue: one client order id twice. RateLimited: the caller has too few calls left for all of them.
            JournalUnavailable: the store cannot be asked for a halt.
        """
        requests = list(requests)
        names = [r.client_order_id for r in requests if r.client_order_id is not None]
        if len(set(names)) < len(names):
            raise InvalidValue("Each order needs a client_order_id of its own, or none.", field="client_order_id")
        self._refresh()
        results: list[Order | VenuekitError] = []
        with self._admission.serve(caller, weight=len(requests)) as who:
            most = self._dispatcher.most_at_once
            for start in range(0, len(requests), most):
                results += await self._together(requests[start : start + most], who)
        return results

    async def _together(self, requests: Sequence[OrderRequest], caller: Caller) -> list[Order | VenuekitError]:
        if len(requests) == 1:
            return [await self._one(requests[0], caller, None)]
        party = self._dispatcher.party(len(requests))
        seats = [party.seat(number) for number in range(len(requests))]
        return list(
            await asyncio.gather(*(self._one(r, caller, seat) for r, seat in zip(requests, seats, strict=True)))
        )

    async def _one(self, request: OrderRequest, caller: Caller, seat: Seat | None) -> Order | VenuekitError:
        try:
            return await self._submission.submit(request, caller, seat)
        except VenuekitError as error:
            return error
        finally:
            if seat is not None:
                seat.leave()
