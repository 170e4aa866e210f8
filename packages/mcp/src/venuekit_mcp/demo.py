"""``venuekit demo``: a real MCP client trades on the paper exchange through a real server process."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from venuekit_mcp.demo_show import BAD, GOOD, QUIET, Line, Show, money

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


async def _look(agent: _Agent, show: Show) -> str:
    able = await agent.call("get_capabilities")
    tools = [tool.name for tool in (await agent.client.list_tools()).tools]
    show.step(
        "An agent connects",
        [
            Line(f"MCP {agent.client.protocol_version} over stdio, {len(tools)} tools"),
            Line(
                f"mode {able['mode']}, venue {able['venue']}, environment {able['environment']}: no real money", QUIET
            ),
        ],
        {"protocol": agent.client.protocol_version, "tools": len(tools), "mode": able["mode"]},
    )
    book = await agent.call("get_orderbook", instrument=INSTRUMENT, depth=3)
    ask, bid = book["asks"][0], book["bids"][0]
    show.step(
        f"It looks at {INSTRUMENT}",
        show.book(book),
        {"best_bid": bid["price"], "best_ask": ask["price"], "spread": book.get("spread")},
    )
    return str(bid["price"])


async def _trade(agent: _Agent, show: Show, price: str) -> None:
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
        [
            show.good(preview["summary"]) if preview["allowed"] else show.bad(preview["summary"]),
            Line(
                f"worth {money(preview.get('notional'))} USD, fee about {money(preview.get('estimated_fee'))} USD",
                QUIET,
            ),
        ],
        {"allowed": preview["allowed"], "notional": preview.get("notional")},
    )
    stream = await agent.call("subscribe", channel="own_orders")
    placed = await agent.call("place_order", **order)
    show.step("It places the order", [show.good(placed["summary"])], {"status": placed["order"]["status"]})
    filled, seen = await _filled(agent, placed["order"]["id"], stream)
    average = filled["order"]["average_price"]
    show.step(
        "The market moves, and the order fills",
        [*(Line(line, QUIET) for line in seen), show.good(filled["summary"])],
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


async def _reckon(agent: _Agent, show: Show) -> None:
    await agent.call("advance_market", seconds=5)
    held = (await agent.call("get_positions"))["positions"]
    now = next((p for p in held if p["instrument"] == INSTRUMENT), None)
    if now is None:
        raise DemoError("The filled order left no position.")
    metrics = await agent.call("calculate_position_metrics", instrument=INSTRUMENT)
    profit = metrics["profit"]
    show.step(
        "It reads position and profit",
        [
            Line(f"{now['size']} {INSTRUMENT}, bought at {money(now['average_entry_price'])}"),
            Line(f"worth {money(metrics['notional'])} USD now, fees paid {money(now['fees_paid'])} USD", QUIET),
            Line(f"profit if sold now: {money(profit)} USD", BAD if Decimal(profit) < 0 else GOOD),
        ],
        {"profit": profit, "size": now["size"], "positions": len(held)},
    )


async def _refused(agent: _Agent, show: Show) -> None:
    body, error = await agent.ask(
        "place_order", instrument=INSTRUMENT, side="BUY", order_type="MARKET", size="5", reason="demo: far too much"
    )
    if not error:
        raise DemoError("An order beyond the limit was not refused.")
    show.step(
        "It tries to buy far too much, and is refused",
        [show.bad(f"{body['code']}: {body['message']}"), Line(body.get("fix", ""), QUIET)],
        {"code": body["code"], "message": body["message"]},
    )


async def _audit(agent: _Agent, show: Show) -> None:
    audit = await agent.call("get_audit", limit=5, verify=True)
    if not audit["verified"]:
        raise DemoError(f"The journal does not verify: {audit.get('problem')}")
    show.step(
        "The journal holds all of it, and verifies",
        [show.good(f"{audit['chain_rows']} rows in one hash chain: each call, order, fill and refusal")],
        {"verified": audit["verified"], "rows": audit["chain_rows"]},
    )


async def _run(seed: int, show: Show) -> None:
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
    parser.add_argument("--seed", type=int, default=4, help="seed of the simulated market; default: 4")
    parser.add_argument("--json", action="store_true", help="one JSON document instead of lines")
    chosen = parser.parse_args(argv)
    if not _installed():
        sys.stderr.write(f"The demo needs the paper server, which is not installed. Run: {INSTALL}\n")
        return FAILED
    from mcp.shared.exceptions import MCPError  # noqa: PLC0415

    show = Show(as_json=chosen.json)
    started = time.perf_counter()
    try:
        asyncio.run(_run(chosen.seed, show))
    except (ExceptionGroup, DemoError, OSError, MCPError) as wrong:
        sys.stderr.write(f"The demo failed: {_cause(wrong)}\n")
        return FAILED
    if chosen.json:
        sys.stdout.write(json.dumps({"seed": chosen.seed, "steps": show.steps}, indent=2) + "\n")
    else:
        show.closing(
            f"[green]Done[/] in {time.perf_counter() - started:.1f} s. Next, in a host of yours: "
            f"{_own_name()} client install claude-desktop --server paper --mode shadow"
        )
    return 0


def _own_name() -> str:
    """The command as the user can type it: by its path where it lives in this folder, as in a checkout."""
    script = Path(sys.argv[0]).absolute()
    return str(script.relative_to(Path.cwd())) if script.is_relative_to(Path.cwd()) else "venuekit"
