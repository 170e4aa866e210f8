"""The ``[venues.paper]`` table: every option of the paper exchange."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import attrs

from venuekit.adapter import ConfigError, InvalidValue, parse_decimal

D = Decimal


def _field(doc: str, default: Any) -> Any:
    return attrs.field(default=default, metadata={"doc": doc})


@attrs.frozen(kw_only=True)
class PaperOptions:
    """How the simulated market runs, what accounts start with, and what is kept."""

    seed: int = _field("The market's random seed; the same seed gives the same market.", 7)
    pace: str = _field("realtime: the market moves with the clock; manual: only when advanced.", "realtime")
    tick_interval_ms: int = _field("How much time passes between two moves of the market.", 250)
    start_time_ns: int = _field("Where time begins in manual pace (UTC nanoseconds); 0 is now.", 0)
    initial_balances: Mapping[str, Decimal] = attrs.field(
        factory=lambda: {"USD": D(100_000), "BTC": D(1), "ETH": D(10)},
        metadata={"doc": "What a new account holds."},
    )
    maker_fee: Decimal = _field("Share of notional that a resting order pays.", D("0.0005"))
    taker_fee: Decimal = _field("Share of notional that an immediate order pays.", D("0.001"))
    persist: bool = _field("Keep the exchange over restarts, in the data folder.", True)
    latency_ms: int = _field("Time that each order takes to reach the exchange.", 0)
    on_locked: str = _field(
        "When another process has the account open: refuse, or next for the next free account (NAME-2, …).", "refuse"
    )


_CHOICES = {"pace": ("realtime", "manual"), "on_locked": ("refuse", "next")}
_RANGES = {
    "seed": (0, 2**63),
    "tick_interval_ms": (1, 3_600_000),
    "start_time_ns": (0, 2**62),
    "latency_ms": (0, 60_000),
}


def read_options(table: Mapping[str, Any]) -> PaperOptions:
    """The table as options.

    Raises:
        ConfigError: an unknown key or a bad value, by name.
    """
    known = {f.name for f in attrs.fields(PaperOptions)}
    given: dict[str, Any] = {}
    for key, value in table.items():
        place = f"venues.paper.{key}"
        if key not in known:
            raise ConfigError(f"Unknown key {place}.", fix=f"Known: {', '.join(sorted(known))}.", field=place)
        given[key] = _value(key, value, place)
    return PaperOptions(**given)


def _value(key: str, value: Any, place: str) -> Any:
    if key in _CHOICES:
        return _choice(value, _CHOICES[key], place)
    if key in _RANGES:
        low, high = _RANGES[key]
        if isinstance(value, str) and value.isascii() and value.isdigit():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise _bad(place, f"a whole number from {low} to {high}")
        return value
    if key == "persist":
        if isinstance(value, str) and value in ("true", "false"):
            return value == "true"
        if not isinstance(value, bool):
            raise _bad(place, "true or false")
        return value
    if key == "initial_balances":
        if not isinstance(value, Mapping):
            raise _bad(place, "a table of asset and amount")
        return {str(a): _amount(v, f"{place}.{a}", D(10) ** 15) for a, v in value.items()}
    return _amount(value, place, D("0.5"))


def _choice(value: Any, words: tuple[str, ...], place: str) -> str:
    if value not in words:
        raise _bad(place, f"one of {', '.join(words)}")
    return str(value)


def _amount(value: Any, place: str, most: Decimal) -> Decimal:
    accepted = f"a decimal string from 0 to {most}"
    if isinstance(value, int) and not isinstance(value, bool):
        value = D(value)
    if not isinstance(value, Decimal):
        try:
            value = parse_decimal(value, field=place)
        except InvalidValue as error:
            raise _bad(place, accepted) from error
    if not value.is_finite() or not 0 <= value <= most:
        raise _bad(place, accepted)
    return value


def _bad(place: str, accepted: str) -> ConfigError:
    return ConfigError(f"{place} must be {accepted}.", field=place, details={"accepted": accepted})
