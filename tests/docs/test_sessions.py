"""What the pages tell a reader to type is typed, in the order of the page, beside a desk that is open."""

from __future__ import annotations

import re
import shlex
from decimal import Decimal
from pathlib import Path

import anyio.to_thread
import pytest

from venuekit import Caller, LimitOrder, OrderStatus, Role, Side, open_desk
from venuekit.cli.app import run

pytestmark = pytest.mark.anyio
ROOT = Path(__file__).parents[2]
AGENT = Caller(agent_id="claude-desktop", role=Role.TRADER)
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture(autouse=True)
def a_fresh_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    monkeypatch.setenv("USER", "reader")
    monkeypatch.chdir(tmp_path)


def typed(page: str) -> list[list[str]]:
    """Every `$ venuekit ...` of a page, as words."""
    text = (ROOT / page).read_text(encoding="utf-8")
    lines = [line[2:] for _, body in BLOCK.findall(text) for line in body.splitlines() if line.startswith("$ ")]
    return [shlex.split(line)[1:] for line in lines if re.match(r"(\.venv/bin/)?venuekit ", line)]


def written(page: str) -> str:
    """The configuration that a page has the reader write."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return next(body for language, body in BLOCK.findall(text) if language == "toml")


async def waiting(desk: object) -> str:
    """An order of the agent that is worth more than the page's threshold; returns the approval's id."""
    book = await desk.venue.order_book("BTC-USD", depth=1)  # type: ignore[attr-defined]
    request = LimitOrder(
        instrument="BTC-USD",
        side=Side.BUY,
        size=Decimal("0.05"),
        price=book.best_bid.price - 50,
        post_only=True,
        reason="the reader asked for it",
    )
    order = await desk.submit(request, caller=AGENT)  # type: ignore[attr-defined]
    assert order.status is OrderStatus.PENDING_APPROVAL
    return str(order.approval_id)


@pytest.mark.parametrize("page", ["docs/tutorials/agent-user.md", "README.md"])
async def test_every_command_of_the_page_ends_well(page: str, tmp_path: Path) -> None:
    config = tmp_path / "desk.toml"
    config.write_text(written("docs/tutorials/agent-user.md"), encoding="utf-8")
    commands = typed(page)
    assert len(commands) >= 6
    async with open_desk(config) as desk:
        approval = await waiting(desk)
        for words in commands:
            given = [approval if word == "ID" else word for word in words]
            if "--cancel-all" in given:
                given += ["--wait", "60"]  # a busy machine may take longer than a person would wait
            assert await anyio.to_thread.run_sync(run, given) == 0, words
        canceled = any("--cancel-all" in words for words in commands)
        assert bool(await desk.open_orders()) is not canceled
