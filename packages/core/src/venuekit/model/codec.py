"""Model values to and from JSON: decimals as plain strings, enums by value, events with their tag."""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeVar

import attrs
import cattrs
from cattrs.gen import make_dict_structure_fn

from venuekit.model import events as _events
from venuekit.model.money import parse_decimal, plain

T = TypeVar("T")

#: Event classes by their tag.
EVENTS: dict[str, type[Any]] = {cls.tag: cls for cls in typing.get_args(_events.Event)}


def _converter(read_decimal: Callable[[Any], Decimal]) -> cattrs.Converter:
    c = cattrs.Converter(forbid_extra_keys=True)
    c.register_unstructure_hook(Decimal, plain)
    c.register_unstructure_hook(StrEnum, lambda member: member.value)
    c.register_structure_hook(Decimal, lambda v, _: v if isinstance(v, Decimal) else read_decimal(v))

    # Sequence fields are tuples at rest, so a decoded value equals, and hashes like, the one that was encoded.
    def is_sequence(tp: Any) -> bool:
        return typing.get_origin(tp) is Sequence

    c.register_structure_hook_func(
        is_sequence, lambda v, tp: tuple(c.structure(item, typing.get_args(tp)[0]) for item in v)
    )
    c.register_unstructure_hook_func(is_sequence, lambda v: [c.unstructure(item) for item in v])

    def structure_event(value: Mapping[str, Any], _: Any) -> Any:
        body = dict(value)
        return c.structure(body, EVENTS[body.pop("event")])

    c.register_structure_hook_func(lambda tp: tp == _events.Event, structure_event)
    for cls in EVENTS.values():
        c.register_structure_hook(cls, make_dict_structure_fn(cls, c, _cattrs_forbid_extra_keys=True))
    return c


CONVERTER = _converter(lambda value: parse_decimal(value, field="value"))
_RECORDS = _converter(Decimal)


def to_plain(value: Any) -> Any:
    """A model value as JSON-ready data: dicts, lists, strings, ints, bools and None; never a float."""
    body = CONVERTER.unstructure(value)
    tag = getattr(type(value), "tag", None)
    return {"event": tag, **body} if isinstance(tag, str) and attrs.has(type(value)) else body


def from_plain(body: Any, as_type: type[T] | types.UnionType) -> T:
    """The model value that `to_plain` wrote.

    Raises:
        cattrs.BaseValidationError: the data does not have that shape.
    """
    return CONVERTER.structure(body, as_type)  # type: ignore[arg-type]


def from_record(body: Any, as_type: type[T] | types.UnionType) -> T:
    """`from_plain` for what our own journal holds, where a small decimal may stand as ``1E-7``.

    Raises:
        cattrs.BaseValidationError: the data does not have that shape.
    """
    return _RECORDS.structure(body, as_type)  # type: ignore[arg-type]
