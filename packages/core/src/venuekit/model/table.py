"""A table of plain data as an attrs class: text is read as its type, and every mistake is named by its place.

Fields say in their metadata what they are (``doc``) and what range they have (`SHARE`, `POSITIVE`, `SIGNED`).
"""

from __future__ import annotations

import difflib
import re
import types
import typing
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from enum import Enum
from math import isfinite
from typing import Any, TypeVar

import attrs

from venuekit.errors import ConfigError, InvalidValue
from venuekit.model.money import parse_decimal
from venuekit.model.rate import Rate, rates_of

SHARE = "share"
POSITIVE = "positive"
SIGNED = "signed"
_WORDS = ("key", "secret", "token", "pass", "mnemonic", "credential", "cookie")
T = TypeVar("T")


def read_table(table: Mapping[str, Any], as_type: type[T], place: str, where: str = "configuration") -> T:
    """`table` as an instance of the attrs class `as_type`; `place` is its name (``venues.coinbase``).

    Raises:
        ConfigError: an unknown key, a value of the wrong type or out of range, a missing one; names its place.
    """
    read: T = structured(table, as_type, place, where)
    return read


def is_secret(name: str) -> bool:
    """Whether a setting of this name holds a secret, so that its value is never shown."""
    return any(word in name.lower() for word in _WORDS)


def mistake(place: str, where: str, value: Any, accepted: str) -> ConfigError:
    """The error for `value` at `place` (``risk.price_collar``) of `where` (a file, or a variable)."""
    shown = "not that" if is_secret(place.rpartition(".")[2]) else repr(value)[:60]
    return ConfigError(
        f"{where}: {place} is {shown}; it must be {accepted}.", field=place, details={"accepted": accepted}
    )


def accepted(field: attrs.Attribute[Any], value: Any) -> str | None:
    """What would be accepted instead of `value`; None when it is in range."""
    values = value.values() if isinstance(value, Mapping) else (value,)
    numbers = [v for v in values if isinstance(v, Decimal | int | float) and not isinstance(v, bool)]
    if not all(isfinite(n) for n in numbers):
        return "a finite number"
    if field.metadata.get(POSITIVE) and any(n <= 0 for n in numbers):
        return "more than 0"
    if field.metadata.get(SHARE) and any(not 0 <= n <= 1 for n in numbers):
        return 'a share from 0 to 1, such as "0.05" for 5 %'
    below = any(n < 0 for n in numbers) and not field.metadata.get(SIGNED)
    return "0 or more" if below else None


def structured(value: Any, tp: Any, place: str, where: str) -> Any:
    """`value` as `tp`, or a ConfigError that names `place`. Text from the environment is read as its type."""
    origin, arguments = typing.get_origin(tp), typing.get_args(tp)
    if tp is Any:
        return value
    if origin in (typing.Union, types.UnionType):
        return _optional(value, next(a for a in arguments if a is not type(None)), place, where)
    if attrs.has(tp):
        return _table(value, tp, place, where)
    if origin in (Mapping, dict):
        if not isinstance(value, Mapping):
            raise mistake(place, where, value, "a table")
        return {str(k): structured(v, arguments[1], f"{place}.{k}", where) for k, v in value.items()}
    if origin is Sequence and arguments[0] is Rate:
        return _rates(value, place, where)
    if origin is Sequence:
        if isinstance(value, str):
            value = [part.strip() for part in value.split(",") if part.strip()]
        if not isinstance(value, list):
            raise mistake(place, where, value, "a list")
        if "" in value:
            raise mistake(f"{place}[{value.index('')}]", where, "", "text that is not empty")
        return tuple(structured(v, arguments[0], f"{place}[{i}]", where) for i, v in enumerate(value))
    return _scalar(value, tp, place, where)


def _rates(value: Any, place: str, where: str) -> Sequence[Rate]:
    try:
        return rates_of(value)
    except InvalidValue as error:
        raise mistake(place, where, value, f"{error.details['accepted']}; or off") from error


def _optional(value: Any, tp: Any, place: str, where: str) -> Any:
    """A limit may be switched off, by that word: an empty text is more likely a variable that nobody set."""
    if value == "off" and tp in (Decimal, int, float):
        return None
    try:
        return structured(value, tp, place, where)
    except ConfigError as error:
        if tp in (Decimal, int, float) and error.field == place:
            raise mistake(place, where, value, f"{error.details['accepted']}, or off") from error
        raise


def _table(value: Any, tp: Any, place: str, where: str) -> Any:
    if not isinstance(value, Mapping):
        raise mistake(place or "the file", where, value, "a table")
    attrs.resolve_types(tp)
    fields = {f.name: f for f in attrs.fields(tp)}
    for key in value:
        if key not in fields:
            near = difflib.get_close_matches(str(key), fields, n=1)
            full = f"{place}.{key}" if place else str(key)
            known = ", ".join(sorted(fields))
            raise ConfigError(
                f"{where}: unknown key {full}.",
                fix=f"Did you mean {near[0]}?" if near else f"Known here: {known}.",
                field=full,
                details={"accepted": sorted(fields)},
            )
    prefix = f"{place}." if place else ""
    given = {k: structured(v, fields[k].type, f"{prefix}{k}", where) for k, v in value.items()}
    for key, read in given.items():
        if (range_ := accepted(fields[key], read)) is not None:
            raise mistake(f"{prefix}{key}", where, value[key], range_)
    missing = [n for n, f in fields.items() if f.default is attrs.NOTHING and n not in given]
    if missing:
        raise ConfigError(f"{where}: {prefix}{missing[0]} is required.", field=f"{prefix}{missing[0]}")
    return tp(**given)


def _scalar(value: Any, tp: Any, place: str, where: str) -> Any:
    if tp is Decimal:
        if isinstance(value, Decimal) and value.is_finite():
            return value  # a table made in code
        if isinstance(value, int) and not isinstance(value, bool):
            return Decimal(value)
        if isinstance(value, float):
            raise mistake(place, where, value, f'a decimal in quotes, so that no digit is lost: "{value}"')
        try:
            return parse_decimal(value, field=place)
        except InvalidValue as error:
            raise mistake(place, where, value, str(error.details["accepted"])) from error
    if isinstance(tp, type) and issubclass(tp, Enum):
        words = [str(m.value) for m in tp]
        if isinstance(value, str) and value in words:
            return tp(value)
        raise mistake(place, where, value, f"exactly one of {', '.join(words)}")
    if tp is bool:
        if isinstance(value, bool):
            return value
        if value in ("true", "false"):
            return value == "true"
        raise mistake(place, where, value, "true or false")
    if tp in (int, float):
        return _number(value, tp, place, where)
    if isinstance(value, datetime):  # TOML's own; without a zone it is refused where a time is wanted
        return value.isoformat()
    if isinstance(value, str):
        return str(value)
    raise mistake(place, where, value, "text in quotes")


_DIGITS = {int: re.compile(r"[0-9]{1,15}"), float: re.compile(r"[0-9]{1,15}(\.[0-9]{1,15})?")}


def _number(value: Any, tp: type[int | float], place: str, where: str) -> int | float:
    accepted = "a whole number of 0 or more" if tp is int else "a number of 0 or more"
    if isinstance(value, str):
        if not _DIGITS[tp].fullmatch(value):
            raise mistake(place, where, value, accepted)
        value = tp(value)
    if isinstance(value, bool) or not isinstance(value, int if tp is int else int | float) or not 0 <= value < 1e15:
        raise mistake(place, where, value, accepted)
    return tp(value)
