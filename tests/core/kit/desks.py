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

from venuekit.desk.desk import Desk
from venuekit.model.intent import LimitOrder, Side
from venuekit.protocols.journal import EntryKind, Row, RowQuery
from venuekit.runtime.session import open_desk
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
        return self.venue


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
        """A desk on the venue; two at once are two processes on one store."""
        async with open_desk(config or self.config(), clock=self.clock, environ={}, **options) as desk:
            await self.clock.settle()
            yield desk

    def after_crash(self, config: DeskConfig | None = None) -> DeskConfig:
        """What a desk finds after `kill -9` at this moment: the files as they are now, in another folder."""
        self._crashes += 1
        copy = self.folder.with_name(f"{self.folder.name}-crash-{self._crashes}")
        shutil.copytree(self.folder, copy)
        return moved(config or self.config(), copy)


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
