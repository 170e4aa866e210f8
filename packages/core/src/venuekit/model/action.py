"""What is done with a venue's own tool, such as converting a currency: asked, sent once, and what it came to."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import attrs

from venuekit.model.identity import AgentId, ApprovalId
from venuekit.model.words import Word


class ActionStatus(Word):
    """Where an action is. DENIED is ours, REJECTED the venue's; both mean that nothing was done."""

    PENDING_APPROVAL = "PENDING_APPROVAL"
    SENDING = "SENDING"
    DONE = "DONE"
    REJECTED = "REJECTED"
    DENIED = "DENIED"
    IN_DOUBT = "IN_DOUBT"


#: What is not over. IN_DOUBT was sent and has no trustworthy answer: nobody may send it again.
OPEN_ACTIONS = (ActionStatus.PENDING_APPROVAL, ActionStatus.SENDING, ActionStatus.IN_DOUBT)
#: What was sent, or may have been, and of which nobody knows what became.
DOUBTFUL_ACTIONS = (ActionStatus.SENDING, ActionStatus.IN_DOUBT)


@attrs.frozen(kw_only=True)
class Action:
    """One call of a venue's own tool that changes something.

    `arguments` are exact, and `call_hash` stands for the caller, the tool and them. `worth` is what it moves at most,
    in the desk's currency; None is unknown. `reference` is what the venue knows it by, where the tool says so, and
    `result` what the tool answered when it is DONE. Times are UTC nanoseconds.
    """

    id: str
    #: ``venue:account``.
    desk: str
    tool: str
    arguments: Mapping[str, Any]
    call_hash: str
    #: What it does, in words, as a person was shown it.
    summary: str
    status: ActionStatus
    created_ns: int
    updated_ns: int
    agent_id: AgentId
    #: From where it was asked, as `Caller.source`.
    source: str = ""
    #: Why, in the caller's words.
    reason: str = ""
    worth: Decimal | None = None
    approval_id: ApprovalId | None = None
    reference: Mapping[str, str] = attrs.Factory(dict)
    result: Mapping[str, Any] | None = None
    status_code: str = ""
    status_reason: str = ""
    #: Whether it ever was in doubt, so that its caller may not have its answer.
    doubted: bool = False

    @property
    def is_open(self) -> bool:
        """Whether it is not over."""
        return self.status in OPEN_ACTIONS

    def but(self, **changes: Any) -> Action:
        """The same with some fields changed."""
        return attrs.evolve(self, **changes)
