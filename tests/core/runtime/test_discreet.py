"""A secret that a venue's error repeats goes nowhere: not to the caller, the log, the journal or a stream."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from desks import limit
from scripted import Options, ScriptedVenue

from venuekit import open_desk
from venuekit.errors import OutcomeUnknown, Rejected, Unavailable, VenuekitError
from venuekit.model.capability import Capabilities
from venuekit.model.events import Channel
from venuekit.protocols.journal import RowQuery
from venuekit.protocols.venue import Venue, VenueContext
from venuekit.registry import register, unregister
from venuekit.runtime.discreet import discreet
from venuekit.testing.clock import SimulatedClock

pytestmark = pytest.mark.anyio
SECRET = "hunter2-is-not-a-pattern"
CONFIG = """
[desk]
venue = "scripted"
mode = "shadow"
data_dir = "{folder}"

[venues.scripted]
password = "${{VENUE_PASSWORD}}"
"""


class Factory:
    """Makes the one scripted venue of a test."""

    name, extras, options, environment = "scripted", (), Options, "paper"

    def __init__(self, venue: ScriptedVenue) -> None:
        self.venue = venue

    @property
    def capabilities(self) -> Capabilities:
        return self.venue.capabilities

    def create(self, _: VenueContext) -> Venue:
        return self.venue  # type: ignore[return-value]


@pytest.fixture
def venue() -> Iterator[ScriptedVenue]:
    made = ScriptedVenue(SimulatedClock())
    register(Factory(made))  # type: ignore[arg-type]
    yield made
    unregister("scripted")


def chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def rejected() -> Rejected:
    error = Rejected(f"Bad key {SECRET}.", fix=f"not {SECRET}", details={"body": f"<{SECRET}>", "all": [SECRET]})
    error.__cause__ = RuntimeError(f"HTTP 400, sent headers: {SECRET}")
    return error


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (rejected(), Rejected),
        (Unavailable(f"No answer to {SECRET}"), Unavailable),
        (RuntimeError(f"401 for {SECRET}"), OutcomeUnknown),
    ],
    ids=["refused", "unavailable", "a bug of the adapter"],
)
async def test_an_order_that_fails_leaves_no_secret_behind(
    venue: ScriptedVenue,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    fault: Exception,
    expected: type[VenuekitError],
) -> None:
    caplog.set_level(logging.DEBUG)
    path = tmp_path / "desk.toml"
    path.write_text(CONFIG.format(folder=tmp_path / "data"))
    async with open_desk(path, environ={"VENUE_PASSWORD": SECRET}, clock=venue.clock) as desk:
        heard = desk.listen()
        venue.faults["submit"] = [fault]
        with pytest.raises(expected) as caught:
            await desk.submit(limit())
        order = await desk.order(caught.value.order_id or "")
        rows = desk.store.rows(RowQuery(limit=500))
        heard.close()
        told = [str(event) async for event in heard]
    everything = [
        json.dumps(caught.value.to_dict()),
        *(repr(error) for error in chain(caught.value)),
        repr(order),
        repr(rows),
        repr(told),
        caplog.text,
    ]
    assert not [text for text in everything if SECRET in text]
    assert any("•" in text or "redacted" in text.lower() or "secret" in text for text in everything)


async def test_a_stream_that_ends_says_nothing_secret() -> None:
    class Ending:
        async def __aiter__(self) -> AsyncIterator[Any]:
            yield "first"
            raise Unavailable(f"closed: {SECRET}")

    venue: Any = ScriptedVenue(SimulatedClock())
    venue.subscribe = lambda *_: aiter(Ending())
    stream = discreet(venue, frozenset({SECRET})).subscribe(Channel.TICKER, ())
    assert await anext(stream) == "first"
    with pytest.raises(Unavailable) as caught:
        await anext(stream)
    assert SECRET not in str(caught.value)
    assert "closed" in str(caught.value)


async def test_what_is_not_secret_keeps_its_words_and_its_cause() -> None:
    made = ScriptedVenue(SimulatedClock())
    cause = ValueError("too small")
    fault = Rejected("Not enough money.", details={"asset": "USD"})
    fault.__cause__ = cause
    made.faults["balances"] = [fault]
    guarded = discreet(made, frozenset({SECRET}))  # type: ignore[arg-type]
    with pytest.raises(Rejected) as caught:
        await guarded.balances()
    assert caught.value is fault
    assert (caught.value.message, caught.value.__cause__) == ("Not enough money.", cause)
    assert guarded.name == made.name
    assert [i.id for i in await guarded.instruments()] == list(made.listed)
