"""Reading a tool's arguments into its attrs class: every mistake is named by its field, nothing is guessed."""

from __future__ import annotations

import difflib
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Any

import attrs

from venuekit.errors import InvalidValue
from venuekit.model.money import parse_decimal
from venuekit.model.times import parse_iso

#: Longest text of an argument that does not say otherwise, and longest list.
LONGEST = 128
MOST_ITEMS = 50
DECIMAL_PATTERN = r"^-?[0-9]+(\.[0-9]+)?$"
ACCEPTED_CURSOR = "next_cursor or cursor of the previous answer, unchanged"


def argument(
    doc: str,
    default: Any = attrs.NOTHING,
    *,
    longest: int = LONGEST,
    least: int | None = None,
    most: int | None = None,
    iso: bool = False,
) -> Any:
    """A field of an argument class. `iso` marks an ISO 8601 text that is read as UTC nanoseconds."""
    return attrs.field(
        default=default,
        metadata={"doc": doc, "longest": longest, "least": least, "most": most, "iso": iso},
    )


@attrs.frozen(kw_only=True)
class Field:
    """One argument, as the reader and the schema emitter see it."""

    name: str
    kind: type[Any]
    many: bool
    required: bool
    default: Any
    doc: str
    longest: int
    least: int | None
    most: int | None
    iso: bool
    read: Callable[[Any], Any]


def _unwrapped(declared: Any) -> tuple[Any, bool]:
    """The type without None, and whether it was a sequence of it."""
    if typing.get_origin(declared) in (typing.Union, types.UnionType):
        (declared,) = [t for t in typing.get_args(declared) if t is not type(None)]
    if typing.get_origin(declared) is Sequence:
        return typing.get_args(declared)[0], True
    return declared, False


def _wrong(name: str, value: Any, want: str) -> InvalidValue:
    shown = repr(value)[:60] if isinstance(value, str | int | float | bool) else type(value).__name__
    return InvalidValue(f"{name}: {shown} is not {want}.", fix=f"Give {want}.", field=name, details={"accepted": want})


def _text(name: str, longest: int) -> Callable[[Any], str]:
    want = f"text of at most {longest} characters"

    def read(value: Any) -> str:
        if not isinstance(value, str) or len(value) > longest:
            raise _wrong(name, value[:40] if isinstance(value, str) else value, want)
        return value

    return read


def _whole(name: str, least: int | None, most: int | None) -> Callable[[Any], int]:
    low, high = (0 if least is None else least), (2**53 if most is None else most)
    want = f"a whole number from {low} to {high}"

    def read(value: Any) -> int:
        if isinstance(value, float) and value.is_integer():
            value = int(value)  # JSON does not tell 1.0 from 1
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise _wrong(name, value, want)
        return value

    return read


def _flag(name: str) -> Callable[[Any], bool]:
    def read(value: Any) -> bool:
        if not isinstance(value, bool):
            raise _wrong(name, value, "true or false")
        return value

    return read


def _member(name: str, kind: type[StrEnum]) -> Callable[[Any], StrEnum]:
    table = {m.value: m for m in kind}
    want = f"one of {', '.join(table)}"

    def read(value: Any) -> StrEnum:
        found = table.get(value) if isinstance(value, str) else None
        if found is None:
            raise InvalidValue(
                f"{name}: {repr(value)[:60]} is not {want}.",
                fix=f"Give {want}.",
                field=name,
                details={"accepted": list(table)},
            )
        return found

    return read


def _reader(name: str, kind: Any, meta: Mapping[str, Any]) -> Callable[[Any], Any]:
    if meta.get("iso"):
        return lambda value: parse_iso(value, field=name)
    if kind is str:
        return _text(name, meta.get("longest") or LONGEST)
    if kind is bool:
        return _flag(name)
    if kind is int:
        return _whole(name, meta.get("least"), meta.get("most"))
    if kind is Decimal:
        return lambda value: parse_decimal(value, field=name)
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return _member(name, kind)
    raise TypeError(f"{name}: an argument cannot be a {kind!r}")


def _list_of(name: str, one: Callable[[Any], Any], most: int) -> Callable[[Any], tuple[Any, ...]]:
    def read(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list) or len(value) > most:
            raise _wrong(name, value, f"a list of at most {most}")
        return tuple(one(item) for item in value)

    return read


_FIELDS: dict[type[Any], Mapping[str, Field]] = {}


def fields_of(cls: type[Any]) -> Mapping[str, Field]:
    """The arguments that `cls` declares, in order."""
    if cls in _FIELDS:
        return _FIELDS[cls]
    attrs.resolve_types(cls)
    found = {}
    for f in attrs.fields(cls):
        kind, many = _unwrapped(f.type)
        meta = f.metadata
        one = _reader(f.name, kind, meta)
        found[f.name] = Field(
            name=f.name,
            kind=kind,
            many=many,
            required=f.default is attrs.NOTHING,
            default=None if f.default is attrs.NOTHING or isinstance(f.default, attrs.Factory) else f.default,  # type: ignore[arg-type]
            doc=meta.get("doc", ""),
            longest=meta.get("longest") or LONGEST,
            least=meta.get("least"),
            most=meta.get("most"),
            iso=bool(meta.get("iso")),
            read=_list_of(f.name, one, meta.get("most") or MOST_ITEMS) if many else one,
        )
    _FIELDS[cls] = found
    return found


def _unknown(name: str, known: Mapping[str, Field]) -> InvalidValue:
    shown = name[:40] if name.isprintable() else "an unprintable name"
    near = difflib.get_close_matches(name[:40], known, n=1)
    return InvalidValue(
        f"There is no argument {shown!r}.",
        fix=f"Did you mean {near[0]}?" if near else f"Use only: {', '.join(known) or 'no argument'}.",
        field=shown,
        details={"accepted": list(known)},
    )


def read(cls: type[Any], raw: Mapping[str, Any]) -> Any:
    """An instance of `cls` from JSON; an optional argument may also be null.

    Raises:
        InvalidValue: an unknown, missing, mistyped or oversized argument; `field` names it.
    """
    known = fields_of(cls)
    values = {}
    for name, value in raw.items():
        field = known.get(name)
        if field is None:
            raise _unknown(name, known)
        if value is None and not field.required:
            continue
        values[name] = field.read(value)
    for name, field in known.items():
        if field.required and name not in values:
            raise InvalidValue(
                f"{name} is required.", fix=f"Give {name}: {field.doc}", field=name, details={"accepted": field.doc}
            )
    return cls(**values)
