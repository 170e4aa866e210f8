"""Every risk parameter: its value, where it comes from, which check enforces it, how often it refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import attrs

from venuekit.desk.risk.verdicts import text
from venuekit.settings.schema import DeskConfig, HoursWindow

_RISK = {
    "max_order_notional": "max_order_notional",
    "price_collar": "price_collar",
    "max_position_size": "max_position",
    "max_position_notional": "max_position",
    "max_position_share": "max_position",
    "max_open_orders": "max_open_orders",
    "max_gross_exposure": "max_exposure",
    "max_net_exposure": "max_exposure",
    "max_orders_per_minute": "order_rate",
    "max_daily_loss": "daily_loss",
    "max_daily_loss_share": "daily_loss",
    "shared_max_gross_exposure": "shared_exposure",
    "shared_max_daily_loss": "shared_daily_loss",
    "shared_max_orders_per_minute": "shared_order_rate",
    "check_balance": "balance",
    "max_spread": "spread_liquidity",
    "min_liquidity_share": "spread_liquidity",
    "allowed_instruments": "allowed_instruments",
    "denied_instruments": "allowed_instruments",
    "duplicate_window_seconds": "duplicate_order",
    "require_reduce_only_when_reducing": "reduce_only",
    "max_quote_age_seconds": "price_collar",
    "max_clock_skew_seconds": "clock_skew",
    "round_orders": "validation",
}


@attrs.frozen
class Parameter:
    """One setting. `source` is default, file or environment; `refused_count` is of the check that enforces it."""

    name: str
    value: str
    source: str
    enforced_by: str
    refused_count: int
    doc: str = ""


def explain(
    config: DeskConfig, *, sources: Mapping[str, str] | None = None, refused: Mapping[str, int] | None = None
) -> list[Parameter]:
    """Every parameter of [risk], [approval], [breakers] and [[hours]].

    `sources` maps ``table.key`` to where the value was set; what it does not name is a default if it has the
    default's value, else it was given in code. `refused` counts refusals by the name of the check.
    """
    rows = _table("risk", config.risk, _RISK, sources or {}, refused or {})
    rows += _table("approval", config.approval, {}, sources or {}, refused or {})
    rows += _table("breakers", config.breakers, {}, sources or {}, refused or {})
    for number, window in enumerate(config.hours):
        rows += _window(f"hours[{number}]", window, sources or {}, refused or {})
    return rows


def _table(
    table: str, settings: Any, checks: Mapping[str, str], sources: Mapping[str, str], refused: Mapping[str, int]
) -> list[Parameter]:
    standard = type(settings)()
    rows = []
    for field in attrs.fields(type(settings)):
        name, value = f"{table}.{field.name}", getattr(settings, field.name)
        source = sources.get(name) or ("default" if value == getattr(standard, field.name) else "code")
        check = checks.get(field.name, table)
        rows.append(Parameter(name, shown(value), source, check, refused.get(check, 0), field.metadata.get("doc", "")))
    return rows


def _window(place: str, window: HoursWindow, sources: Mapping[str, str], refused: Mapping[str, int]) -> list[Parameter]:
    given = {key: source for key, source in sources.items() if key.startswith(place)}
    rows = _table(place, window, {f.name: "trading_hours" for f in attrs.fields(HoursWindow)}, given, refused)
    return [attrs.evolve(r, source=sources[place]) if r.name not in given and place in sources else r for r in rows]


def shown(value: object) -> str:
    """A setting's value for people."""
    if value is None:
        return "off"
    if isinstance(value, Decimal):
        return text(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} = {shown(part)}" for key, part in sorted(value.items())) or "none"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(str(part) for part in value) or "none"
    return str(value)
