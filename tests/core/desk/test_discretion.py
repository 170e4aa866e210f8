"""What a caller writes into an order tells no secret on, and an order is not filed under one."""

from __future__ import annotations

from pathlib import Path

import pytest
from desks import Bench, limit, rows

from venuekit.errors import InvalidValue
from venuekit.protocols.journal import EntryKind
from venuekit.watch.redact import HIDDEN

pytestmark = pytest.mark.anyio
SECRET = "hunter2-is-not-a-pattern"
CONFIG = '[desk]\nvenue = "scripted"\ndata_dir = "{folder}"\n[venues.scripted]\npassword = "{secret}"\n'


@pytest.fixture
def config(bench: Bench, tmp_path: Path) -> Path:
    path = tmp_path / "desk.toml"
    path.write_text(CONFIG.format(folder=bench.folder, secret=SECRET))
    return path


async def test_a_reason_reaches_journal_and_venue_without_secrets(bench: Bench, config: Path) -> None:
    async with bench.open(config) as desk:  # type: ignore[arg-type]
        order = await desk.submit(limit(reason=f"the key is {SECRET}, sell"))
        assert order.reason == f"the key is {HIDDEN}, sell"
        assert [request.reason for request in bench.venue.sent()] == [f"the key is {HIDDEN}, sell"]


@pytest.mark.parametrize("order_id", [SECRET, f"my-{SECRET}-1", "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJjYW5h.c2lnbmF0"])
async def test_an_order_id_that_is_a_secret_is_refused_and_the_refusal_keeps_it_to_itself(
    bench: Bench, config: Path, order_id: str
) -> None:
    async with bench.open(config) as desk:  # type: ignore[arg-type]
        with pytest.raises(InvalidValue) as refused:
            await desk.submit(limit(client_order_id=order_id))
        assert (refused.value.field, bench.venue.sent()) == ("client_order_id", [])
        (denied,) = rows(desk, EntryKind.DENIED)
        assert order_id not in str(refused.value) + denied.subject + str(denied.body)
        assert HIDDEN in denied.subject


async def test_an_id_that_looks_like_a_hash_is_an_id(bench: Bench, config: Path) -> None:
    async with bench.open(config) as desk:  # type: ignore[arg-type]
        order = await desk.submit(limit(client_order_id="ab" * 32))
        assert (await desk.order("ab" * 32)) == order
        assert rows(desk, EntryKind.INTENT)[0].subject == "ab" * 32
