"""The operator's command on a store that several machines share; its password is shown nowhere."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from postgres_server import PASSWORD, Server

from venuekit import LimitOrder, MarketOrder, Side
from venuekit.cli.exits import FAILED, OK
from venuekit.errors import Halted

pytest.importorskip("psycopg")
pytestmark = pytest.mark.anyio


@pytest.fixture
def config(empty: Path, postgres: Server) -> Path:
    """A desk of which nothing is in a file."""
    with empty.open("a", encoding="utf-8") as file:
        file.write(f"\n[store]\nurl = {json.dumps(postgres.url())}\n")
    empty.chmod(0o600)
    return empty


async def test_every_command_of_the_operator_works_on_it(
    beside: Any, config: Path, desk_of: Callable[..., Any]
) -> None:
    said = []

    async def ran(*words: str, code: int = OK) -> Any:
        done = await beside(*words, config=config)
        said.append(done.out + done.err)
        assert done.code == code, done.err
        return done

    assert (await ran("status", "--json")).json["desks"] == []
    async with desk_of(config) as desk:
        await desk.submit(MarketOrder(instrument="BTC-USD", side=Side.BUY, size=Decimal("0.02")))
        waiting = await desk.submit(
            LimitOrder(instrument="BTC-USD", side=Side.BUY, size=Decimal("0.06"), price=Decimal(59000))
        )
        (shown,) = (await ran("status", "--json")).json["desks"]
        assert (shown["desk"], shown["session_open"]) == ("paper:default", True)
        assert waiting.approval_id in (await ran("approvals", "list")).out
        await ran("approvals", "approve", str(waiting.approval_id), "--wait", "60")
        assert (await desk.order(waiting.id)).status.value == "OPEN"
        assert "HALTED" in (await ran("halt", "--reason", "news", "--cancel-all")).out
        assert list(await desk.open_orders()) == []
        with pytest.raises(Halted):
            await desk.submit(MarketOrder(instrument="BTC-USD", side=Side.BUY, size=Decimal("0.01")))
        await ran("resume")
    head = (await ran("audit", "verify", "--json")).json["head"]
    await ran("audit", "verify", "--expected-head", head)
    await ran("audit", "verify", "--expected-head", "0" * 63 + "1", code=FAILED)
    assert "news" in (await ran("audit", "search", "news")).out
    assert (await ran("audit", "tail")).lines
    assert (await ran("audit", "stats")).lines
    exported = config.parent / "journal.jsonl"
    exported.write_text((await ran("audit", "export")).out, encoding="utf-8")
    assert head in (await ran("audit", "verify", "--file", str(exported))).out
    assert "chain whole" in (await ran("doctor")).out
    assert (await ran("config", "check", "--json")).json["store"].startswith("postgresql://venuekit@127.0.0.1:")
    await ran("orders")
    await ran("positions")
    assert not any(PASSWORD in text or quote(PASSWORD, safe="") in text for text in said)


def test_a_server_that_cannot_be_reached_is_a_finding_without_the_password(venuekit: Any, empty: Path) -> None:
    with empty.open("a", encoding="utf-8") as file:
        file.write('\n[store]\nurl = "postgresql://me:hunter2hunter2@127.0.0.1:1/trading"\n')
    empty.chmod(0o644)
    said = []
    for words in (["doctor"], ["status"], ["audit", "verify"], ["halt"], ["approvals", "list"], ["config", "check"]):
        done = venuekit(*words, config=empty)
        assert (done.code == OK) is (words == ["config", "check"])
        said.append(done.out + done.err)
    assert "postgresql://me@127.0.0.1:1/trading" in said[0]
    assert "store.url" in said[0], "the file can be read by others"
    assert "hunter2" not in "".join(said)
