"""Which check or part holds each setting, and where in the code that is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from venuekit.desk.risk import agent_budgets, agent_limits, gates, order_limits, portfolio_limits, shared_limits
from venuekit.desk.risk.verdicts import NamedCheck

#: By setting, with ``*`` for the name of an agent or a figure and for a number; else by table.
BY_SETTING: Mapping[str, str] = {
    "risk.max_order_notional": "max_order_notional",
    "risk.price_collar": "price_collar",
    "risk.max_position_size": "max_position",
    "risk.max_position_notional": "max_position",
    "risk.max_position_share": "max_position",
    "risk.max_open_orders": "max_open_orders",
    "risk.max_gross_exposure": "max_exposure",
    "risk.max_net_exposure": "max_exposure",
    "risk.max_orders_per_minute": "order_rate",
    "risk.max_daily_loss": "daily_loss",
    "risk.max_daily_loss_share": "daily_loss",
    "risk.shared_max_gross_exposure": "shared_exposure",
    "risk.shared_max_daily_loss": "shared_daily_loss",
    "risk.shared_max_orders_per_minute": "shared_order_rate",
    "risk.check_balance": "balance",
    "risk.max_spread": "spread_liquidity",
    "risk.min_liquidity_share": "spread_liquidity",
    "risk.allowed_instruments": "allowed_instruments",
    "risk.denied_instruments": "allowed_instruments",
    "risk.duplicate_window_seconds": "duplicate_order",
    "risk.require_reduce_only_when_reducing": "reduce_only",
    "risk.max_quote_age_seconds": "price_collar",
    "risk.max_clock_skew_seconds": "clock_skew",
    "risk.round_orders": "validation",
    "agents.*.instruments": "agent_instruments",
    "agents.*.max_order_notional": "agent_order_notional",
    "agents.*.max_notional_per_day": "agent_notional_per_day",
    "agents.*.max_orders_per_minute": "agent_orders_per_minute",
    "agents.*.max_orders_per_day": "agent_orders_per_day",
    "agents.*.max_loss_per_day": "agent_loss_per_day",
    "agents.*.calls_per_minute": "admission",
    "pace.agent_calls_per_minute": "admission",
}
BY_TABLE: Mapping[str, str] = {
    "desk": "permission",
    "store": "journal",
    "audit": "journal",
    "approval": "approval",
    "breakers": "circuit_breaker",
    "hours": "trading_hours",
    "pace": "pace",
    "streams": "streams",
    "reconcile": "reconcile",
    "agents": "permission",
    "operators": "credentials",
    "shadow": "simulator",
    "venues": "adapter",
}
#: What holds a setting and is no check of an order.
PARTS: Mapping[str, str] = {
    "admission": "venuekit.desk.admission.Admission",
    "permission": "venuekit.desk.permission.Permission.refusal",
    "validation": "venuekit.model.validation.validate",
    "clock_skew": "venuekit.desk.screening.Screening.check",
    "circuit_breaker": "venuekit.desk.health.Health.refusal",
    "approval": "venuekit.desk.approval.Approvals.people",
    "credentials": "venuekit.settings.credentials",
    "pace": "venuekit.runtime.pace",
    "streams": "venuekit.runtime.subscriptions",
    "reconcile": "venuekit.desk.reconcile.Reconciler.run",
    "journal": "venuekit.journal.open_store",
    "adapter": "venuekit.registry.load_factory",
    "simulator": "venuekit.registry.load_simulator",
}
_MODULES = (agent_budgets, agent_limits, gates, order_limits, portfolio_limits, shared_limits)
_KEYED = re.compile(r"\[[0-9]+\]")


def _checks(kind: type[NamedCheck] = NamedCheck) -> Iterator[type[NamedCheck]]:
    for check in kind.__subclasses__():
        if check.__module__ in {m.__name__ for m in _MODULES} and check.name:
            yield check
        yield from _checks(check)


def enforcer(setting: str) -> str:
    """The name of what holds a setting (``risk.price_collar``, ``agents.bot.role``); empty when nothing does."""
    words = _KEYED.sub("", setting).split(".")
    exact = ".".join(words[:2])
    keyed = ".".join([words[0], "*", *words[2:3]])
    return BY_SETTING.get(exact) or BY_SETTING.get(keyed) or BY_TABLE.get(words[0], "")


def code_of(name: str) -> str:
    """Where the code is that holds a setting, as a dotted path; empty when there is none of this name."""
    found = {check.name: f"{check.__module__}.{check.__qualname__}.check" for check in _checks()}
    return found.get(name) or PARTS.get(name, "")
