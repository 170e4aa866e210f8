"""A venue's own tools: found by name, with arguments that were read; those that only read, or simulate, are called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import attrs

from venuekit.desk.performing import result_of
from venuekit.desk.permission import Permission
from venuekit.desk.recorder import Recorder
from venuekit.errors import InvalidValue, Unsupported
from venuekit.model.codec import from_plain, to_plain
from venuekit.model.money import normal, plain
from venuekit.protocols.approver import Caller, Role
from venuekit.protocols.extra import Extra
from venuekit.protocols.journal import EntryKind
from venuekit.protocols.venue import Venue


def tool_named(extras: Sequence[Extra], name: str) -> Extra:
    """The venue's tool of this name.

    Raises:
        Unsupported: it has none.
    """
    extra = next((e for e in extras if e.name == name), None)
    if extra is None:
        known = ", ".join(sorted(e.name for e in extras)) or "none"
        raise Unsupported(f"This venue has no tool {name[:60]!r}; it has: {known}.")
    return extra


def arguments_of(extra: Extra, arguments: Any) -> Any:
    """An instance of the tool's argument class, from one or from a mapping of its fields.

    Raises:
        InvalidValue: it cannot be read as that.
    """
    if isinstance(arguments, extra.arguments):
        return arguments
    try:
        return from_plain(to_plain(arguments), extra.arguments)
    except (ExceptionGroup, TypeError, ValueError, InvalidValue) as error:
        names = ", ".join(field.name for field in attrs.fields(extra.arguments)) or "none"
        raise InvalidValue(f"The arguments cannot be read as those of {extra.name}: {names}.") from error


def canonical(value: Any) -> Any:
    """Arguments as data, in which the same amount is always written the same."""
    if isinstance(value, Decimal):
        return plain(normal(value)) if value.is_finite() else str(value)
    if attrs.has(type(value)):
        return {field.name: canonical(getattr(value, field.name)) for field in attrs.fields(type(value))}
    if isinstance(value, Mapping):
        return {str(to_plain(key)): canonical(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [canonical(item) for item in value]
    return to_plain(value)


async def call_extra(
    extra: Extra, arguments: Any, caller: Caller, permission: Permission, venue: Venue, recorder: Recorder
) -> Any:
    """Call a tool that is no action: one that reads, or changes the simulation."""
    role = Role.TRADER if extra.mutates else Role.VIEWER
    refusal = permission.refusal(caller, role, trades=extra.mutates, action=f"call {extra.name}", tools=(extra.name,))
    if refusal is not None:
        raise refusal
    given = arguments if attrs.has(type(arguments)) else extra.arguments(**arguments)
    if extra.mutates:
        body = {"extra": extra.name, "arguments": to_plain(given), "source": caller.source}
        await recorder.write([recorder.entry(EntryKind.CALL, extra.name, caller.agent_id, body)])
    return await result_of(extra.call(_served_by(venue, extra), given))


def is_shadow(venue: Venue) -> bool:
    """Whether it simulates what another venue would do, and changes nothing there."""
    return getattr(venue, "behind", None) is not None


def not_simulated(extra: Extra, venue: Venue) -> Unsupported:
    """The refusal of what would change something at the venue behind a simulator."""
    return Unsupported(
        f"{extra.name} is not simulated: in shadow mode nothing is changed at {venue.name}.",
        fix="Use a desk in live mode.",
    )


def _served_by(venue: Venue, extra: Extra) -> Any:
    """The venue that knows the tool: a simulator has those of the venue behind it, as long as they only read."""
    if not is_shadow(venue):
        return venue
    if extra.mutates:
        raise not_simulated(extra, venue)
    return getattr(venue, "behind")  # noqa: B009 - only simulators have it
