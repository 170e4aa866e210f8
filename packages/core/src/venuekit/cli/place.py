"""Where the store is, and opening it; a store that does not exist yet is not made by looking."""

from __future__ import annotations

import difflib
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import attrs

from venuekit.cli.output import never_show
from venuekit.errors import InvalidValue
from venuekit.journal import open_store, verify_file
from venuekit.protocols.journal import EntryKind, RowQuery, Store, desk_name
from venuekit.protocols.retention import Verification
from venuekit.settings.address import shown
from venuekit.settings.check import check
from venuekit.settings.load import Loaded, anchor_file, load, store_url
from venuekit.settings.schema import DeskConfig, DeskSettings

if TYPE_CHECKING:
    from venuekit.protocols.venue import VenueFactory

_SESSION_ROWS = 200
#: A store in memory, where none was made yet.
_NOWHERE = "sqlite://"


class Meant(Protocol):
    """What says which configuration is meant."""

    @property
    def config(self) -> Path | None:
        """Its file."""
        ...


@attrs.frozen(kw_only=True)
class Place:
    """A configuration as loaded, and the store it names."""

    loaded: Loaded
    url: str

    @property
    def config(self) -> DeskConfig:
        """The configuration."""
        return self.loaded.config

    def options_of(self, factory: VenueFactory) -> Mapping[str, Any]:
        """What its adapter is given; none of its secrets is shown from then on."""
        table = self.loaded.venue(factory.name, factory.options)
        never_show(table.secrets)
        return table.options

    @property
    def shown(self) -> str:
        """The store's address without its password."""
        return shown(self.url)

    @property
    def file(self) -> Path | None:
        """The store's file; None for one in memory or on a server."""
        scheme, _, path = self.url.partition(":///")
        return Path(path).expanduser() if scheme == "sqlite" and path and path != ":memory:" else None

    @property
    def exists(self) -> bool:
        """Whether something was recorded there; a server is asked when it is opened."""
        return self.file.exists() if self.file is not None else self.url.startswith("postgresql:")


def find(options: Meant, *, agent: bool = False) -> Place:
    """Load the configuration.

    Raises:
        ConfigError: it cannot be right.
    """
    loaded = load(options.config, environ=os.environ, agent=agent)  # noqa: TID251 - the command line is a process's edge
    never_show(loaded.secrets)
    return Place(loaded=loaded, url=store_url(check(loaded.config)))


@asynccontextmanager
async def opened(place: Place) -> AsyncIterator[Store]:
    """The store, for reading and writing; it is made when it is not there.

    Raises:
        JournalUnavailable, ConfigError: it cannot be opened.
    """
    store = open_store(
        place.url,
        synchronous=place.config.store.synchronous,
        secrets=place.loaded.secrets,
        anchor=anchor_file(place.config) if place.url != _NOWHERE else None,
    )
    try:
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def read(place: Place) -> AsyncIterator[Store]:
    """The store, for reading; an empty one when nothing was recorded yet."""
    if not place.exists:
        place = attrs.evolve(place, url=_NOWHERE)
    async with opened(place) as store:
        yield store


async def proved(
    place: Place, expected_head: str | None = None, progress: Callable[[int], None] | None = None
) -> Verification:
    """Recompute the whole chain; a file is read as it is, also one that is too damaged to be opened.

    Raises:
        JournalUnavailable, ConfigError: it cannot be read, which says nothing of what is in it.
    """
    if place.file is not None:
        return verify_file(place.file, expected_head=expected_head, progress=progress, anchor=anchor_file(place.config))
    async with opened(place) as store:
        return store.verify(expected_head=expected_head, progress=progress)


def desks_of(store: Store, wanted: str | None) -> list[str]:
    """The desks to show: the one asked for, or all."""
    return [wanted] if wanted else list(store.desks())


def known_desk(desk: str, store: Store, own: DeskSettings) -> None:
    """Refuse a name that no desk has: what is said of it would be heard by nobody. An empty one is all.

    Raises:
        InvalidValue: neither the store nor the configuration has it.
    """
    names = sorted({*store.desks(), desk_name(own.venue, own.account)})
    if desk and desk not in names:
        near = difflib.get_close_matches(desk, names, n=1)
        raise InvalidValue(
            f"There is no desk {desk[:60]!r} in this store.",
            fix=f"Did you mean {near[0]}?" if near else f"There are: {', '.join(names)}.",
            field="desk",
            details={"accepted": names},
        )


@attrs.frozen(kw_only=True)
class LastSession:
    """How a desk was last opened. `open` is what the journal says: a desk that was killed never said goodbye."""

    open: bool = False
    mode: str = ""
    environment: str = ""
    since_ns: int | None = None


def last_session(store: Store, desk: str) -> LastSession:
    """The desk's newest opening, and whether a closing follows it."""
    closed_ns: int | None = None
    for row in store.rows(RowQuery(desk=desk, kinds=(EntryKind.SESSION,), limit=_SESSION_ROWS)):
        event = row.body.get("event")
        if event == "closed" and closed_ns is None:
            closed_ns = row.time_ns
        elif event == "opened":
            return LastSession(
                open=closed_ns is None,
                mode=str(row.body.get("mode", "")),
                environment=str(row.body.get("environment", "")),
                since_ns=row.time_ns if closed_ns is None else closed_ns,
            )
    return LastSession(since_ns=closed_ns)
