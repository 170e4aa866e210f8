"""Venues that take their time: subscriptions that take hold late, and answers in another order than the questions."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import anyio
import anyio.lowlevel
import pytest
from runs import contract_of

from venuekit.adapter import Channel, NotConnected, Order, OrderRequest, Venue, VenueContext
from venuekit.testing.contract.kit import Kit
from venuekit.testing.contract.subject import load_subject
from venuekit_paper import contract
from venuekit_paper.adapter import PaperVenue
from venuekit_paper.factory import PaperFactory

OWN = ["STR-12", "STR-13", "STR-15"]
#: More turns of the event loop than the kit gives readers.
LATE = 500


class LateVenue(PaperVenue):
    """Subscriptions to own events take hold late, as over a network: what happened before is not told."""

    live: ClassVar[Counter[Channel]] = Counter()

    def subscribe(self, channel: Channel, instruments: Sequence[str]) -> Any:
        return self._later(channel, instruments) if channel.is_own else super().subscribe(channel, instruments)

    async def _later(self, channel: Channel, instruments: Sequence[str]) -> AsyncIterator[Any]:
        for _ in range(LATE):
            await anyio.lowlevel.checkpoint()
        upstream = super().subscribe(channel, instruments)
        self.live[channel] += 1
        async for event in upstream:
            yield event


class LosesSubscriptions(PaperVenue):
    def subscribe(self, channel: Channel, instruments: Sequence[str]) -> Any:
        return self._lost()

    async def _lost(self) -> AsyncIterator[Any]:
        raise NotConnected("It was lost before it was made.")
        yield


class AnswersTheLastFirst(PaperVenue):
    """The more orders are on their way, the sooner the next is answered."""

    waiting = 0

    async def submit(self, request: OrderRequest) -> Order:
        order = await super().submit(request)
        self.waiting += 1
        for _ in range(50 - 10 * self.waiting):
            await anyio.lowlevel.checkpoint()
        return order


class Factory(PaperFactory):
    """Makes sessions of a class, with what the kit is told of them."""

    contract_profile: Any

    def __init__(self, kind: type[PaperVenue], **told: Any) -> None:
        self._kind = kind
        known = {name: value for name, value in vars(contract).items() if not name.startswith("_")}
        self.contract_profile = SimpleNamespace(**{**known, **told})

    def create(self, context: VenueContext) -> Venue:
        return self._kind(context)


@contextlib.asynccontextmanager
async def told(venue: Any, channel: Channel, instruments: Sequence[str]) -> AsyncIterator[None]:
    before = LateVenue.live[channel]
    yield
    while LateVenue.live[channel] == before:
        await anyio.lowlevel.checkpoint()


@contextlib.asynccontextmanager
async def never(venue: Any, channel: Channel, instruments: Sequence[str]) -> AsyncIterator[None]:
    yield
    await anyio.sleep_forever()


def test_the_kit_goes_on_when_it_is_told_that_the_venue_has_a_subscription() -> None:
    assert contract_of(Factory(LateVenue, subscribing=told), OWN).score.failed == {}


def test_without_being_told_it_takes_late_subscriptions_for_lost_events() -> None:
    assert set(contract_of(Factory(LateVenue), OWN).score.failed) == set(OWN)


def test_a_subscription_that_the_venue_never_has_is_a_failure_that_says_so() -> None:
    factory = Factory(PaperVenue, subscribing=never, patience_seconds=0.05)
    assert contract_of(factory, ["STR-12"]).score.failed == {
        "STR-12": "AssertionError: the venue's side has had no subscription to own_orders"
    }


def test_a_subscription_that_ends_at_once_is_not_waited_for() -> None:
    run = contract_of(Factory(LosesSubscriptions, subscribing=never, patience_seconds=3600), ["STR-07"])
    assert "STR-07" in run.score.failed
    assert "no subscription" not in run.score.failed["STR-07"]


@pytest.mark.anyio
async def test_orders_that_are_answered_in_another_order_are_all_cleaned_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("venuekit.registry.load_factory", lambda _: Factory(AnswersTheLastFirst))
    subject = load_subject("late")
    kit = Kit(subject, tmp_path)
    await kit.open()
    async with anyio.create_task_group() as group:
        for _ in range(4):
            group.start_soon(kit.submit, kit.resting())
    assert len(await kit.open_ids()) == 4
    await kit.finish()
    again = Kit(subject, tmp_path)
    await again.open()
    assert await again.open_ids() == []
    await again.finish()
