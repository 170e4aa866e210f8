"""Every circuit breaker there is: what it leads to, and whether it may recover by itself."""

from __future__ import annotations

import attrs

from venuekit.protocols.risk import TradingState


@attrs.frozen
class Kind:
    """One breaker. `leads_to` HALTED lets cancels go only, REDUCING also orders that make a position smaller."""

    name: str
    leads_to: TradingState
    recovers: bool = True


_HALTED, _REDUCING = TradingState.HALTED, TradingState.REDUCING

#: Where it is not known what the venue does, or what is held, or nothing can be recorded: nothing goes. Where only
#: more risk must be kept out, a position may still be closed. A loss is no fault that passes: it waits for a person.
ERROR_RATE = Kind("error_rate", _HALTED)
LATENCY = Kind("latency", _HALTED)
STALE_DATA = Kind("stale_data", _HALTED)
REJECT_RATE = Kind("reject_rate", _HALTED)
HEALTH = Kind("health", _HALTED)
DISK = Kind("disk", _HALTED)
CPU = Kind("cpu", _REDUCING)
MEMORY = Kind("memory", _REDUCING)
DAILY_LOSS = Kind("daily_loss", _REDUCING, recovers=False)
DRAWDOWN = Kind("drawdown", _REDUCING, recovers=False)

KINDS = (ERROR_RATE, LATENCY, STALE_DATA, REJECT_RATE, HEALTH, DISK, CPU, MEMORY, DAILY_LOSS, DRAWDOWN)
