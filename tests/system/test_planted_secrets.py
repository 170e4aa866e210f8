"""Secrets planted wherever one can come in are searched for wherever anything comes out, on both stores."""

from __future__ import annotations

import base64
import json
import logging
import traceback
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

import attrs
import mcp_types as mt
import pytest
from desks import ScriptedFactory, limit
from mcp.shared.exceptions import MCPError
from postgres_server import PASSWORD, running
from scripted import ScriptedVenue

import mcp
from venuekit import open_desk
from venuekit.cli.app import run
from venuekit.cli.output import never_show
from venuekit.errors import Rejected, Unavailable, VenuekitError
from venuekit.model.events import Channel, OrderEvent, OrderEventKind
from venuekit.protocols.approver import Caller, Role
from venuekit.registry import register, unregister
from venuekit.settings.load import load
from venuekit.testing.clock import SimulatedClock
from venuekit_mcp import build_server

pytestmark = pytest.mark.anyio

#: What the configuration, its environment and the store's address hold: known, whatever they look like.
IN_FILE = "canary-one in the file"
IN_ENVIRONMENT = "canary/two+in=environment"
OVERRIDE = "canary-three-overrides"
#: What only its shape gives away, since no configuration has it.
JWT = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJjYW5hcnktZm91ciJ9.Y2FuYXJ5LWZpdmU"
KEY = "0x" + "4f3edf983ac636a65a842ce7c78d9aa706d3b113bce9c46f30d7d21715b23b1d"
PEM = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIIGLlamZcanarySeven\n-----END EC PRIVATE KEY-----"
PHRASE = "legal winner thank year wave sausage worth useful legal winner thank yellow"
WALLET = "0x52908400098527886E0F7030069857D2E4169EE7"
KNOWN = (IN_FILE, IN_ENVIRONMENT, OVERRIDE)
SHAPED = (JWT, KEY, "MHcCAQEEIIGLlamZcanarySeven", PHRASE, WALLET)
#: Half a secret is too much: what is cut must be clean before.
PARTS = ("canary-one ", "canary/two+i", "canary-three")
WRITTEN_OTHERWISE = (
    quote(IN_ENVIRONMENT, safe=""),
    base64.b64encode(IN_FILE.encode()).decode(),
    OVERRIDE.encode().hex(),
)
EVERYTHING = " ".join([*KNOWN, *WRITTEN_OTHERWISE, JWT, KEY, PEM, PHRASE, WALLET])

CONFIG = """
[desk]
venue = "scripted"
mode = "shadow"
role = "admin"
data_dir = "{folder}"

[store]
url = "{url}"

[reconcile]
every_seconds = 1.0

[venues.scripted]
api_secret = "{secret}"
passphrase = "${{VENUE_PASSPHRASE}}"

[agents.bot]
token_sha256 = "{digest}"
"""
ENVIRONMENT = {"VENUE_PASSPHRASE": IN_ENVIRONMENT, "VENUEKIT__VENUES__SCRIPTED__API_TOKEN": OVERRIDE}
TOKEN_DIGEST = "9c" * 32


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "sqlite":
        yield ""
        return
    pytest.importorskip("psycopg")
    try:
        with running() as server:
            yield server.url()
    except LookupError as missing:
        pytest.skip(str(missing))


@pytest.fixture
def venue() -> Iterator[ScriptedVenue]:
    made = ScriptedVenue(SimulatedClock(settle_rounds=40))
    register(ScriptedFactory(made))
    yield made
    unregister("scripted")


