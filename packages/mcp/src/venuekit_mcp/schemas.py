"""JSON Schema 2020-12 of argument and result classes, kept small because every client reads it every time."""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Any

import attrs

from venuekit.errors import InternalError
from venuekit.model.money import plain
from venuekit.model.order import Order
from venuekit_mcp.arguments import DECIMAL_PATTERN, MOST_ITEMS, Field, fields_of
from venuekit_mcp.wire import ALWAYS, key_of

#: What every structured answer names.
ENVELOPE = ("mode", "venue", "environment", "account")
LONGEST_DECIMAL = 50
LONGEST_TIME = 40


def _one(field: Field) -> dict[str, Any]:
    if field.iso:
        return {"type": "string", "maxLength": LONGEST_TIME}
    if field.kind is Decimal:
        return {"type": "string", "pattern": DECIMAL_PATTERN}
    if field.kind is bool:
        return {"type": "boolean"}
    if field.kind is int:
        return {
            "type": "integer",
            "minimum": 0 if field.least is None else field.least,
            **({} if field.most is None else {"maximum": field.most}),
        }
    if field.kind is str:
        return {"type": "string", "maxLength": field.longest}
    return {"type": "string", "enum": [m.value for m in field.kind]}


def _argument(field: Field) -> dict[str, Any]:
    body = _one(field)
    if field.many:
        body = {"type": "array", "items": body, "maxItems": field.most or MOST_ITEMS}
    if field.default not in (None, "", False, ()) and not field.many:
        default = field.default
        body["default"] = (
            plain(default)
            if isinstance(default, Decimal)
            else default.value
            if isinstance(default, StrEnum)
            else default
        )
    if field.doc:
        body["description"] = field.doc
    return body


def input_schema(cls: type[Any]) -> Mapping[str, Any]:
    """The schema of a tool's arguments."""
    known = fields_of(cls)
    required = [f.name for f in known.values() if f.required]
    return {
        "type": "object",
        "properties": {name: _argument(field) for name, field in known.items()},
        **({"required": required} if required else {}),
        "additionalProperties": False,
    }


def _optional(declared: Any) -> tuple[Any, bool]:
    if typing.get_origin(declared) in (typing.Union, types.UnionType):
        inner = [t for t in typing.get_args(declared) if t is not type(None)]
        return (inner[0] if len(inner) == 1 else object), len(inner) != len(typing.get_args(declared))
    return declared, False


def _always(cls: type[Any]) -> list[str]:
    """Keys that every value of `cls` has on the wire."""
    attrs.resolve_types(cls)
    return [
        key_of(f.name)
        for f in attrs.fields(cls)
        if not _optional(f.type)[1]
        and f.name not in ("venue", "account", "metadata")
        and not f.name.endswith("_ns")
        and not (f.type is str and f.default == "")
    ]


def _outline(declared: Any) -> dict[str, Any]:
    declared, _ = _optional(declared)
    origin = typing.get_origin(declared)
    if origin is Sequence:
        item = _outline(typing.get_args(declared)[0])
        return {"type": "array", "items": item} if item else {"type": "array"}
    if declared is bool:
        return {"type": "boolean"}
    if declared is int:
        return {"type": "integer"}
    if origin is not None and isinstance(origin, type) and issubclass(origin, Mapping):
        return {"type": "object"}
    if declared is str or declared is Decimal or (isinstance(declared, type) and issubclass(declared, StrEnum)):
        return {"type": "string"}
    if isinstance(declared, type) and attrs.has(declared):
        keys = list(ALWAYS[declared]) if declared in ALWAYS else _always(declared)
        keys = ["id", *keys] if declared is Order else keys
        return {"type": "object", "required": keys} if keys else {"type": "object"}
    return {}


def output_schema(cls: type[Any]) -> Mapping[str, Any]:
    """The schema of a tool's structured content: its own keys with their types, and what rows always have."""
    attrs.resolve_types(cls)
    properties = {}
    for f in attrs.fields(cls):
        name = f.name
        properties[key_of(name)] = {"type": "string"} if name.endswith("_ns") else _outline(f.type)
    return {"type": "object", "properties": properties, "required": [*ENVELOPE, *_always(cls)]}


def wire_output_schema(cls: type[Any]) -> Mapping[str, Any]:
    """The output schema as clients get it: an answer, or an error's body; shorter than what the server checks.

    Clients check structured content against it even when `isError` is set (the Inspector does), and an error that
    does not fit would hide its own message. Every client reads it every time, so an answer is told from an error by
    its first key, and what a row always has is left to the server's own check.
    """
    strict = output_schema(cls)
    answer = [key for key in strict["required"] if key not in ENVELOPE][:1]
    either = {"anyOf": [{"required": answer}, {"required": ["code"]}]} if answer else {}
    return {**_brief(strict), "required": [ENVELOPE[0]], **either}


def _brief(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    brief = {key: value for key, value in schema.items() if key != "required"}
    if "items" in brief:
        brief["items"] = _brief(brief["items"])
    if "properties" in brief:
        brief["properties"] = {name: _brief(part) for name, part in brief["properties"].items()}
    return brief


_TYPES: dict[str, Callable[[Any], bool]] = {
    "object": lambda v: isinstance(v, dict),
    "array": lambda v: isinstance(v, list),
    "string": lambda v: isinstance(v, str),
    "boolean": lambda v: isinstance(v, bool),
    "integer": lambda v: isinstance(v, int) and not isinstance(v, bool),
}


def checker(schema: Mapping[str, Any]) -> Callable[[Any], str]:
    """A quick judge for the schemas written above: "" when a value fits, else what is wrong.

    Raises:
        InternalError: the schema uses a word that this file does not write.
    """
    unknown = set(schema) - {"type", "properties", "required", "items"}
    if unknown:
        raise InternalError(f"No check for the schema words {', '.join(sorted(unknown))}.")
    is_type = _TYPES[schema["type"]] if "type" in schema else lambda _: True
    required = tuple(schema.get("required", ()))
    parts = tuple((name, checker(part)) for name, part in schema.get("properties", {}).items())
    item = checker(schema["items"]) if "items" in schema else None

    def check(value: Any) -> str:
        if not is_type(value):
            return f"{type(value).__name__} is not {schema['type']}"
        for name in required:
            if name not in value:
                return f"{name} is missing"
        for name, part in parts:
            if name in value:
                wrong = part(value[name])
                if wrong:
                    return f"{name}: {wrong}"
        if item is not None:
            for one in value:
                wrong = item(one)
                if wrong:
                    return wrong
        return ""

    return check


def output_checker(cls: type[Any]) -> Callable[[Any], str]:
    """The judge of one result class."""
    return checker(output_schema(cls))
