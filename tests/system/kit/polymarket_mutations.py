"""Polymarket's adapter with one thing wrong, for each thing that its wire and its chain do; all must be noticed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
from mutations import Mutation, Patch
from wire_mutations import (
    do_not_ask_after_a_reconnect,
    take_a_lost_answer_for_nothing_sent,
)

from venuekit.adapter import ZERO, FillState, Order, OutcomeUnknown
from venuekit_polymarket import trades
from venuekit_polymarket.preparing import Ready
from venuekit_polymarket.sender import Sender

_Row = Mapping[str, Any]


def name_fills_by_their_trade_alone(patch: Patch) -> None:
    """One trade is one fill, however many of our orders are in it."""
    read = trades.Reader.fills

    def fills(self: trades.Reader, trade: _Row) -> Any:
        return [attrs.evolve(k, fill=attrs.evolve(k.fill, id=k.trade_id)) for k in read(self, trade)]

    patch.setattr(trades.Reader, "fills", fills)


def take_matched_for_final(patch: Patch) -> None:
    """What is matched is settled."""
    patch.setitem(trades._FINAL, "MATCHED", FillState.CONFIRMED)
    patch.setitem(trades._FINAL, "MINED", FillState.CONFIRMED)


def overlook_that_a_trade_has_failed(patch: Patch) -> None:
    """A trade that failed is still on its way."""
    patch.delitem(trades._FINAL, "FAILED")


def do_not_look_among_the_makers(patch: Patch) -> None:
    """Only what took is ours."""
    patch.setattr(trades.Reader, "_made", lambda self, trade: [])


def take_the_takers_side_of_a_trade_for_ours(patch: Patch) -> None:
    """What stands at the top of a trade is what we did in it."""
    read = trades._maker_part

    def part(trade: _Row, row: _Row) -> Any:
        side = trades._side(str(trade.get("side")))
        return attrs.evolve(read(trade, row), side=side)

    patch.setattr(trades, "_maker_part", part)


def sign_and_send_again_after_a_timeout(patch: Patch) -> None:
    """No answer, so the order is signed anew and sent once more."""

    async def again(self: Sender, ready: Ready, lost: OutcomeUnknown) -> Order:
        self._records.forget(ready.id)
        anew = await self._preparing.ready(ready.request, ready.instrument)
        await self._records.intend(anew.order, anew.unsigned)
        return await self.send(anew)

    patch.setattr(Sender, "there", again)


def forget_what_a_trade_costs(patch: Patch) -> None:
    """Nobody pays a fee."""
    patch.setattr(trades, "fee", lambda *_: ZERO)


MUTATIONS: Sequence[Mutation] = (
    Mutation(name_fills_by_their_trade_alone, "is in the journal, and the venue has no such", 1141),
    Mutation(take_matched_for_final, "is CONFIRMED here, and REVERSED at the venue", 17),
    Mutation(overlook_that_a_trade_has_failed, "is PROVISIONAL here, and REVERSED at the venue", 17),
    Mutation(do_not_look_among_the_makers, "of the venue is not in the journal", 1141),
    Mutation(take_the_takers_side_of_a_trade_for_ours, "the desk had the holdings wrong", 34),
    Mutation(forget_what_a_trade_costs, "the desk had the holdings wrong", 34),
    Mutation(sign_and_send_again_after_a_timeout, "an order was signed and sent anew", 20),
    Mutation(take_a_lost_answer_for_nothing_sent, "is at the venue, and was not sent", 23),
    Mutation(do_not_ask_after_a_reconnect, "nobody told the desk", 63),
)
