"""Desks on a scripted venue: no network, no waiting, and as many crashes as a test wants."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
from scripted import Options, ScriptedVenue

from venuekit.desk.decisions import decide
from venuekit.desk.desk import Desk
from venuekit.desk.risk.halt import halted, resumed
from venuekit.journal import open_store
from venuekit.model.intent import LimitOrder, Side
from venuekit.protocols.approver import Operator
from venuekit.protocols.journal import Entry, EntryKind, Row, RowQuery, Store
from venuekit.runtime.session import open_desk
from venuekit.settings.load import store_url
from venuekit.settings.schema import DeskConfig, DeskSettings
from venuekit.testing.clock import SimulatedClock

D = Decimal


class ScriptedFactory:
    """Hands out one venue that exists already."""

    name, title, options, extras, environment = "scripted", "Scripted", Options, (), "paper"

    def __init__(self, venue: ScriptedVenue) -> None:
        self.venue = venue
        self.capabilities = venue.capabilities

    def create(self, context: Any) -> Any:
        self.venue.pace = context.pace
        return self.venue


class OtherVenue(ScriptedVenue):
    """A second venue, with an account of its own."""

    name = "other"


class OtherFactory(ScriptedFactory):
    """Hands out the second venue."""

    name, title = "other", "Other"


@attrs.frozen
class Elsewhere:
    """An operator in another process."""

    store: Store
    clock: SimulatedClock

    async def halt(self, *, by: str, reason: str, cancel_all: bool = False) -> None:
        """See `venuekit halt`."""
        now = self.clock.now_ns()
        await self.store.set_control(
            lambda before: halted(before, by=by, reason=reason, cancel_all=cancel_all, now_ns=now), self._entry(by)
        )

    async def resume(self, *, by: str) -> None:
        """See `venuekit resume`."""
        now = self.clock.now_ns()
        await self.store.set_control(lambda before: resumed(before, by=by, now_ns=now), self._entry(by))

    async def approve(self, approval_id: str, *, by: str) -> None:
        """See `venuekit approvals approve`."""
        await self._decide(approval_id, by, approve=True)

    async def reject(self, approval_id: str, *, by: str) -> None:
        """See `venuekit approvals reject`."""
        await self._decide(approval_id, by, approve=False)

    async def _decide(self, approval_id: str, by: str, *, approve: bool) -> None:
        before = self.store.approval(approval_id)
        assert before is not None
        who = Operator(name=by, source="cli")
        await decide(self.store, before, who, proof="os user", approve=approve, note="", clock=self.clock)

    def _entry(self, by: str) -> Entry:
        now = self.clock.now_ns()
        return Entry(kind=EntryKind.CONTROL, desk="", subject="", agent_id=by, body={}, time_ns=now)


class Bench:
    """One venue, one folder, and as many desks on them as a test wants."""

    def __init__(self, folder: Path) -> None:
        self.clock = SimulatedClock(settle_rounds=40)
        self.venue = ScriptedVenue(self.clock)
        self.folder = folder
        self._crashes = 0

    def config(self, **tables: Any) -> DeskConfig:
        """A configuration whose tables are the defaults but for those given."""
        desk = tables.pop("desk", {})
        settings = DeskSettings(venue="scripted", data_dir=str(self.folder), **desk)
        return DeskConfig(desk=settings, **tables)

    @contextlib.asynccontextmanager
    async def open(self, config: DeskConfig | None = None, **options: Any) -> AsyncIterator[Desk]:
        """A desk on the venue. One of an account at a time: for what others do meanwhile see `elsewhere`."""
        async with open_desk(config or self.config(), clock=self.clock, environ={}, **options) as desk:
            await self.clock.settle()
            yield desk

    @contextlib.asynccontextmanager
    async def elsewhere(self, config: DeskConfig | None = None) -> AsyncIterator[Elsewhere]:
        """What another process does that has the store and no desk, as the operator's command."""
        store = open_store(store_url(config or self.config()))
        try:
            yield Elsewhere(store, self.clock)
        finally:
            await store.close()

    def after_crash(self, config: DeskConfig | None = None) -> DeskConfig:
        """What a desk finds after `kill -9` at this moment: the files as they are now, in another folder."""
        self._crashes += 1
        copy = self.folder.with_name(f"{self.folder.name}-crash-{self._crashes}")
        shutil.copytree(self.folder, copy)
        return moved(config or self.config(), copy)


def at_other(config: DeskConfig) -> DeskConfig:
    """The same configuration for the second venue, and so for the same store."""
    return attrs.evolve(config, desk=attrs.evolve(config.desk, venue="other"))


def moved(config: DeskConfig, folder: Path) -> DeskConfig:
    """The configuration with its files elsewhere."""
    return attrs.evolve(config, desk=attrs.evolve(config.desk, data_dir=str(folder)))


def limit(**changes: Any) -> LimitOrder:
    """A buy that rests two below the best ask, unless told otherwise."""
    return LimitOrder(**{"instrument": "BTC-USD", "side": Side.BUY, "size": D(1), "price": D(98), **changes})


def rows(desk: Desk, *kinds: EntryKind, **query: Any) -> list[Row]:
    """The journal's rows of these kinds, oldest first."""
    return list(desk.store.rows(RowQuery(desk=desk.name, kinds=kinds, newest_first=False, limit=1000, **query)))


def statuses(desk: Desk, order_id: str) -> list[str]:
    """The states that the journal has an order pass through."""
    kinds = (EntryKind.INTENT, EntryKind.ORDER)
    return [row.body["status"] for row in rows(desk, *kinds, subject=order_id)]


async def never() -> None:
    """An answer that does not come."""
    await asyncio.Event().wait()


class Gate:
    """Holds a call of the venue until a test opens it."""

    def __init__(self) -> None:
        self._open = asyncio.Event()

    async def __call__(self) -> None:
        await self._open.wait()

    def open(self) -> None:
        """Let what waits go on."""
        self._open.set()
