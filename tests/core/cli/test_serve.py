"""The operators' page runs in a process of its own, beside any desk, and only where tokens are safe."""

from __future__ import annotations

import http.client
import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import anyio.to_thread
import pytest

from venuekit import LimitOrder, OrderStatus, Side
from venuekit.cli.exits import USAGE
from venuekit.settings.credentials import digest

pytestmark = pytest.mark.anyio
TOKEN = "the token of ann, and of nobody else"


@pytest.fixture
def staffed(empty: Path) -> Path:
    empty.write_text(
        empty.read_text(encoding="utf-8") + f'\n[operators.ann]\ntoken_sha256 = "{digest(TOKEN)}"\n', encoding="utf-8"
    )
    return empty


@pytest.fixture
def served(staffed: Path) -> Iterator[int]:
    """`venuekit approvals serve` in another process: its port."""
    command = "from venuekit.cli.app import main; main()"
    words = ["approvals", "serve", "--port", "0", "--config", str(staffed)]
    process = subprocess.Popen([sys.executable, "-c", command, *words], stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    said = process.stderr.readline()
    found = re.search(r"http://127\.0\.0\.1:(\d+)/approvals", said)
    assert found, said + process.stderr.read()
    yield int(found[1])
    process.send_signal(signal.SIGTERM)
    rest = process.communicate(timeout=60)[1]
    assert (process.returncode, rest) == (0, "")


def call(port: int, method: str, path: str, token: str = TOKEN) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    connection.request(method, path, body=b"{}" if method == "POST" else None, headers=headers)
    answer = connection.getresponse()
    body = json.loads(answer.read())
    connection.close()
    return answer.status, body


async def test_an_order_is_approved_over_http_and_sent_by_the_desk_of_another_process(
    staffed: Path, served: int, desk_of: Callable[..., Any]
) -> None:
    async with desk_of(staffed) as desk:
        best = (await desk.venue.order_book("BTC-USD", depth=1)).best_bid
        request = LimitOrder(
            instrument="BTC-USD", side=Side.BUY, size=Decimal("0.06"), price=best.price - 50, reason="large"
        )
        order = await desk.submit(request)
        path = f"/api/approvals/{order.approval_id}"
        with anyio.fail_after(60):
            status, _ = await anyio.to_thread.run_sync(call, served, "POST", f"{path}/approve", "a guess")
            assert status == 401
            status, _ = await anyio.to_thread.run_sync(call, served, "POST", f"{path}/approve")
            assert status == 200
            while (now := await desk.order(order.id)).status in (OrderStatus.PENDING_APPROVAL, OrderStatus.SUBMITTING):
                await anyio.lowlevel.checkpoint()
        assert now.status is OrderStatus.OPEN
        assert (await desk.approval(order.approval_id)).decided_by == "ann (http)"
        _, told = await anyio.to_thread.run_sync(call, served, "GET", path)
        whats = [chapter["what"] for chapter in told["story"] if chapter["kind"] == "approval"]
        assert [w.split()[0] for w in whats] == ["asked:", "approved", "used"]


def test_without_operators_there_is_no_page(venuekit: Any, empty: Path) -> None:
    ran = venuekit("approvals", "serve", config=empty)
    assert ran.code == USAGE
    assert "venuekit approvals credential" in ran.err


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "desk.example"])
def test_without_tls_it_listens_on_loopback_only(venuekit: Any, staffed: Path, host: str) -> None:
    ran = venuekit("approvals", "serve", "--host", host, config=staffed)
    assert ran.code == USAGE
    assert "--tls-cert" in ran.err


def test_a_certificate_that_is_none_is_named(venuekit: Any, staffed: Path) -> None:
    ran = venuekit("approvals", "serve", "--tls-cert", str(staffed), config=staffed)
    assert ran.code == USAGE
    assert str(staffed) in ran.err


def test_a_port_that_is_taken_is_named(venuekit: Any, staffed: Path, served: int) -> None:
    ran = venuekit("approvals", "serve", "--port", str(served), config=staffed)
    assert ran.code == USAGE
    assert f"port {served}" in ran.err