@pytest.fixture
def config(tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    path = tmp_path / "desk.toml"
    path.write_text(CONFIG.format(folder=tmp_path / "data", url=url, secret=IN_FILE, digest=TOKEN_DIGEST))
    return path


class Search:
    """Everything that came out, and where."""

    def __init__(self) -> None:
        self.found: list[tuple[str, str]] = []
        self.looked_at = 0

    def look(self, where: str, what: object) -> None:
        text = what.decode("utf-8", "replace") if isinstance(what, bytes) else str(what)
        self.looked_at += len(text)
        for secret in (*KNOWN, *PARTS, *SHAPED, *WRITTEN_OTHERWISE, PASSWORD, quote(PASSWORD, safe="")):
            if secret in text or json.dumps(secret)[1:-1] in text:
                at = max(text.find(secret), 0)
                self.found.append((where, f"{secret[:24]}: {text[max(at - 60, 0) : at + 60]!r}"))


def leaking(kind: type[Exception]) -> Exception:
    """An error with secrets in its words, its details, its notes, its cause and its context."""
    if issubclass(kind, VenuekitError):
        error: Exception = kind(
            f"refused: {EVERYTHING}", fix=EVERYTHING, details={"body": EVERYTHING, "l": [EVERYTHING]}
        )
    else:
        error = kind(f"bug: {EVERYTHING}")
    error.__cause__ = ValueError(f"headers were {{'Authorization': 'Bearer {JWT}', 'secret': '{IN_FILE}'}}")
    error.__context__ = RuntimeError(EVERYTHING)
    error.add_note(EVERYTHING)
    return error


def told(error: BaseException) -> str:
    body = json.dumps(error.to_dict()) if isinstance(error, VenuekitError) else ""
    return "".join(traceback.format_exception(error)) + repr(error) + body


def reprs(*things: object) -> str:
    """Their reprs, and those of all that they hold, a few steps deep."""
    seen: list[str] = []

    def walk(thing: object, depth: int) -> None:
        seen.append(repr(thing))
        if depth and hasattr(thing, "__dict__"):
            for name, value in vars(thing).items():
                if "secrets" not in name and type(value).__module__.startswith("venuekit"):
                    walk(value, depth - 1)

    for thing in things:
        walk(thing, 3)
    return "\n".join(seen)


async def use_desk(config: Path, venue: ScriptedVenue, search: Search) -> None:
    async with open_desk(config, environ=ENVIRONMENT, clock=venue.clock) as desk:
        heard = desk.listen()
        for n, kind in enumerate((Rejected, Unavailable, RuntimeError, KeyError)):
            venue.faults["submit"] = [leaking(kind)]
            try:
                await desk.submit(
                    limit(client_order_id=f"order-{n}", price=Decimal(90 + n), reason=f"because {EVERYTHING}")
                )
            except VenuekitError as error:
                search.look(f"error of submit ({kind.__name__})", told(error))
        for bad in (OVERRIDE, JWT[:60]):
            with pytest.raises(VenuekitError) as refused:
                await desk.submit(limit(client_order_id=bad, reason=EVERYTHING))
            search.look("refused id", told(refused.value))
        await desk.submit(limit(client_order_id="placed", reason=EVERYTHING))
        working = venue.orders["placed"]
        changed = attrs.evolve(working, size=working.size, status_reason=EVERYTHING)
        kind, now = OrderEventKind.AMENDED, venue.clock.now_ns()
        told_so = OrderEvent(venue="scripted", instrument="BTC-USD", time_ns=now, kind=kind, order=changed)
        venue.push(Channel.OWN_ORDERS, told_so)
        for call in ("balances", "positions", "fills", "tickers", "open_orders"):
            venue.faults[call] = [leaking(RuntimeError)]
        await venue.clock.advance(3)
        for channel in Channel:
            venue.push(channel, leaking(RuntimeError))
        await venue.clock.advance(1)
        venue.faults.clear()
        search.look("reprs", reprs(desk, desk.settings, desk.venue, desk.store, load(config, environ=ENVIRONMENT)))
        await agents(desk, venue, search)
        await desk.halt(by="me", reason=EVERYTHING)
        await desk.resume(by="me")
        heard.close()
        search.look("events", [str(e) + repr(e) async for e in heard])


async def agents(desk: Any, venue: ScriptedVenue, search: Search) -> None:
    caller = Caller(agent_id="bot", role=Role.TRADER, source="mcp-http")
    order = {"instrument": "BTC-USD", "side": "BUY", "order_type": "LIMIT", "size": "1", "price": "98"}
    calls: list[tuple[str, dict[str, Any]]] = [
        ("place_order", {**order, "reason": EVERYTHING}),
        ("place_order", {**order, "reason": "x", "client_order_id": OVERRIDE}),
        ("place_order", {**order, "reason": "x", "side": IN_FILE}),
        ("place_order", {**order, "reason": "x", IN_ENVIRONMENT: [EVERYTHING]}),
        ("place_order", {**order, "reason": f"{'x' * 980}{IN_FILE}"}),
        ("get_order_status", {"order_id": EVERYTHING}),
        ("get_orders", {}),
        ("get_audit", {"limit": 100}),
        ("get_orderbook", {"instrument": IN_FILE}),
        ("no_such_tool", {"long": f"{'x' * 990}{IN_FILE}{'x' * 50}", f"{'x' * 50}{IN_FILE}{'x' * 50}": 1}),
        ("no_such_tool", {"key": EVERYTHING, "deep": [{"x": EVERYTHING, KEY: 1}], IN_FILE: 1}),
        (EVERYTHING, {"api_key": "short"}),
    ]
    async with mcp.Client(build_server(desk, caller=caller)) as client:
        for name, arguments in calls:
            await asked(search, f"tool {name[:20]}", lambda n=name, a=arguments: client.call_tool(n, a))
        for fault in (Unavailable, RuntimeError):
            for call in ("order_book", "balances"):
                venue.faults[call] = [leaking(fault)]
            await asked(search, "tool that fails", lambda: client.call_tool("get_orderbook", {"instrument": "BTC-USD"}))
            await asked(search, "tool that fails", lambda: client.call_tool("get_balances", {}))
            venue.faults["balances"] = [leaking(fault)]
            await asked(search, "resource that fails", lambda: client.read_resource("account://balances"))
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(desk, "risk_state", lambda: (_ for _ in ()).throw(leaking(RuntimeError)))
            await asked(search, "tool with a bug", lambda: client.call_tool("get_risk_status", {}))
            await asked(search, "resource with a bug", lambda: client.read_resource("risk://state"))
        for uri in ("audit://recent", "order://active", "risk://state", f"order://status/{quote(EVERYTHING, safe='')}"):
            await asked(search, uri[:20], lambda u=uri: client.read_resource(u))
        await asked(search, "prompt", lambda: client.get_prompt("daily_review", {}))
        await asked(search, "unknown prompt", lambda: client.get_prompt(IN_FILE, {"a": EVERYTHING}))


async def asked(search: Search, where: str, ask: Callable[[], Any]) -> None:
    try:
        answer = await ask()
    except MCPError as error:
        search.look(where, told(error) + json.dumps(error.error.data))
    else:
        search.look(where, answer.model_dump_json() if isinstance(answer, mt.Result) else repr(answer))


def commands(config: Path, folder: Path) -> Iterator[list[str]]:
    plain = [
        ["status"], ["orders"], ["orders", "--all"], ["orders", "placed"], ["orders", OVERRIDE], ["positions"],
        ["approvals", "list"], ["risk", "explain"], ["venues"], ["config", "check"], ["doctor"], ["doctor", "scripted"],
        ["audit", "tail", "-n", "500"], ["audit", "search", IN_FILE], ["audit", "stats"], ["audit", "verify"],
        ["audit", "export"], ["halt", "--reason", EVERYTHING], ["resume"], ["approvals", "approve", IN_FILE],
        ["orders", "--desk", EVERYTHING],
    ]  # fmt: skip
    for words in plain:
        yield [*words, "--config", str(config)]
        yield [*words, "--config", str(config), "--json"]
    yield ["audit", "export", str(folder / "export.jsonl"), "--config", str(config)]
    mistakes = (
        f'[venues.scripted]\napi_secret = 7\npassphrase = "{IN_FILE}"\n[desk]\nmode = "${{VENUE_PASSPHRASE}}"\n',
        '[risk]\nprice_collar = "${VENUE_PASSPHRASE}"\n',
        f'[store]\nurl = "postgres://me:{OVERRIDE}@db/x"\n',
        f'[store]\nurl = "postgresql://me:{OVERRIDE}@127.0.0.1:1/x"\n',
        f'[store]\nurl = "{OVERRIDE}:me@db/x"\n[store]\n',
        '[desk]\nvenue = "${VENUE_PASSPHRASE}"\n',
        '[pace]\norders = "${VENUE_PASSPHRASE}"\n',
        f'[desk]\nvenue = "{IN_FILE}\n',
    )
    for n, text in enumerate(mistakes):
        wrong = folder / f"wrong-{n}.toml"
        wrong.write_text(text)
        for words in (["config", "check"], ["status"], ["doctor"]):
            yield [*words, "--config", str(wrong)]
            yield [*words, "--config", str(wrong), "--json"]


async def test_no_planted_secret_comes_out_anywhere(
    config: Path,
    url: str,
    venue: ScriptedVenue,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("psycopg").setLevel(logging.DEBUG)
    search = Search()
    await use_desk(config, venue, search)
    said = capsys.readouterr()
    search.look("stdout", said.out)
    search.look("stderr", said.err)
    venue.faults["connect"] = [leaking(RuntimeError)]
    folder = tmp_path / "commands"
    folder.mkdir()
    for words in commands(config, folder):
        venue.faults["profile"] = [leaking(Unavailable)] if words[:2] == ["doctor", "scripted"] else []
        assert isinstance(run_apart(words), int)
        said = capsys.readouterr()
        search.look(f"venuekit {' '.join(words)[:40]}: stdout", said.out)
        search.look(f"venuekit {' '.join(words)[:40]}: stderr", said.err)
    search.look("export", (folder / "export.jsonl").read_bytes())
    for file in (tmp_path / "data").rglob("*"):
        if file.is_file():
            search.look(f"file {file.name}", file.read_bytes())
    if url:
        search.look("tables", tables(url))
    search.look("log", caplog.text)
    search.look("log records", [vars(record) for record in caplog.records])
    assert not search.found, "\n".join(f"{where}: {what}" for where, what in search.found)
    assert search.looked_at > 100_000
    assert "169EE7" in (folder / "export.jsonl").read_text(), "a wallet keeps its last six digits"


def run_apart(words: list[str]) -> int:
    """The command in a thread, with an event loop of its own, and knowing no more than a new process does."""
    never_show(())
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(run, words).result()


def tables(url: str) -> str:
    import psycopg

    with psycopg.connect(url) as db:
        return "\n".join(
            str(db.execute(f"SELECT * FROM {name}".encode()).fetchall())
            for name in ("journal", "approvals", "control", "breakers")
        )
