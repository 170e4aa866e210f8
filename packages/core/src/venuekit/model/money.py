"""Exact decimal arithmetic: parsing without surprises, rounding only in a named direction.

Python's default decimal context rounds to 28 digits. Everything here uses `EXACT`, wide enough that a
product of two accepted amounts is never rounded, and leaves the host program's context alone.
"""

from __future__ import annotations

import re
from decimal import (
    ROUND_CEILING,
    ROUND_FLOOR,
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DivisionByZero,
    InvalidOperation,
)

from venuekit.errors import InvalidValue

#: Wide enough for any product or sum of accepted amounts; division rounds half-even at 100 digits.
EXACT = Context(prec=100, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation, DivisionByZero])

#: Digits an amount may have before and after the decimal point.
MAX_INTEGER_DIGITS = 24
MAX_FRACTION_DIGITS = 24

ZERO = Decimal(0)
ONE = Decimal(1)

_PLAIN = re.compile(rf"-?[0-9]{{1,{MAX_INTEGER_DIGITS}}}(?:\.[0-9]{{1,{MAX_FRACTION_DIGITS}}})?")
_ACCEPTED = "a plain decimal string such as '0.05': ASCII digits, no exponent, no spaces"


def parse_decimal(text: object, *, field: str) -> Decimal:
    """Read a decimal from text that a person, a model or a venue wrote.

    Only ``-?digits[.digits]`` in ASCII passes: no NaN, Infinity, exponent, sign ``+``, spaces, newline,
    digit separators or other scripts' digits.

    Raises:
        InvalidValue: names `field` and what is accepted.
    """
    if isinstance(text, str) and _PLAIN.fullmatch(text):
        return Decimal(text)
    shown = repr(text)[:60] if isinstance(text, str) else type(text).__name__
    raise InvalidValue(
        f"{field}: {shown} is not a plain decimal.",
        fix=f"Give {_ACCEPTED}.",
        field=field,
        details={"accepted": _ACCEPTED},
    )


def checked_amount(value: object, *, field: str) -> Decimal:
    """Return `value` if it is a finite `Decimal` within the digit limits, of any sign.

    Raises:
        InvalidValue: it is a float, another type, NaN, infinite, or has too many digits.
    """
    if not isinstance(value, Decimal):
        fix = f"Pass Decimal('{value}')." if isinstance(value, int | float) else "Pass a decimal.Decimal."
        raise InvalidValue(
            f"{field} must be a Decimal; {type(value).__name__} loses digits.",
            fix=fix,
            field=field,
            details={"accepted": "decimal.Decimal"},
        )
    if not value.is_finite():
        raise InvalidValue(
            f"{field} must be a finite number; {value} is not.",
            field=field,
            details={"accepted": "a finite decimal"},
        )
    _, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)
    if -exponent > MAX_FRACTION_DIGITS or len(digits) + exponent > MAX_INTEGER_DIGITS:
        raise InvalidValue(
            f"{field} has more than {MAX_INTEGER_DIGITS} integer or {MAX_FRACTION_DIGITS} fraction digits.",
            field=field,
            details={
                "accepted": f"at most {MAX_INTEGER_DIGITS} integer and {MAX_FRACTION_DIGITS} fraction digits",
            },
        )
    return value


def positive_amount(value: object, *, field: str) -> Decimal:
    """`checked_amount`, and more than zero.

    Raises:
        InvalidValue: as `checked_amount`, or zero or negative.
    """
    amount = checked_amount(value, field=field)
    if amount <= 0:
        raise InvalidValue(
            f"{field} must be more than zero; {plain(amount)} is not.",
            field=field,
            details={"accepted": "a decimal greater than 0"},
        )
    return amount


def plain(value: Decimal) -> str:
    """Fixed-point text that keeps every digit: never an exponent, ``-0`` becomes ``0``."""
    text = format(value, "f")
    return text.removeprefix("-") if value.is_zero() else text


def normal(value: Decimal) -> Decimal:
    """The same number without trailing zeros and without a positive exponent."""
    reduced = value.normalize(EXACT)
    _, _, exponent = reduced.as_tuple()
    return reduced.quantize(ONE, context=EXACT) if isinstance(exponent, int) and exponent > 0 else reduced


# Bound methods, because a function of our own around each would cost as much as the arithmetic.

#: a x b, exact.
times = EXACT.multiply
#: a + b, exact.
plus = EXACT.add
#: a - b, exact.
minus = EXACT.subtract
#: a / b at 100 digits, half-even. Raises decimal.DivisionByZero when b is zero.
ratio = EXACT.divide


def is_multiple(value: Decimal, step: Decimal) -> bool:
    """Whether `value` is a whole number of `step` (more than zero)."""
    return EXACT.remainder(value, step).is_zero()


def floor_to(value: Decimal, step: Decimal) -> Decimal:
    """The largest multiple of `step` that is not above `value`."""
    return _round(value, step, ROUND_FLOOR)


def ceil_to(value: Decimal, step: Decimal) -> Decimal:
    """The smallest multiple of `step` that is not below `value`."""
    return _round(value, step, ROUND_CEILING)


def half_even_to(value: Decimal, step: Decimal) -> Decimal:
    """The nearest multiple of `step`; ties go to the even one."""
    return _round(value, step, ROUND_HALF_EVEN)


def _round(value: Decimal, step: Decimal, rounding: str) -> Decimal:
    count = EXACT.divide(value, step).to_integral_value(rounding=rounding, context=EXACT)
    return EXACT.multiply(count, step)
