"""What a person found out about an action in doubt, recorded: it was done, or it was not."""

from __future__ import annotations

from venuekit.errors import ActionNotInDoubt
from venuekit.model.action import DOUBTFUL_ACTIONS, Action, ActionStatus
from venuekit.model.money import ZERO
from venuekit.protocols.approver import Operator
from venuekit.protocols.budget import Settled
from venuekit.protocols.clock import Clock
from venuekit.protocols.journal import Store


async def settle(
    store: Store, action: Action, operator: Operator, *, proof: str, done: bool, note: str, clock: Clock
) -> Action:
    """Record that an action in doubt was done, or was not; returns it as it is then. Nothing is sent.

    `proof` is how the door knew the person. One that was not done gives back what it took of a budget.

    Raises:
        ActionNotInDoubt: it is not in doubt, or not any more. JournalUnavailable: nothing was recorded.
    """
    if action.status not in DOUBTFUL_ACTIONS:
        raise _settled_already(action)
    found = "done" if done else "not done"
    after = action.but(
        status=ActionStatus.DONE if done else ActionStatus.REJECTED,
        status_code="" if done else "NOT_DONE",
        status_reason=f"{found}, says {operator.name} ({operator.source}, {proof})" + (f": {note}" if note else ""),
        updated_ns=max(clock.now_ns(), action.updated_ns + 1),
    )
    back = [] if done else [Settled(subject=f"{action.desk}/{action.id}", amount=ZERO)]
    if not await store.put_action(action, after, back):
        raise _settled_already(store.action(action.desk, action.id) or action)
    return store.action(action.desk, action.id) or after


def _settled_already(action: Action) -> ActionNotInDoubt:
    why = f": {action.status_reason}" if action.status_reason else ""
    return ActionNotInDoubt(f"The action {action.id} is {action.status.value}{why}.")
