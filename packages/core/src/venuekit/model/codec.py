"""Model values to and from JSON: decimals as plain strings, enums by value, events with their tag."""

from __future__ import annotations

import sys
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from decimal import Decimal
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from venuekit.errors import JournalUnavailable
from venuekit.model.money import parse_decimal, plain

if TYPE_CHECKING:
    import cattrs

T = TypeVar("T")


def _converter(read_decimal: Callable[[Any], Decimal]) -> cattrs.Converter:
    import cattrs  # noqa: PLC0415  (every start would pay for it, and a start without history needs none of it)

    c = cattrs.Converter(forbid_extra_keys=True)
    c.register_structure_hook(Decimal, lambda v, _: v if isinstance(v, Decimal) else read_decimal(v))

    # Sequence fields are tuples at rest, so a decoded value equals, and hashes like, the one that was encoded.
    def is_sequence(tp: Any) -> bool:
        return typing.get_origin(tp) is Sequence

    c.register_structure_hook_func(
        is_sequence, lambda v, tp: tuple(c.structure(item, typing.get_args(tp)[0]) for item in v)
    )

    def structure_event(value: Mapping[str, Any], _: Any) -> Any:
        body = dict(value)
        return c.structure(body, _event_classes()[body.pop("event")])

    c.register_structure_hook_func(_is_event, structure_event)
    return c


def _is_event(tp: Any) -> bool:
    # Whoever asks for an event has its module already; nobody else waits for it.
    events = sys.modules.get("venuekit.model.events")
    return events is not None and tp == events.Event


@cache
def _event_classes() -> dict[str, type[Any]]:
    from venuekit.model.events import Event  # noqa: PLC0415

    return {cls.tag: cls for cls in typing.get_args(Event)}


@cache
def _plain() -> cattrs.Converter:
    return _converter(lambda value: parse_decimal(value, field="value"))


@cache
def _records() -> cattrs.Converter:
    return _converter(Decimal)


def to_plain(value: Any) -> Any:
    """A model value as JSON-ready data: dicts, lists, strings, ints, bools and None; a float only where one came in."""
    kind = type(value)
    if value is None or kind in _AS_IT_IS:
        return value
    if kind is Decimal:
        return plain(value)
    names = _names(kind)
    if names is not None:
        body = {name: to_plain(getattr(value, name)) for name in names}
        tag = getattr(kind, "tag", None)
        return {"event": tag, **body} if isinstance(tag, str) else body
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, Mapping):
        return {to_plain(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, Sequence | AbstractSet):
        return [to_plain(item) for item in value]
    raise TypeError(f"{kind.__name__} has no plain form.")


_AS_IT_IS = frozenset({str, int, bool, float})


#: Names of the fields of every class met so far; None for what is no attrs class.
_NAMES: dict[type[Any], tuple[str, ...] | None] = {}


def _names(kind: type[Any]) -> tuple[str, ...] | None:
    if kind not in _NAMES:
        _NAMES[kind] = tuple(f.name for f in attrs.fields(kind)) if attrs.has(kind) else None
    return _NAMES[kind]


def from_plain(body: Any, as_type: type[T] | types.UnionType) -> T:
    """The model value that `to_plain` wrote.

    Raises:
        cattrs.BaseValidationError: the data does not have that shape.
    """
    return _plain().structure(body, as_type)  # type: ignore[arg-type]


def from_record(body: Any, as_type: type[T] | types.UnionType) -> T:
    """`from_plain` for what our own journal holds, where a small decimal may stand as ``1E-7``.

    Raises:
        JournalUnavailable: the data does not have that shape, so it is not what was recorded.
    """
    try:
        return _records().structure(body, as_type)  # type: ignore[arg-type]
    except (ExceptionGroup, ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        name = getattr(as_type, "__name__", str(as_type))
        raise JournalUnavailable(
            f"A record in the store cannot be read as {name}: it was altered, or a newer version wrote it.",
            fix="Run: venuekit audit verify",
        ) from error
