"""The command as a user runs it, and a store that a real desk on paper has filled."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import anyio.to_thread
import attrs
import pytest

from venuekit import Caller, Desk, LimitOrder, MarketOrder, Refused, Role, Side, StopOrder, open_desk
from venuekit.cli.app import run
from venuekit.protocols.journal import Entry, EntryKind, RowQuery

CONFIG = """
[desk]
venue = "paper"
data_dir = "{folder}"

[risk]
max_order_notional = "10000"

[approval]
require_above = "3000"

[venues.paper]
pace = "manual"
seed = 7
"""
BOT = Caller(agent_id="night-bot", role=Role.TRADER)
#: Never to be seen in anything that a command prints, nor in the store.
SECRET = "hunter2hunter2"


@attrs.frozen
class Ran:
    """How a command ended, and what it said where."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one document on standard output."""
        return json.loads(self.out)

    @property
    def lines(self) -> list[str]:
        """The lines on standard output."""
        return self.out.splitlines()


Venuekit = Callable[..., Ran]


@attrs.frozen(kw_only=True)
class Recorded:
    """What a desk left in its store."""

    config: Path
    orders: Mapping[str, str]
    approval: str

    @property
    def store(self) -> Path:
        """The database."""
        return self.config.parent / "data" / "venuekit.db"


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the machine's own user: neither folder, nor settings, nor colours."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("USER", "alice")
    monkeypatch.setenv("LOGNAME", "alice")


@pytest.fixture
def venuekit(capsys: pytest.CaptureFixture[str]) -> Venuekit:
    """Run the command; with `config`, on that desk."""

    def ran(*words: str, config: Path | None = None) -> Ran:
        capsys.readouterr()
        code = run([*words, *([] if config is None else ["--config", str(config)])])
        return Ran(code, *capsys.readouterr())

    return ran


@pytest.fixture
def beside(venuekit: Venuekit) -> Callable[..., Any]:
    """Run the command while a desk goes on in this process's loop."""

    async def ran(*words: str, config: Path) -> Ran:
        # A busy machine may take longer than the command's own patience, which is not what is tried here.
        patient = [] if "--wait" in words or not {"approve", "reject", "--cancel-all"} & {*words} else ["--wait", "60"]
        return await anyio.to_thread.run_sync(lambda: venuekit(*words, *patient, config=config))

    return ran


def write_config(folder: Path) -> Path:
    file = folder / "desk.toml"
    file.write_text(CONFIG.format(folder=folder / "data"), encoding="utf-8")
    return file


@asynccontextmanager
async def opened(config: Path) -> AsyncIterator[Desk]:
    async with open_desk(config, environ={}) as desk:
        yield desk


@pytest.fixture
def desk_of() -> Callable[[Path], AbstractAsyncContextManager[Desk]]:
    """Open the desk of a configuration file."""
    return opened


async def fill(config: Path) -> Recorded:
    """A bought position, an order that rests, a stop, one that waits for a person, and one that was refused."""
    orders = {}
    async with opened(config) as desk:
        best = (await desk.venue.order_book("BTC-USD", depth=1)).best_bid
        assert best is not None
        common: dict[str, Any] = {"instrument": "BTC-USD", "side": Side.BUY}
        bought = MarketOrder(**common, size=Decimal("0.02"), reason="start")
        resting = LimitOrder(**common, size=Decimal("0.01"), price=best.price - 100, post_only=True, reason="patience")
        large = LimitOrder(**common, size=Decimal("0.06"), price=best.price - 100, reason="conviction")
        stop = StopOrder(
            instrument="BTC-USD",
            side=Side.SELL,
            size=Decimal("0.01"),
            stop_price=best.price - 1000,
            reason=f"insurance, password={SECRET}",
        )
        for name, request in {"bought": bought, "resting": resting, "large": large, "stop": stop}.items():
            orders[name] = (await desk.submit(request, caller=BOT)).id
        with pytest.raises(Refused):
            await desk.submit(attrs.evolve(large, size=Decimal("0.5")), caller=BOT)
        (denied,) = desk.store.rows(RowQuery(kinds=(EntryKind.DENIED,)))
        orders["refused"] = denied.subject
        call = Entry(
            kind=EntryKind.CALL,
            desk=desk.name,
            subject="place_order",
            agent_id=BOT.agent_id,
            body={"arguments": {"instrument": "BTC-USD", "api_key": SECRET}, "outcome": "ok"},
            time_ns=desk.clock.now_ns(),
        )
        await desk.store.append([call])
        (approval,) = await desk.approvals()
    return Recorded(config=config, orders=orders, approval=approval.id)


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    return asyncio.run(fill(write_config(tmp_path_factory.mktemp("recorded"))))


@pytest.fixture
def recorded(once: Recorded, tmp_path: Path) -> Recorded:
    """A desk that was closed, and its store, to be changed at will."""
    shutil.copytree(once.config.parent / "data", tmp_path / "data")
    return attrs.evolve(once, config=write_config(tmp_path))


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    """The configuration of a desk that was never opened."""
    return write_config(tmp_path)
