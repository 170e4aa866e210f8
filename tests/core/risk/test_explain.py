"""Every setting is explained: value, source, what holds it and where, and whom that refused; none is left out."""

from __future__ import annotations

import ast
import typing
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any

import attrs
import pytest

import venuekit
from venuekit.desk.risk.enforcement import BY_SETTING, BY_TABLE, PARTS, code_of, enforcer
from venuekit.desk.risk.explain import explain
from venuekit.protocols.journal import LimitOverride
from venuekit.settings.lines import lines_of
from venuekit.settings.load import load
from venuekit.settings.schema import AgentSettings, DeskConfig, HoursWindow, RiskSettings

D = Decimal
PACKAGES = Path(venuekit.__file__).parents[4]


def tables(kind: type[Any] = DeskConfig, place: str = "") -> Iterator[tuple[str, type[Any]]]:
    """Every table that a configuration may have, with what a name or a number stands for as ``*``."""
    attrs.resolve_types(kind)
    for field in attrs.fields(kind):
        inner = [a for a in (field.type, *typing.get_args(field.type)) if isinstance(a, type) and attrs.has(a)]
        for table in inner:
            keyed = typing.get_origin(field.type) in (Mapping, Sequence)
            name = f"{place}{field.name}{'.*' if keyed else ''}"
            yield name, table
            yield from tables(table, f"{name}.")


SETTINGS = [
    f"{place}.{field.name}"
    for place, kind in tables()
    for field in attrs.fields(kind)
    if not any(name == f"{place}.{field.name}" or name.startswith(f"{place}.{field.name}.") for name, _ in tables())
]


