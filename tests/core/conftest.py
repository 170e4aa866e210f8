"""A desk on a scripted venue for every test of the core that asks for one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from desks import Bench, OtherFactory, OtherVenue, ScriptedFactory
from postgres_server import Server, running

from venuekit import registry


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path / "desk")
    made.folder.mkdir()
    registry.register(ScriptedFactory(made.venue))
    yield made
    registry.unregister("scripted")


@pytest.fixture
def other(bench: Bench) -> Iterator[OtherVenue]:
    """A second venue; `desks.at_other` is the configuration of a desk on it, which shares the store."""
    venue = OtherVenue(bench.clock)
    registry.register(OtherFactory(venue))
    yield venue
    registry.unregister("other")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A PostgreSQL server of the tests' own; skips where its programs or its driver are not installed."""
    pytest.importorskip("psycopg")
    try:
        with running() as server:
            yield server
    except LookupError as missing:
        pytest.skip(str(missing))
