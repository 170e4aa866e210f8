"""The list of checks that a configuration asks for, and running it."""

from __future__ import annotations

from collections.abc import Sequence

from venuekit import errors
from venuekit.desk.risk import gates, order_limits, portfolio_limits
from venuekit.desk.risk.hours import Hours
from venuekit.desk.risk.verdicts import unknown
from venuekit.errors import VenuekitError
from venuekit.protocols.risk import Proposal, RiskCheck, RiskView, Verdict
from venuekit.settings.schema import RiskSettings

_ERRORS: dict[str, type[VenuekitError]] = {
    e.code: e
    for e in (
        errors.RiskRefused,
        errors.DataNotTrusted,
        errors.Halted,
        errors.ReduceOnlyState,
        errors.MarketClosed,
        errors.PermissionRefused,
    )
}


def build_checks(settings: RiskSettings, hours: Hours) -> list[RiskCheck]:
    """The checks in the order in which they run: whether to trade at all, then how much, then at which price."""
    s = settings
    checks: list[RiskCheck] = [gates.TradingStateCheck()]
    if s.allowed_instruments or s.denied_instruments:
        checks.append(gates.AllowedInstruments(s.allowed_instruments, s.denied_instruments))
    if hours.configured:
        checks.append(gates.TradingHours(hours))
    checks.append(gates.ReduceOnly(s.require_reduce_only_when_reducing))
    if s.duplicate_window_seconds > 0:
        checks.append(gates.DuplicateOrder(s.duplicate_window_seconds))
    if s.max_orders_per_minute is not None:
        checks.append(gates.OrderRate(s.max_orders_per_minute))
    if s.max_open_orders is not None:
        checks.append(gates.MaxOpenOrders(s.max_open_orders))
    if s.price_collar is not None:
        checks.append(order_limits.PriceCollar(s.price_collar))
    if s.max_order_notional is not None:
        checks.append(order_limits.MaxOrderNotional(s.max_order_notional))
    if s.max_position_size or s.max_position_notional is not None or s.max_position_share is not None:
        checks.append(portfolio_limits.MaxPosition(s.max_position_size, s.max_position_notional, s.max_position_share))
    if s.max_gross_exposure is not None or s.max_net_exposure is not None:
        checks.append(portfolio_limits.MaxExposure(s.max_gross_exposure, s.max_net_exposure))
    if s.max_daily_loss is not None or s.max_daily_loss_share is not None:
        checks.append(portfolio_limits.DailyLoss(s.max_daily_loss, s.max_daily_loss_share))
    if s.max_spread is not None or s.min_liquidity_share is not None:
        checks.append(order_limits.SpreadLiquidity(s.max_spread, s.min_liquidity_share))
    if s.check_balance:
        checks.append(order_limits.BalanceCheck())
    return checks


def run(checks: Sequence[RiskCheck], proposal: Proposal, view: RiskView) -> Verdict | None:
    """The first refusal, or None when all allow."""
    check: RiskCheck
    try:
        for check in checks:
            verdict = check.check(proposal, view)
            if not verdict.allowed:
                return verdict
    except ArithmeticError:
        return _no_figure(check)
    return None


def run_all(checks: Sequence[RiskCheck], proposal: Proposal, view: RiskView) -> list[Verdict]:
    """What every check says, for what-if."""
    verdicts = []
    for check in checks:
        try:
            verdicts.append(check.check(proposal, view))
        except ArithmeticError:
            verdicts.append(_no_figure(check))
    return verdicts


def _no_figure(check: RiskCheck) -> Verdict:
    """A check refuses where arithmetic has no answer, as with a figure that is not a number."""
    return unknown(check.name, "figure that the check needs")


def error_of(verdict: Verdict, *, order_id: str | None = None) -> VenuekitError:
    """The error to raise for a refusal."""
    kind = _ERRORS.get(verdict.code, errors.RiskRefused)
    return kind(
        verdict.message,
        fix=f"Would pass: {verdict.would_pass}." if verdict.would_pass else "",
        details={
            "check": verdict.check,
            "limit": verdict.limit,
            "value": verdict.value,
            "would_pass": verdict.would_pass,
            "reason": verdict.code,
        },
        order_id=order_id,
    )