def read_names() -> set[str]:
    """Every attribute that some code outside of the settings reads."""
    names = set()
    for package in ("packages/core/src", "packages/mcp/src"):
        for file in (PACKAGES / package).rglob("*.py"):
            if "/settings/" in str(file) and file.name in ("schema.py", "windows.py", "principals.py", "overrides.py"):
                continue
            tree = ast.parse(file.read_text(encoding="utf-8"))
            names |= {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
    return names


#: Rates are read by the name of their class of calls.
READ = read_names() | {"public", "private"}


@pytest.mark.parametrize("setting", SETTINGS)
def test_every_setting_is_held_by_something_that_exists(setting: str) -> None:
    by = enforcer(setting)
    assert by, f"{setting}: say in desk/risk/enforcement.py which check or part holds it (BY_SETTING, or BY_TABLE)"
    path = code_of(by)
    assert path, f"{setting} is held by {by}: say in desk/risk/enforcement.py where that is (PARTS)"
    found: Any = None
    parts = path.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            found = import_module(".".join(parts[:cut]))
        except ImportError:
            continue
        for part in parts[cut:]:
            found = getattr(found, part)
        break
    assert found is not None, path


@pytest.mark.parametrize("setting", SETTINGS)
def test_no_setting_is_there_that_no_code_reads(setting: str) -> None:
    name = setting.rpartition(".")[2]
    assert name in READ, f"{setting} is read nowhere outside of settings/: who sets it would limit nothing"


def test_what_holds_settings_names_only_settings_that_there_are() -> None:
    assert set(BY_SETTING) <= set(SETTINGS) | {"venues"}, set(BY_SETTING) - set(SETTINGS)
    assert set(BY_TABLE) == {f.name for f in attrs.fields(DeskConfig)} - {"risk"}, "each limit has a check of its own"
    assert all(code_of(name) for name in {*BY_SETTING.values(), *BY_TABLE.values()})
    assert set(PARTS) <= {*BY_SETTING.values(), *BY_TABLE.values()}


def test_every_limit_of_risk_is_held_by_a_check_of_its_own_or_a_step_of_the_road() -> None:
    for setting in (s for s in SETTINGS if s.startswith("risk.")):
        assert setting in BY_SETTING, f"{setting}: say which check holds it in BY_SETTING of desk/risk/enforcement.py"


def test_explain_lists_every_setting_there_is() -> None:
    config = DeskConfig(hours=(HoursWindow(),), agents={"bot": AgentSettings()})
    rows = {r.name for r in explain(config)}
    for setting in SETTINGS:
        name = setting.replace("hours.*", "hours[0]").replace("agents.*", "agents.bot")
        stem = name.partition(".*")[0]
        assert name in rows or stem in rows, f"{name} is not explained"


def test_a_row_says_value_source_check_code_and_whom_it_refused() -> None:
    config = DeskConfig(risk=RiskSettings(max_order_notional=D("1E+3")))
    rows = {
        r.name: r
        for r in explain(
            config, sources={"risk.max_order_notional": "file x.toml:7"}, refused={"balance": {"bot": 3, "": 1}}
        )
    }
    row = rows["risk.max_order_notional"]
    assert (row.value, row.source, row.enforced_by) == ("1000", "file x.toml:7", "max_order_notional")
    assert row.code == "venuekit.desk.risk.order_limits.MaxOrderNotional.check"
    balance = rows["risk.check_balance"]
    assert (balance.refused_count, balance.refused_agents) == (4, {"bot": 3, "": 1})
    assert rows["risk.price_collar"].source == "default"
    assert rows["risk.max_daily_loss"].value == "off"
    assert rows["agents"].value == "off"


def test_a_changed_limit_says_by_whom_and_what_is_configured() -> None:
    config = DeskConfig(risk=RiskSettings(max_order_notional=D(1000), max_position_size={"BTC-USD": D(2)}))
    changes = [
        LimitOverride(name="max_order_notional", value="500", by="ann", since_ns=10**18),
        LimitOverride(name="max_position_size.BTC-USD", value="1", by="bob", since_ns=10**18, until_ns=2 * 10**18),
        LimitOverride(name="max_open_orders", value="1", by="ann", until_ns=5),
    ]
    rows = {r.name: r for r in explain(config, changes=changes, now_ns=10**18)}
    row = rows["risk.max_order_notional"]
    assert (row.value, row.configured) == ("500", "1000")
    assert row.source.startswith("changed to 500 by ann at 2001-09-09T01:46:40Z; ")
    assert rows["risk.max_position_size"].value == "BTC-USD = 1"
    assert "until 2033" in rows["risk.max_position_size"].source
    assert (rows["risk.max_open_orders"].value, rows["risk.max_open_orders"].configured) == ("200", "")


def test_no_secret_is_explained() -> None:
    config = DeskConfig(agents={"bot": AgentSettings(token_sha256="ab" * 32)})
    rows = {r.name: r.value for r in explain(config)}
    assert rows["agents.bot.token_sha256"] == "set"
    assert "abab" not in str(rows)


FILE = """# limits
[risk]
max_order_notional = "500"
allowed_instruments = [
    "BTC-*",
    # max_open_orders = 3
    "ETH-*",
]
max_open_orders = 7
max_position_size = { BTC-USD = "2" }

[agents."night bot"]
role = "viewer"

[[hours]]
start = "09:00"
"""


def test_a_value_of_a_file_is_told_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "desk.toml"
    file.write_text(FILE, encoding="utf-8")
    sources = load(file, environ={"VENUEKIT__RISK__MAX_OPEN_ORDERS": "9"}).sources
    assert sources["risk.max_order_notional"] == f"file {file}:3"
    assert sources["risk.allowed_instruments"] == f"file {file}:4"
    assert sources["risk.max_open_orders"] == "environment VENUEKIT__RISK__MAX_OPEN_ORDERS"
    assert sources["risk.max_position_size.BTC-USD"] == f"file {file}:10"
    assert sources["hours"] == f"file {file}:15"
    assert lines_of(FILE)["risk.max_open_orders"] == 9
    assert lines_of(FILE)["agents.night bot.role"] == 13
