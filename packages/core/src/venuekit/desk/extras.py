"""A venue's own tools: gated and recorded like everything else."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

import attrs

from venuekit.desk.permission import Permission
from venuekit.desk.recorder import Recorder
from venuekit.errors import Unsupported
from venuekit.model.codec import to_plain
from venuekit.protocols.approver import Caller, Role
from venuekit.protocols.journal import EntryKind
from venuekit.protocols.venue import Extra, Venue


async def call_extra(
    extras: Sequence[Extra],
    name: str,
    arguments: Any,
    caller: Caller,
    permission: Permission,
    venue: Venue,
    recorder: Recorder,
) -> Any:
    """Call the extra `name` with an instance of its argument class, or with a mapping of its fields."""
    extra = next((e for e in extras if e.name == name), None)
    if extra is None:
        known = ", ".join(sorted(e.name for e in extras)) or "none"
        raise Unsupported(f"This venue has no tool {name[:60]!r}; it has: {known}.")
    role = Role.TRADER if extra.mutates else Role.VIEWER
    refusal = permission.refusal(caller, role, trades=extra.mutates, action=f"call {name}", tools=(name,))
    if refusal is not None:
        raise refusal
    given = arguments if attrs.has(type(arguments)) else extra.arguments(**arguments)
    if extra.mutates:
        body = {"extra": name, "arguments": to_plain(given), "source": caller.source}
        await recorder.write([recorder.entry(EntryKind.CALL, name, caller.agent_id, body)])
    answer = extra.call(_served_by(venue, extra), given)
    return await answer if inspect.isawaitable(answer) else answer


def _served_by(venue: Venue, extra: Extra) -> Any:
    """The venue that knows the tool: a simulator has those of the venue behind it, as long as they only read."""
    behind = getattr(venue, "behind", None)
    if behind is not None and extra.mutates:
        raise Unsupported(
            f"{extra.name} is not simulated: in shadow mode nothing is changed at {venue.name}.",
            fix="Use a desk in live mode.",
        )
    return venue if behind is None else behind
