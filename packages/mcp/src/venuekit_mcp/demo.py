"""``venuekit demo``: a real MCP client trades on the paper exchange through a real server process."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    import mcp

INSTRUMENT = "BTC-USD"
SIZE = "0.05"
SERVER = "venuekit_mcp_paper"
INSTALL = "pip install venuekit-mcp venuekit-paper venuekit-mcp-paper"
FAILED = 1
#: How often the market may be moved until the order is filled.
PATIENCE = 240
_CONFIG = """\
[desk]
venue = "paper"
data_dir = "{folder}"
agent_id = "demo"

[risk]
max_order_notional = "10000"
max_open_orders = 10

[venues.paper]
pace = "manual"
seed = {seed}
"""


class DemoError(Exception):
    """The demo cannot go on; the text says why."""


@attrs.define
class _Show:
    """What was done, as lines for a person or as one JSON document."""

    as_json: bool
    steps: list[dict[str, Any]] = attrs.Factory(list)
    console: Any = None

    def step(self, title: str, lines: Sequence[str], facts: Mapping[str, Any]) -> None:
        self.steps.append({"step": title, **facts})
        if self.as_json:
            return
        if self.console is None:
            from rich.console import Console  # noqa: PLC0415

            self.console = Console(highlight=False)
        self.console.print(f"[bold cyan]{len(self.steps)}.[/] [bold]{title}[/]")
        for line in lines:
            self.console.print(f"   {line}", markup=False, soft_wrap=True)


@attrs.define
class _Agent:
    """The client, with errors as values."""

    client: mcp.Client

    async def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """The structured answer.

        Raises:
            DemoError: the tool refused.
        """
        body, error = await self.ask(tool, **arguments)
        if error:
            raise DemoError(f"{tool}: {body.get('code')}: {body.get('message')} {body.get('fix', '')}")
        return body

    async def ask(self, tool: str, **arguments: Any) -> tuple[dict[str, Any], bool]:
        """The structured answer, and whether it is an error."""
        result = await self.client.call_tool(tool, arguments)
        return dict(result.structured_content or {}), bool(result.is_error)


async def _look(agent: _Agent, show: _Show) -> str:
    able = await agent.call("get_capabilities")
    tools = [tool.name for tool in (await agent.client.list_tools()).tools]
    show.step(
        "An agent connects",
        [
            f"MCP {agent.client.protocol_version} over stdio, {len(tools)} tools",
            f"mode {able['mode']}, venue {able['venue']}, environment {able['environment']}: no real money",
        ],
        {"protocol": agent.client.protocol_version, "tools": len(tools), "mode": able["mode"]},
    )
    book = await agent.call("get_orderbook", instrument=INSTRUMENT, depth=3)
    ask, bid = book["asks"][0], book["bids"][0]
    show.step(
        f"It looks at {INSTRUMENT}",
        [
            *(f"{level['price']:>12}  {level['size']}  ask" for level in reversed(book["asks"])),
            *(f"{level['price']:>12}  {level['size']}  bid" for level in book["bids"]),
        ],
        {"best_bid": bid["price"], "best_ask": ask["price"], "spread": book.get("spread")},
    )
    return str(bid["price"])


async def _trade(agent: _Agent, show: _Show, price: str) -> None:
    order = {
        "instrument": INSTRUMENT,
        "side": "BUY",
        "order_type": "LIMIT",
        "size": SIZE,
        "price": price,
        "post_only": True,
        "reason": "demo: join the best bid",
    }
    preview = await agent.call("check_trade_risk", **order)
    show.step(
        f"It previews: buy {SIZE} at {price}",
        [preview["summary"], f"value {preview.get('notional')}, estimated fee {preview.get('estimated_fee')}"],
        {"allowed": preview["allowed"], "notional": preview.get("notional")},
    )
    stream = await agent.call("subscribe", channel="own_orders")
    placed = await agent.call("place_order", **order)
    show.step("It places the order", [placed["summary"]], {"status": placed["order"]["status"]})
    filled, seen = await _filled(agent, placed["order"]["id"], stream)
    average = filled["order"]["average_price"]
    show.step(
        "The market moves, and the order fills",
        [*seen, filled["summary"]],
        {"status": filled["order"]["status"], "filled": filled["order"]["filled_size"], "average_price": average},
    )


async def _filled(agent: _Agent, order_id: str, stream: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The order when it is filled, and what its stream said meanwhile."""
    seen: list[str] = []
    cursor = stream["cursor"]
    for _ in range(PATIENCE):
        events = await agent.call(
            "wait_for_event", subscription=stream["subscription"], cursor=cursor, timeout=0, limit=100
        )
        cursor = events["cursor"]
        seen += [
            f"{e['kind']}: {e['order']['filled_size']} of {e['order']['size']}"
            for e in events["events"]
            if e["event"] == "order" and e["order"]["id"] == order_id
        ]
        status = await agent.call("get_order_status", order_id=order_id)
        if status["order"]["status"] == "FILLED":
            return status, seen
        await agent.call("advance_market", seconds=1)
    raise DemoError(f"The order did not fill within {PATIENCE} s of simulated time.")


