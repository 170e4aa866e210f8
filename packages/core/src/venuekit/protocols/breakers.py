"""What is remembered of circuit breakers, and of the figures from outside that they watch."""

from __future__ import annotations

import attrs

from venuekit.protocols.trading import TradingState


@attrs.frozen(kw_only=True)
class BreakerRecord:
    """A circuit breaker as it is remembered over restarts.

    `leads_to` is what it lets go while it is not CLOSED, `failed_probes` how many failed since it tripped, `warning`
    what is near its limit, `peak` the equity from which a drawdown is measured, `resumes` how often a person had said
    go when it was recorded.
    """

    name: str
    state: str
    reason: str = ""
    tripped_ns: int = 0
    recoveries: int = 0
    leads_to: TradingState = TradingState.HALTED
    failed_probes: int = 0
    warning: str = ""
    warned_ns: int = 0
    peak: str = ""
    resumes: int = 0


@attrs.frozen(kw_only=True)
class Figure:
    """A figure from outside as it was last reported: a decimal number, or ``unknown``. `desk` is '' for every desk."""

    desk: str = ""
    name: str
    value: str
    by: str
    time_ns: int
