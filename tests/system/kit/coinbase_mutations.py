"""Coinbase's adapter with one thing wrong, for each thing that its wire does; all must be noticed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
from mutations import Mutation, Patch, send_before_journal
from wire_mutations import (
    do_not_ask_after_a_reconnect,
    drop_fills_that_only_a_comparison_finds,
    take_a_lost_answer_for_nothing_sent,
)

from venuekit.adapter import Order, OrderRequest, OutcomeUnknown, Rejected
from venuekit.books import reports
from venuekit_coinbase import history, transport
from venuekit_coinbase.client import Call
from venuekit_coinbase.socket import Socket
from venuekit_coinbase.trading import Trading


def post_again_under_another_id(patch: Patch) -> None:
    """No answer, so the order is posted once more, as a new one."""
    submit = Trading.submit

    async def again(self: Trading, request: OrderRequest) -> Order:
        return await submit(self, attrs.evolve(request, client_order_id=f"{request.client_order_id}x"))

    async def created_again(self: Trading, request: OrderRequest, call: Call) -> Order:
        return await again(self, request)

    patch.setattr(Trading, "_created_again", created_again)


def take_what_cannot_be_read_for_a_refusal(patch: Patch) -> None:
    """Half of an answer, a page of HTML: the venue will have said no."""
    send = transport.HttpTransport._once

    async def refused(self: transport.HttpTransport, call: Call) -> Any:
        try:
            return await send(self, call)
        except OutcomeUnknown as error:
            raise Rejected(error.message) from error

    patch.setattr(transport.HttpTransport, "_once", refused)


def overlook_a_missing_frame(patch: Patch) -> None:
    """A number is left out, and nobody minds."""
    patch.setattr(Socket, "_in_sequence", lambda self, frame: None)


def never_give_up_a_silent_stream(patch: Patch) -> None:
    """A connection that says nothing is a quiet one."""
    opened = Socket.__init__

    def patient(self: Socket, options: Any, *args: Any, **named: Any) -> None:
        opened(self, attrs.evolve(options, heartbeat_timeout_seconds=100_000.0), *args, **named)

    patch.setattr(Socket, "__init__", patient)


def read_one_page_of_fills(patch: Patch) -> None:
    """The first fill of a list is all of them."""

    async def one(self: history.History, *args: Any, **named: Any) -> Any:
        page = await whole(self, *args, **named)
        return attrs.evolve(page, items=page.items[:1], next_cursor=None)

    whole = history.History.fills
    patch.setattr(history.History, "fills", one)


def take_an_end_for_old_news(patch: Patch) -> None:
    """A report that does not say when it was made is older than any that does, even of an end."""
    merge = reports.merge

    def sceptical(known: Order, seen: Order, told: reports.Told) -> Any:
        if seen.updated_ns < told.terms_ns and seen.filled_size == known.filled_size:
            return reports.Applied(known, changed=False), told
        return merge(known, seen, told)

    patch.setattr("venuekit.books.orders.merge", sceptical)


MUTATIONS: Sequence[Mutation] = (
    Mutation(post_again_under_another_id, "is at the venue, and was not sent", 6),
    Mutation(take_what_cannot_be_read_for_a_refusal, "is REJECTED with", 24),
    Mutation(take_a_lost_answer_for_nothing_sent, "is at the venue, and was not sent", 0),
    Mutation(overlook_a_missing_frame, "nobody told the desk", 27),
    Mutation(never_give_up_a_silent_stream, "nobody told the desk", 73),
    Mutation(do_not_ask_after_a_reconnect, "nobody told the desk", 27),
    Mutation(take_an_end_for_old_news, "nobody told the desk", 9),
    Mutation(drop_fills_that_only_a_comparison_finds, "the desk had the holdings wrong", 28),
    Mutation(read_one_page_of_fills, "the desk had the holdings wrong", 10),
    Mutation(send_before_journal, "was sent before it was in the journal", 0),
)
