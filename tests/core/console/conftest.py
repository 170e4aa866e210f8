"""A console on a socket, over a store of either kind, and a client that speaks plain HTTP to it."""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import anyio.to_thread
import attrs
import pytest
from postgres_server import Server

from venuekit.console.access import Access
from venuekit.console.app import Console
from venuekit.console.serve import serving
from venuekit.journal import open_store
from venuekit.protocols.journal import Approval, ApprovalState, Store
from venuekit.settings.credentials import digest
from venuekit.settings.schema import AgentSettings, ApprovalSettings, DeskConfig, OperatorSettings
from venuekit.watch.clock import SystemClock

#: Everybody's token says whose it is.
TOKENS = {name: f"the-token-of-{name}" for name in ("ann", "bob", "bot")}
CONFIG = DeskConfig(
    approval=ApprovalSettings(
        require_above=Decimal(100), two_people_above=Decimal(1000), page_url="https://desk.example"
    ),
    operators={name: OperatorSettings(token_sha256=digest(TOKENS[name])) for name in ("ann", "bob")},
    agents={"bot": AgentSettings(token_sha256=digest(TOKENS["bot"]))},
)


@attrs.frozen
class Answer:
    """What came back."""

    status: int
    headers: Any
    text: str

    @property
    def json(self) -> Any:
        """The document in it."""
        return json.loads(self.text)


@attrs.define
class Browser:
    """A client that keeps its cookie and sends forms as a browser does."""

    port: int
    cookie: str = ""

    async def ask(self, method: str, path: str, *, body: bytes = b"", **headers: str) -> Answer:
        """One request; underscores in names of headers stand for dashes."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await anyio.to_thread.run_sync(lambda: self._ask(method, path, body, named))

    def _ask(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        cookie = {"Cookie": self.cookie} if self.cookie else {}
        try:
            connection.request(method, path, body=body or None, headers={**cookie, **headers})
            got = connection.getresponse()
            answer = Answer(got.status, got.headers, got.read().decode())
        finally:
            connection.close()
        for set_cookie in answer.headers.get_all("Set-Cookie") or ():
            self.cookie = set_cookie.partition(";")[0]
        return answer

    async def form(self, path: str, *, origin: str | None = None, **fields: str) -> Answer:
        """A form as a page of ours sends it."""
        return await self.ask(
            "POST",
            path,
            body=urlencode(fields).encode(),
            Content_Type="application/x-www-form-urlencoded",
            Origin=origin or f"http://127.0.0.1:{self.port}",
            Sec_Fetch_Site="same-origin" if origin is None else "cross-site",
        )

    async def api(self, method: str, path: str, token: str | None, body: Any = None, **headers: str) -> Answer:
        """A call with a bearer token."""
        given = {} if token is None else {"Authorization": f"Bearer {token}"}
        kind = {} if body is None else {"Content-Type": "application/json"}
        sent = b"" if body is None else json.dumps(body).encode()
        return await self.ask(method, path, body=sent, **given, **kind, **headers)

    async def sign_in(self, name: str, to: str = "/approvals") -> Answer:
        """Show the token of `name`."""
        return await self.form("/login", token=TOKENS[name], to=to)

    async def decide(self, approval: Approval, token: str, decision: str = "approve", **more: str) -> Answer:
        """Open the page of an approval, and send its form."""
        shown = await self.ask("GET", f"/approvals/{approval.id}")
        found = re.search(r'name="order_hash" value="([^"]*)"', shown.text)
        fields = {"order_hash": found[1] if found else "", "token": token, "decision": decision, "note": "", **more}
        return await self.form(f"/approvals/{approval.id}", **fields)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'venuekit.db'}"
    server: Server = request.getfixturevalue("postgres")
    return server.url()


@pytest.fixture
async def store(url: str) -> AsyncIterator[Store]:
    opened = open_store(url)
    yield opened
    await opened.close()


@pytest.fixture
def waiting(store: Store) -> Callable[..., Any]:
    """Make an approval that waits."""

    async def made(name: str = "apr_1", **changes: Any) -> Approval:
        now = SystemClock().now_ns()
        approval = attrs.evolve(
            Approval(
                id=name,
                desk="paper:default",
                agent_id="bot",
                order_id="o1",
                order={"type": "LIMIT", "size": "1", "reason": "<script>alert(1)</script> & \u202etxt"},
                order_hash="ff" * 32,
                summary="BUY 1 BTC <b>BTC-USD</b>",
                notional="100",
                reference_price="100",
                price_tolerance="0.01",
                state=ApprovalState.PENDING,
                created_ns=now,
                expires_ns=now + 300 * 10**9,
            ),
            **changes,
        )
        await store.add_approval(approval, [])
        return approval

    return made


@pytest.fixture
async def browser(store: Store, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Browser]:
    """A browser before a console that waits for no desk: none is open."""
    monkeypatch.setattr("venuekit.console.app._WAIT_SECONDS", 0.0)
    clock, count = SystemClock(), iter(range(1000))
    access = Access(CONFIG, "127.0.0.1", clock, lambda _: f"session-{next(count)}")
    async with serving(Console(store, access, clock), "127.0.0.1", 0) as (_, port):
        yield Browser(port)
