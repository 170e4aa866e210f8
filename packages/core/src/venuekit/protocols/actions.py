"""Where actions are remembered, each change in one commit with its row in the journal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from venuekit.model.action import Action, ActionStatus
from venuekit.protocols.budget import Claim


class ActionStore(Protocol):
    """What a store knows of actions. Every call may raise `JournalUnavailable`."""

    def action(self, desk: str, action_id: str) -> Action | None:
        """One action of a desk."""
        ...

    def actions(
        self,
        *,
        desk: str | None = None,
        statuses: Sequence[ActionStatus] = (),
        call_hash: str | None = None,
        limit: int = 100,
    ) -> Sequence[Action]:
        """Actions, newest first."""
        ...

    async def put_action(self, before: Action | None, after: Action, claims: Sequence[Claim] = ()) -> bool:
        """Keep an action's new state, and count `claims`, if it is still `before`; None: if there is none of its id.

        False when another had moved it first; nothing is written then.

        Raises:
            BudgetExceeded: a budget has less left than is taken; nothing was written.
        """
        ...
