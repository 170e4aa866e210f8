"""How a tool's arguments are read: by its attrs class, or against the JSON Schema it was given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeAlias

from venuekit.errors import InvalidValue
from venuekit_mcp.arguments import read
from venuekit_mcp.results import json_text
from venuekit_mcp.schemas import input_schema

Reader: TypeAlias = Callable[[Mapping[str, Any]], Any]
#: Largest arguments of a tool with a schema of its own, in bytes of JSON.
MOST_ARGUMENT_BYTES = 65_536


def reader_of(arguments: type[Any] | Mapping[str, Any]) -> tuple[Mapping[str, Any], Reader]:
    """The input schema, and the function that turns raw arguments into what the handler gets."""
    if isinstance(arguments, type):
        return input_schema(arguments), partial(read, arguments)
    return arguments, _Checked(arguments)


class _Checked:
    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._schema = schema
        self._validator: Any = None

    def __call__(self, raw: Mapping[str, Any]) -> Mapping[str, Any]:
        if self._validator is None:
            from jsonschema import Draft202012Validator  # noqa: PLC0415  (costs start-up time, and few need it)

            self._validator = Draft202012Validator(self._schema)
        if len(json_text(raw)) > MOST_ARGUMENT_BYTES:
            raise InvalidValue(f"The arguments are larger than {MOST_ARGUMENT_BYTES} bytes.", fix="Send less.")
        for wrong in self._validator.iter_errors(raw):
            place = ".".join(str(part) for part in wrong.absolute_path) or "arguments"
            raise InvalidValue(f"{place}: {wrong.message[:200]}.", field=place[:80])
        return raw
