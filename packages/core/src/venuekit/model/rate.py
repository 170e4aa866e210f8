"""How often something may be called: so many times in any stretch of so many seconds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from math import isfinite

import attrs

from venuekit.errors import InvalidValue

_ACCEPTED = "more than 0 calls in a time: 30/1s, 9000/10s, 36000/10m burst 500, or a number for a second's"
_TEXT = re.compile(r"([0-9]{1,9})\s*/\s*([0-9]{1,6}(?:\.[0-9]{1,6})?)?\s*(ms|s|m|h)(?:\s+burst\s+([0-9]{1,9}))?")
_NUMBER = re.compile(r"[0-9]{1,9}(\.[0-9]{1,6})?")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def _wrong(given: object) -> InvalidValue:
    return InvalidValue(
        f"{str(given)[:60]!r} is not a rate.",
        fix=f"Give {_ACCEPTED}.",
        field="rate",
        details={"accepted": _ACCEPTED},
    )


@attrs.frozen
class Rate:
    """At most `calls` in any `seconds`: up to `burst` of them at once, the others spread evenly over that time.

    Without a `burst` a tenth of the calls may go at once, and at least one. Several rates of one thing hold
    together: 9,000 in 10 s and 30,000 in 60 s, say.

    Raises:
        InvalidValue: less than one call, no time, or a burst of more than all calls.
    """

    calls: int
    seconds: float = 1.0
    burst: int = 0

    def __attrs_post_init__(self) -> None:
        if self.calls < 1 or not (isfinite(self.seconds) and self.seconds > 0) or not 0 <= self.burst <= self.calls:
            raise _wrong(f"{self.calls}/{self.seconds}s burst {self.burst}")

    @property
    def at_once(self) -> int:
        """How many may go at the same moment."""
        return self.burst or max(1, self.calls // 10)

    @property
    def per_second(self) -> float:
        """How fast a slot comes free after a burst, so that burst and all that follows keep within `calls`."""
        return (self.calls + 1 - self.at_once) / self.seconds

    def __str__(self) -> str:
        told = f"{self.calls}/{self.seconds:g}s"
        return f"{told} burst {self.burst}" if self.burst else told

    @classmethod
    def per(cls, number: float) -> Rate:
        """So many a second, fractions too: 0.1 is one in ten seconds. Raises InvalidValue."""
        if isinstance(number, bool) or not isfinite(number) or not 0 < number <= 1e9:
            raise _wrong(number)
        exact = Fraction(number).limit_denominator(100_000)
        if not exact:
            raise _wrong(number)
        return cls(exact.numerator, float(exact.denominator))

    @classmethod
    def parse(cls, text: str) -> Rate:
        """``30/1s``, ``36000/10m burst 500``, or a plain number for a second's calls. Raises InvalidValue."""
        if _NUMBER.fullmatch(text.strip()):
            return cls.per(float(text))
        match = _TEXT.fullmatch(text.strip())
        if match is None:
            raise _wrong(text)
        calls, count, unit, burst = match.groups()
        try:
            return cls(int(calls), float(count or 1) * _SECONDS[unit], int(burst or 0))
        except InvalidValue:
            raise _wrong(text) from None


def rates_of(value: object) -> tuple[Rate, ...]:
    """Rates from a number, from text with commas (``9000/10s, 30000/60s``), or from a list of either; ``off`` is none.

    Raises:
        InvalidValue: something in it is no rate; `details` has what is accepted.
    """
    if value == "off":
        return ()
    if isinstance(value, Rate):
        return (value,)
    if isinstance(value, str):
        return tuple(Rate.parse(part) for part in value.split(","))
    if isinstance(value, int | float):
        return (Rate.per(value),)
    if isinstance(value, Sequence):
        return tuple(rate for part in value for rate in rates_of(part))
    raise _wrong(value)
