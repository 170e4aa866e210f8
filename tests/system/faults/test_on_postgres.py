"""The journal on a server: its connection is cut at every step of a commit, the server restarts; nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from on_postgres import schedules
from postgres_server import Server, running

from venuekit.testing.faults import Action, failure_text

pytest.importorskip("psycopg")
#: Schedules that lose the connection at different steps, restart the server, and end the process in a commit.
SEEDS = (2, 95)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    try:
        with running() as made:
            yield made
    except LookupError as missing:
        pytest.skip(str(missing))


def test_a_desk_comes_whole_through_a_server_that_restarts_and_wires_that_are_cut(server: Server) -> None:
    report = schedules(server, SEEDS)
    assert report.ok, "\n\n".join(failure_text(outcome) for outcome in report.failures)
    assert report.faults[Action.STORE_LOST.value] > 0
    assert report.faults[Action.STORE_RESTART.value] > 0
    assert report.crashes.total() > 0
