"""The adapter author's tutorial shows the whole toy venue, and an agent trades on it."""

from __future__ import annotations

import ast
import importlib.util
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from runs import contract_of

import mcp
from venuekit import open_desk, registry
from venuekit.cli.app import build
from venuekit.protocols.approver import Caller, Mode, Role
from venuekit.settings.schema import DeskConfig, DeskSettings, StoreSettings
from venuekit.testing.contract.behaviours import BEHAVIOURS
from venuekit_mcp import build_server
from venuekit_mcp.generate import generated

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/tutorials/adapter-author.md"
CODE = ROOT / "docs/tutorials/adapter/toyvenue/src/venuekit_toy/__init__.py"
LINES = CODE.read_text(encoding="utf-8").splitlines()
INCLUDE = re.compile(r"^```\{literalinclude\} (\S+)\n((?::[\w-]+:.*\n)+)```$", re.MULTILINE)


def pieces() -> list[dict[str, str]]:
    found = []
    for path, options in INCLUDE.findall(PAGE.read_text(encoding="utf-8")):
        assert (PAGE.parent / path).is_file(), path
        if path.endswith("__init__.py"):
            found.append(dict(re.findall(r":([\w-]+): (.*)", options)))
    return found


def shown(piece: dict[str, str]) -> range:
    """The numbers of the lines that a piece shows, counted from 0."""
    if "pyobject" in piece:
        body: list[ast.stmt] = ast.parse("\n".join(LINES)).body
        for name in piece["pyobject"].split("."):
            [node] = [
                n
                for n in body
                if isinstance(n, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and n.name == name
            ]
            body = node.body
        first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
        assert node.end_lineno is not None
        return range(first - 1, node.end_lineno)
    begin = next(number for number, line in enumerate(LINES) if piece["start-at"] in line)
    end = piece.get("end-before")
    stop = next((n for n in range(begin, len(LINES)) if end and end in LINES[n]), None)
    assert (stop is None) == (end is None), f"{end!r} is not in the code"
    return range(begin, len(LINES) if stop is None else stop)


def test_the_page_shows_every_line_of_the_code_in_its_order() -> None:
    covered = {number for piece in pieces() for number in shown(piece)}
    assert [line for number, line in enumerate(LINES) if number not in covered and line][1:] == []
    starts = [shown(piece).start for piece in pieces()]
    assert len(set(starts)) == len(starts)


def test_the_code_is_a_page_long() -> None:
    assert len(LINES) < 150


def test_the_guarantee_that_the_page_breaks_is_named_as_it_says() -> None:
    code = CODE.read_text(encoding="utf-8")
    broken = code.replace("if old is not None:", "if False:")
    assert broken != code
    module = ModuleType("venuekit_toy")
    exec(compile(broken, str(CODE), "exec"), vars(module))
    run = contract_of(module.factory, [name for name in BEHAVIOURS if name.startswith("IDE")])
    assert sorted(run.score.failed) == ["IDE-01", "IDE-02", "IDE-03", "IDE-04", "IDE-05"]


def commands() -> list[str]:
    return re.findall(r"^\$ (venuekit .*)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize("line", commands())
def test_a_command_that_the_page_shows_is_one(line: str) -> None:
    app = build()
    command, _, _ = app.parse_args(line.split()[1:], exit_on_error=False, print_error=False)
    assert command is not app.default_command


@pytest.fixture
def toy() -> Iterator[ModuleType]:
    spec = importlib.util.spec_from_file_location("venuekit_toy", CODE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    registry.register(module.factory)
    yield module
    registry.unregister("toy")
    del sys.modules[spec.name]


def test_the_generator_writes_a_server_with_what_the_toy_can(toy: ModuleType) -> None:
    tools = generated("toy")["tools.json"]
    assert '"place_order"' in tools
    assert '"amend_order"' not in tools


@pytest.mark.anyio
async def test_an_agent_trades_on_the_toy_through_its_server(toy: ModuleType, tmp_path: Path) -> None:
    config = DeskConfig(
        desk=DeskSettings(venue="toy", mode=Mode.SHADOW, data_dir=str(tmp_path)), store=StoreSettings(url="sqlite://")
    )
    agent = Caller(agent_id="agent", role=Role.TRADER, source="mcp-stdio")
    order: dict[str, Any] = {
        "instrument": "TOY-USD",
        "side": "BUY",
        "order_type": "LIMIT",
        "size": "2",
        "reason": "try",
    }
    async with open_desk(config, environ={}) as desk, mcp.Client(build_server(desk, caller=agent)) as client:
        listed = {tool.name for tool in (await client.list_tools()).tools}
        assert {"place_order", "get_balances"} <= listed
        assert not {"amend_order", "cancel_all_orders", "get_historical_candles"} & listed
        bought = await client.call_tool("place_order", {**order, "price": "101", "time_in_force": "IOC"})
        assert not bought.is_error, bought
        refused = await client.call_tool("place_order", {**order, "price": "101.005"})
        assert refused.is_error
        assert "101.01" in refused.model_dump_json()
        held = await client.call_tool("get_balances", {})
        assert {b["asset"]: b["total"] for b in held.structured_content["balances"]} == {"TOY": "2", "USD": "9797.798"}


@pytest.mark.anyio
async def test_the_server_that_the_page_makes_is_the_toys(
    toy: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    [code] = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    monkeypatch.setenv("VENUEKIT__DESK__DATA_DIR", str(tmp_path))
    names: dict[str, Any] = {}
    exec(compile(code.replace("anyio.run(main)", ""), str(PAGE), "exec"), names)
    await names["main"]()
    assert capsys.readouterr().out == "venuekit-toy\n"
