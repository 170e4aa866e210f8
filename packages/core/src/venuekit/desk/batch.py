"""Orders that go to the venue with one request: each takes the road by itself, and waits at its end for the rest."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import attrs

from venuekit.errors import OutcomeUnknown
from venuekit.model.intent import OrderRequest
from venuekit.model.order import Order

#: Sends requests, and has an answer or an error for each, in their order.
Send = Callable[[Sequence[OrderRequest]], Awaitable[Sequence[Order | Exception]]]


@attrs.define(eq=False)
class _Leg:
    request: OrderRequest
    #: Called right before it is sent; raises if it may not go any more.
    go: Callable[[], None]
    answer: asyncio.Future[Order]


class Party:
    """Orders of one call. They are sent when none of them is on its road any more: each waits here, or ended before."""

    def __init__(self, send: Send, count: int) -> None:
        self._send = send
        self._away = count
        self._legs: dict[int, _Leg] = {}
        self._sending: asyncio.Task[None] | None = None

    def seat(self, number: int) -> Seat:
        """The place of one order; `number` is its place in the request."""
        return Seat(self, number)

    def arrived(self, number: int, leg: _Leg | None) -> None:
        """One more is at the end of its road; None where it did not get there."""
        self._away -= 1
        if leg is not None:
            self._legs[number] = leg
        if not self._away and self._legs:
            self._sending = asyncio.get_running_loop().create_task(self._go())

    def gone(self, number: int) -> None:
        """Nobody waits for the answer to this one any more. Without anybody, there is no use in waiting for any."""
        if self._sending is None:
            del self._legs[number]
        elif all(leg.answer.done() for leg in self._legs.values()):
            self._sending.cancel()

    async def _go(self) -> None:
        sent = list[_Leg]()
        for _, leg in sorted(self._legs.items()):
            try:
                leg.go()
                sent.append(leg)
            except Exception as error:  # noqa: BLE001 - whatever it is, who waits for this order is told
                _tell(leg, error)
        if not sent:
            return
        try:
            answers = list(await self._send([leg.request for leg in sent]))
        except Exception as error:  # noqa: BLE001 - the same
            answers = [error for _ in sent]
        if len(answers) != len(sent):
            said = f"The adapter has {len(answers)} answers to {len(sent)} orders: whose they are is not known."
            answers = [OutcomeUnknown(said) for _ in sent]
        for leg, answer in zip(sent, answers, strict=True):
            _tell(leg, answer)


class Seat:
    """One order's place in a `Party`."""

    def __init__(self, party: Party, number: int) -> None:
        self._party = party
        self._number = number
        self._taken = False

    async def send(self, request: OrderRequest, go: Callable[[], None]) -> Order:
        """Wait for the others, be sent with them, and have the venue's answer. Raises what it says against it."""
        party = self._party
        if self._taken:  # who asked for it has gone away meanwhile, and the others did not wait
            party = Party(party._send, 1)  # noqa: SLF001 - a party of its own
        self._taken = True
        answer: asyncio.Future[Order] = asyncio.get_running_loop().create_future()
        party.arrived(self._number, _Leg(request, go, answer))
        try:
            return await answer
        except asyncio.CancelledError:
            answer.cancel()
            party.gone(self._number)
            raise

    def leave(self) -> None:
        """This order's road has ended; the others wait for it no longer."""
        if not self._taken:
            self._taken = True
            self._party.arrived(self._number, None)


def _tell(leg: _Leg, answer: Order | Exception) -> None:
    if leg.answer.done():
        return
    if isinstance(answer, Exception):
        leg.answer.set_exception(_copy(answer))
    else:
        leg.answer.set_result(answer)


def _copy(error: Exception) -> Exception:
    """The same error for another order: each is told of as its own."""
    copied = type(error).__new__(type(error), *error.args)
    copied.__dict__.update(error.__dict__)
    copied.__cause__ = error.__cause__
    return copied
