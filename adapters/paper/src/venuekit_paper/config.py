"""The ``[venues.paper]`` table: every option of the paper exchange."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import attrs

from venuekit.adapter import (
    CALLS,
    ConfigError,
    EndpointClass,
    InvalidValue,
    Rate,
    is_multiple,
    parse_decimal,
    plain,
    rates_of,
)
from venuekit_paper.instruments import default_instruments

D = Decimal


@attrs.frozen(kw_only=True)
class PaperOptions:
    """How the simulated market runs, what accounts start with, and what is kept."""

    seed: int = attrs.field(
        default=7,
        metadata={
            "doc": "The market's random seed, 0 or more: the same seed and the same orders give the same market."
        },
    )
    pace: str = attrs.field(
        default="realtime",
        metadata={"doc": "realtime: the market moves with the clock. manual: it moves only when it is advanced."},
    )
    tick_interval_ms: int = attrs.field(default=250, metadata={"doc": "Milliseconds between two moves of the market."})
    start_time_ns: int = attrs.field(
        default=1_767_225_600_000_000_000,
        metadata={"doc": "Where time begins in manual pace, UTC nanoseconds; 0 is the time of the first start."},
    )
    initial_balances: Mapping[str, Decimal] = attrs.field(
        factory=lambda: {"USD": D(100_000), "BTC": D(1), "ETH": D(10)},
        metadata={
            "doc": "What a new account holds, by asset (USD, BTC, ETH, SOL): a table, or text in the manner of the "
            "default. An account that exists keeps what it has."
        },
    )
    maker_fee: Decimal = attrs.field(
        default=D("0.0005"), metadata={"doc": "Share of notional that a resting order pays (0.001 is 0.1 %)."}
    )
    taker_fee: Decimal = attrs.field(
        default=D("0.001"), metadata={"doc": "Share of notional that an immediate order pays."}
    )
    persist: bool = attrs.field(
        default=True, metadata={"doc": "Keep accounts, orders and the market over restarts, in the data folder."}
    )
    latency_ms: int = attrs.field(
        default=0, metadata={"doc": "Milliseconds that a request takes to reach the exchange."}
    )
    on_locked: str = attrs.field(
        default="refuse",
        metadata={
            "doc": "When another process has the account open: refuse, or next, which takes the next free account "
            "(NAME-2, NAME-3, ...) and says so in the log and in the profile."
        },
    )
    rates: Mapping[str, Sequence[Rate]] = attrs.field(
        factory=dict,
        metadata={
            "doc": "How often it may be called: rates such as 5/1s by class (public, private, orders, cancels) or by "
            "a call's name. What is more is refused with RATE_LIMITED, as venues do."
        },
    )
    declare_rates: bool = attrs.field(
        default=True,
        metadata={"doc": "Whether desks know those rates and keep to them, or learn them by being refused."},
    )


_CHOICES = {"pace": ("realtime", "manual"), "on_locked": ("refuse", "next")}
_RANGES = {
    "seed": (0, 2**63),
    "tick_interval_ms": (1, 3_600_000),
    "start_time_ns": (0, 2**62),
    "latency_ms": (0, 60_000),
}
#: The largest value and the most decimal places, of a fee and of a balance.
_FEE = (D("0.5"), 12)
_BALANCE = (D(10) ** 15, 8)


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
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 20:
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise _bad(place, f"a whole number from {low} to {high}")
        return value
    if key == "rates":
        return _rates(value, place)
    if key in ("persist", "declare_rates"):
        if isinstance(value, str) and value in ("true", "false"):
            return value == "true"
        if not isinstance(value, bool):
            raise _bad(place, "true or false")
        return value
    if key == "initial_balances":
        return _balances(value, place)
    return _amount(value, place, *_FEE)


def _balances(value: Any, place: str) -> dict[str, Decimal]:
    """Amounts by asset, from a table or from text such as ``USD 100000, BTC 1``, which fits an environment variable."""
    assets = sorted({asset for i in default_instruments() if not i.complement for asset in (i.base, i.quote)})
    accepted = f"amounts of {', '.join(assets)}, as a table or as text such as 'USD 100000, BTC 1'"
    pairs: list[list[Any]] = []
    if isinstance(value, str):
        pairs = [entry.split() for entry in value.split(",") if entry.strip()]
    elif isinstance(value, Mapping):
        pairs = [[str(asset), amount] for asset, amount in value.items()]
    else:
        raise _bad(place, accepted)
    found: dict[str, Decimal] = {}
    for pair in pairs:
        asset = pair[0].upper()  # a variable's name, and so a table made of one, has no case
        if len(pair) != 2 or asset not in assets or asset in found:
            raise _bad(place, accepted)
        found[asset] = _amount(pair[1], f"{place}.{asset}", *_BALANCE)
    return found


def _rates(value: Any, place: str) -> dict[str, Sequence[Rate]]:
    """Rates by class or call, from a table."""
    known = (*EndpointClass, *CALLS)
    if not isinstance(value, Mapping) or not set(value) <= set(known):
        raise _bad(place, "a table of rates, by public, private, orders, cancels or the name of a call")
    found: dict[str, Sequence[Rate]] = {}
    for name, given in value.items():
        try:
            found[name] = rates_of(given)
        except InvalidValue as error:
            raise _bad(f"{place}.{name}", str(error.details["accepted"])) from error
    return found


def _choice(value: Any, words: tuple[str, ...], place: str) -> str:
    if value not in words:
        raise _bad(place, f"one of {', '.join(words)}")
    return str(value)


def _amount(value: Any, place: str, most: Decimal, digits: int) -> Decimal:
    accepted = f"a decimal string from 0 to {plain(most)} with at most {digits} decimal places"
    if isinstance(value, int) and not isinstance(value, bool):
        value = D(value)
    if not isinstance(value, Decimal):
        try:
            value = parse_decimal(value, field=place)
        except InvalidValue as error:
            raise _bad(place, accepted) from error
    amount: Decimal = value
    if not amount.is_finite() or not 0 <= amount <= most or not is_multiple(amount, D(1).scaleb(-digits)):
        raise _bad(place, accepted)
    return amount


def _bad(place: str, accepted: str) -> ConfigError:
    return ConfigError(f"{place} must be {accepted}.", field=place, details={"accepted": accepted})
