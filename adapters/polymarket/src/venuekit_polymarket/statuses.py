"""What becomes of markets: new steps of prices and resolutions, told by the channel or found by asking."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable, Sequence
from decimal import Decimal
from typing import Protocol

import attrs

from venuekit.adapter import (
    ONE,
    ZERO,
    Clock,
    Instrument,
    InstrumentEvent,
    InstrumentStatus,
    VenuekitError,
    plain,
)
from venuekit_polymarket.capabilities import VENUE
from venuekit_polymarket.facts import ListedTold, ResolvedTold, TickTold
from venuekit_polymarket.inbox import Inbox

#: Instruments that are asked for in one round.
_MOST_ASKED = 500


@attrs.frozen
class Outcome:
    """An instrument as the venue has it now; `payout` is dollars a share once its market is resolved."""

    instrument: Instrument
    payout: Decimal | None = None


class Known(Protocol):
    """The instruments, as far as they are known."""

    def known(self, name: str) -> Instrument | None:
        """One of them."""
        ...

    def changed(self, instrument: Instrument) -> object:
        """Take one in as it is now."""
        ...


class Statuses:
    """Those who want to hear of instruments, and the question that is asked now and then in case nothing is told.

    The channel does not tell of every resolution, so they are asked for too. `interesting` are the instruments that
    somebody who named none wants to hear of.
    """

    def __init__(
        self,
        known: Known,
        refresh: Callable[[Sequence[str]], Awaitable[Iterable[Outcome]]],
        clock: Clock,
        *,
        poll_seconds: float,
        interesting: Callable[[], Iterable[str]],
    ) -> None:
        self._known = known
        self._refresh = refresh
        self._clock = clock
        self._poll_seconds = poll_seconds
        self._interesting = interesting
        self._wanted: dict[Inbox, frozenset[str]] = {}
        self._resolved: set[str] = set()
        self._ticks: dict[str, Decimal] = {}
        self._resolving: set[asyncio.Task[None]] = set()
        self._polling: asyncio.Task[None] | None = None

    def follow(self, inbox: Inbox, instruments: Iterable[str]) -> None:
        """Tell `inbox` of these; of every instrument that is told of if there are none."""
        self._wanted[inbox] = frozenset(instruments)
        if self._polling is None:
            self._polling = asyncio.ensure_future(self._poll())

    async def leave(self, inbox: Inbox) -> None:
        """Tell it nothing more."""
        self._wanted.pop(inbox, None)
        if not self._wanted and self._polling is not None:
            polling, self._polling = self._polling, None
            ending = [polling, *self._resolving]
            for task in ending:
                task.cancel()
            await asyncio.wait(ending)

    def inboxes(self) -> list[Inbox]:
        """Everybody who listens."""
        return list(self._wanted)

    # -- from the channel

    def news(self, fact: TickTold | ResolvedTold | ListedTold) -> None:
        """Something that the market channel told."""
        if isinstance(fact, TickTold):
            before = self._known.known(fact.asset)
            if before is not None and self._ticks.get(fact.asset) != fact.tick:
                self._ticks[fact.asset] = fact.tick
                self._tell(attrs.evolve(before, tick_size=fact.tick), fact.time_ns)
        elif isinstance(fact, ResolvedTold) and self._wanted:
            resolving = asyncio.ensure_future(self._resolve(fact))
            self._resolving.add(resolving)
            resolving.add_done_callback(self._resolving.discard)

    async def _resolve(self, fact: ResolvedTold) -> None:
        """A market is decided. What it pays is asked for: the frame names one winner also where both are paid half."""
        new = [asset for asset in fact.assets if asset not in self._resolved]
        asked: dict[str, Outcome] = {}
        if new:
            with contextlib.suppress(VenuekitError):
                asked = {outcome.instrument.id: outcome for outcome in await self._refresh(new)}
        for asset in new:
            known = self._known.known(asset)
            if known is None:
                continue
            payout = asked[asset].payout if asset in asked else None
            if payout is None and fact.winner:
                payout = ONE if asset == fact.winner else ZERO
            self._ended(Outcome(attrs.evolve(known, status=InstrumentStatus.RESOLVED), payout), fact.time_ns)

    def _ended(self, outcome: Outcome, time_ns: int) -> None:
        name = outcome.instrument.id
        if name in self._resolved:
            return
        if outcome.payout is not None:  # without it, the question will be asked
            self._resolved.add(name)
        self._tell(outcome.instrument, time_ns, outcome.payout)

    def _tell(self, instrument: Instrument, time_ns: int, payout: Decimal | None = None) -> None:
        if payout is not None:
            instrument = attrs.evolve(instrument, metadata={**instrument.metadata, "payout": plain(payout)})
        self._known.changed(instrument)
        event = InstrumentEvent(
            venue=VENUE,
            instrument=instrument.id,
            time_ns=time_ns,
            changed=instrument,
            payout=None if payout is None else plain(payout),
        )
        for inbox, wanted in self._wanted.items():
            if not wanted or instrument.id in wanted:
                inbox.put(event)

    # -- by asking

    async def _poll(self) -> None:
        while True:
            await self._clock.sleep(self._poll_seconds)
            names = self._open()
            if not names:
                continue
            before = {name: self._known.known(name) for name in names}
            try:
                found = list(await self._refresh(names))
            except VenuekitError:
                continue  # asked for again in the next round
            now = self._clock.now_ns()
            for outcome in found:
                self._found(before.get(outcome.instrument.id), outcome, now)

    def _open(self) -> list[str]:
        wanted: dict[str, None] = {}
        for names in self._wanted.values():
            wanted.update(dict.fromkeys(sorted(names) or self._interesting()))
        return [name for name in wanted if name not in self._resolved][:_MOST_ASKED]

    def _found(self, before: Instrument | None, outcome: Outcome, now_ns: int) -> None:
        after = outcome.instrument
        if after.status is InstrumentStatus.RESOLVED or outcome.payout is not None:
            self._ended(outcome, now_ns)
        elif before is not None and (before.status, before.tick_size) != (after.status, after.tick_size):
            self._tell(after, now_ns)
