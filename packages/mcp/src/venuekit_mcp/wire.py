"""Model values as they go out: compact JSON, decimals as strings, times as ISO 8601, strangers' text marked."""

from __future__ import annotations

import types
import typing
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from enum import Enum
from operator import attrgetter
from typing import Any

import attrs

from venuekit.model.events import ConnectionEvent, DeskEvent
from venuekit.model.instrument import Instrument
from venuekit.model.money import plain
from venuekit.model.order import CancelResult, Order, OrderStatus
from venuekit.model.times import iso
from venuekit.model.untrusted import Untrusted

#: Longest text that a stranger wrote, and longest of any, in characters.
LONGEST_UNTRUSTED = 300
LONGEST_TEXT = 2000
#: In every answer already, so not again in each row.
_SAID_ALREADY = frozenset({"venue", "account"})
#: Durations, told from moments by name.
_DURATIONS = frozenset({"clock_skew_ns", "lag_ns"})
_VERBS = ("created", "updated", "expires", "tripped", "measured", "decided", "last_reconciled", "started")
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def clean(text: str, longest: int = LONGEST_UNTRUSTED) -> str:
    """`text` on one line, without control, bidirectional and zero-width characters, cut to `longest`."""
    if not (text.isascii() and text.isprintable()):
        text = "".join(
            " " if c in "\n\r\t" else c for c in text if c in "\n\r\t" or unicodedata.category(c) not in _INVISIBLE
        )
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def marked(text: str, longest: int = LONGEST_UNTRUSTED) -> dict[str, Any]:
    """A stranger's text in its envelope."""
    return {"untrusted": True, "text": clean(text, min(longest, LONGEST_TEXT))}


def key_of(name: str) -> str:
    """What a field is called on the wire."""
    if not name.endswith("_ns"):
        return name
    base = name[:-3]
    if name in _DURATIONS:
        return f"{base}_ms"
    return f"{base}_at" if base in _VERBS else base


def _moment(value: int | None) -> str | None:
    return iso(value) if value else None


def _milliseconds(value: int | None) -> str | None:
    return None if value is None else plain(Decimal(value) / 1_000_000)


def _same(value: Any) -> Any:
    return value


def _text(value: str) -> str:
    """Even an id or a name may come from a venue: none carries control characters, and none is endless."""
    return clean(value, LONGEST_TEXT)


_Getter = Callable[[Any], Any]
#: Field, key, what makes its wire form, and whether an empty text is left out.
_Step = tuple[str, str, _Getter, bool]
_PLANS: dict[type[Any], Sequence[_Step]] = {}


def _converter(name: str, declared: Any) -> _Getter:
    """What makes the wire form of a field of this declared type; `wire` itself where the type leaves it open."""
    if name in _DURATIONS:
        return _milliseconds
    if name.endswith("_ns"):
        return _moment
    origin = typing.get_origin(declared)
    if origin in (typing.Union, types.UnionType):
        inner = [t for t in typing.get_args(declared) if t is not type(None)]
        return _converter(name, inner[0]) if len(inner) == 1 else wire
    if declared is str:
        return _text
    if declared in (int, bool):
        return _same
    if declared is Decimal:
        return plain
    if origin is Sequence:
        item = _converter("", typing.get_args(declared)[0])
        return lambda values: [item(one) for one in values]
    if isinstance(declared, type) and issubclass(declared, Enum):
        return attrgetter("value")
    return wire


def _plan(cls: type[Any]) -> Sequence[_Step]:
    found = _PLANS.get(cls)
    if found is None:
        attrs.resolve_types(cls)
        found = tuple(
            (f.name, key_of(f.name), _converter(f.name, f.type), f.default == "")
            for f in attrs.fields(cls)
            if f.name not in _SAID_ALREADY
        )
        _PLANS[cls] = found
    return found


def _fields(value: Any) -> dict[str, Any]:
    body = {}
    for name, key, convert, may_be_left_out in _plan(type(value)):
        item = getattr(value, name)
        if item is None or (may_be_left_out and item == ""):
            continue
        out = convert(item)
        if out is not None:
            body[key] = out
    return body


def _order(value: Order) -> dict[str, Any]:
    body = {"id": value.id, **_fields(value)}
    if value.reason:
        body["reason"] = marked(value.reason)
    if value.status_reason:
        strange = value.status is OrderStatus.REJECTED
        body["status_reason"] = marked(value.status_reason) if strange else clean(value.status_reason)
    return body


def _instrument(value: Instrument) -> dict[str, Any]:
    body = _fields(value)
    if value.name:
        body["name"] = marked(value.name)
    if value.metadata:
        entries = list(value.metadata.items())[:20]
        body["metadata"] = {"untrusted": True, "fields": {clean(k, 60): clean(v) for k, v in entries}}
    else:
        body.pop("metadata", None)
    return body


def _connection(value: ConnectionEvent) -> dict[str, Any]:
    body = _fields(value)
    if value.detail:
        body["detail"] = marked(value.detail)
    return body


def _cancel(value: CancelResult) -> dict[str, Any]:
    body: dict[str, Any] = {"order_id": value.order.client_order_id or value.order.venue_order_id or ""}
    if value.order.instrument:
        body["instrument"] = value.order.instrument
    body["accepted"] = value.error_code is None
    if value.error_code:
        body |= {"error_code": value.error_code, "message": marked(value.message)}
    return body


#: Keys that values with a wire form of their own always have.
ALWAYS: dict[type[Any], Sequence[str]] = {CancelResult: ("order_id", "accepted"), Untrusted: ("untrusted", "text")}
_SPECIAL: dict[type[Any], Callable[[Any], Any]] = {
    Order: _order,
    Instrument: _instrument,
    ConnectionEvent: _connection,
    CancelResult: _cancel,
    Untrusted: lambda value: marked(value.text, value.longest),
    DeskEvent: lambda value: {**_fields(value), "message": clean(value.message)},
}


def wire(value: Any) -> Any:
    """`value` as JSON-ready data. None, and texts that are empty by default, are left out of objects."""
    kind = type(value)
    if value is None or kind in _AS_IT_IS:
        return value
    if kind is str:
        return _text(value)
    if kind in _PLANS or attrs.has(kind):
        special = _SPECIAL.get(kind)
        body = _fields(value) if special is None else special(value)
        tag = getattr(kind, "tag", None)
        return {"event": tag, **body} if isinstance(tag, str) else body
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(wire(k)): wire(v) for k, v in value.items()}
    if isinstance(value, Sequence | set | frozenset):
        return [wire(item) for item in value]
    raise TypeError(f"{kind.__name__} has no wire form")


_AS_IT_IS = frozenset({int, bool, float})
