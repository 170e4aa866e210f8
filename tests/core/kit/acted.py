"""An action as a desk left it, for what reads the store."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

from venuekit.journal import SqliteStore
from venuekit.model.action import Action, ActionStatus
from venuekit.protocols.journal import Store


def action(**changes: Any) -> Action:
    """One that was sent and has no answer, unless told otherwise."""
    fields: dict[str, Any] = {
        "id": "act1",
        "desk": "paper:default",
        "tool": "lock",
        "arguments": {"amount": "10"},
        "call_hash": "ff",
        "summary": "Lock 10 USD",
        "status": ActionStatus.IN_DOUBT,
        "created_ns": 1_790_000_000 * 10**9,
        "updated_ns": 1_790_000_001 * 10**9,
        "agent_id": "night-bot",
        "source": "mcp-stdio",
        "reason": "because",
        "worth": Decimal(10),
        "reference": {"receipt": "r-1"},
        "status_code": "OUTCOME_UNKNOWN",
        "status_reason": "The line went dead.",
    }
    return Action(**{**fields, **changes})


async def keep_action(place: Path | Store, **changes: Any) -> None:
    """Put one into a store, or into the file of a desk that is closed."""
    store = SqliteStore(place) if isinstance(place, Path) else place
    try:
        assert await store.put_action(None, action(**changes))
    finally:
        if store is not place:
            await store.close()