async def _reckon(agent: _Agent, show: _Show) -> None:
    await agent.call("advance_market", seconds=5)
    metrics = await agent.call("calculate_position_metrics", instrument=INSTRUMENT, size=SIZE, **await _entry(agent))
    lines = [
        f"{p['instrument']}: {p['size']}, profit {p.get('unrealized_pnl', '?')} open, {p['realized_pnl']} realized"
        for p in (await agent.call("get_positions"))["positions"]
    ]
    lines.append(f"sold at {metrics['exit_price']}, this trade would make {metrics['profit']} before fees")
    show.step("It reads position and profit", lines, {"profit": metrics["profit"], "positions": len(lines) - 1})


async def _entry(agent: _Agent) -> dict[str, Any]:
    """The price of the newest fill, as the entry to reckon from."""
    fills = (await agent.call("get_fills", instrument=INSTRUMENT, limit=1))["fills"]
    return {"entry_price": fills[0]["price"]}


async def _refused(agent: _Agent, show: _Show) -> None:
    body, error = await agent.ask(
        "place_order", instrument=INSTRUMENT, side="BUY", order_type="MARKET", size="5", reason="demo: far too much"
    )
    if not error:
        raise DemoError("An order beyond the limit was not refused.")
    show.step(
        "It tries to buy far too much, and is refused",
        [f"{body['code']}: {body['message']}", body.get("fix", "")],
        {"code": body["code"], "message": body["message"]},
    )


async def _audit(agent: _Agent, show: _Show) -> None:
    audit = await agent.call("get_audit", limit=5, verify=True)
    if not audit["verified"]:
        raise DemoError(f"The journal does not verify: {audit.get('problem')}")
    show.step(
        "The journal verifies",
        [
            f"{audit['chain_rows']} rows, hash-chained, all in order; the newest:",
            *(f"  {row['kind']} {'' if row['kind'] == 'order' else row['subject']}".rstrip() for row in audit["rows"]),
        ],
        {"verified": audit["verified"], "rows": audit["chain_rows"]},
    )


async def _run(seed: int, show: _Show) -> None:
    from mcp.client.stdio import StdioServerParameters  # noqa: PLC0415

    import mcp  # noqa: PLC0415

    with tempfile.TemporaryDirectory(prefix="venuekit-demo-") as folder:
        config = Path(folder) / "demo.toml"
        config.write_text(_CONFIG.format(folder=Path(folder).as_posix(), seed=seed), encoding="utf-8")
        flags = ["--mode", "shadow", "--config", str(config), "--toolsets", "core,simulation"]
        server = StdioServerParameters(command=sys.executable, args=["-m", SERVER, *flags])
        async with mcp.Client(server, read_timeout_seconds=30) as client:
            agent = _Agent(client)
            price = await _look(agent, show)
            await _trade(agent, show, price)
            await _reckon(agent, show)
            await _refused(agent, show)
            await _audit(agent, show)


def _installed() -> bool:
    from importlib.util import find_spec  # noqa: PLC0415

    return all(find_spec(name) is not None for name in (SERVER, "venuekit_paper"))


def _cause(error: BaseException) -> BaseException:
    """The first error inside groups of groups."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def main(argv: Sequence[str] | None = None) -> int:
    """Run the demo. 0: all went as told; 1: something did not."""
    parser = argparse.ArgumentParser(prog="venuekit demo", description=__doc__)
    parser.add_argument("--seed", type=int, default=7, help="seed of the simulated market; default: 7")
    parser.add_argument("--json", action="store_true", help="one JSON document instead of lines")
    chosen = parser.parse_args(argv)
    if not _installed():
        sys.stderr.write(f"The demo needs the paper server, which is not installed. Run: {INSTALL}\n")
        return FAILED
    from mcp.shared.exceptions import MCPError  # noqa: PLC0415

    show = _Show(as_json=chosen.json)
    try:
        asyncio.run(_run(chosen.seed, show))
    except (ExceptionGroup, DemoError, OSError, MCPError) as wrong:
        sys.stderr.write(f"The demo failed: {_cause(wrong)}\n")
        return FAILED
    if chosen.json:
        sys.stdout.write(json.dumps({"seed": chosen.seed, "steps": show.steps}, indent=2) + "\n")
    elif show.console is not None:
        show.console.print(
            f"[green]Done.[/] Next: {_own_name()} client install claude-desktop --server paper --mode shadow",
            soft_wrap=True,
        )
    return 0


def _own_name() -> str:
    """The command as the user can type it: by its path where it lives in this folder, as in a checkout."""
    script = Path(sys.argv[0]).absolute()
    return str(script.relative_to(Path.cwd())) if script.is_relative_to(Path.cwd()) else "venuekit"
