"""A desk's doors to its venue's own tools."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from venuekit.desk.admission import Served
from venuekit.desk.extras import call_extra, is_shadow, tool_named
from venuekit.errors import ApprovalPending, ApprovalRefused, OutcomeUnknown, Refused, Rejected, Unsupported
from venuekit.model.action import Action, ActionStatus
from venuekit.model.codec import from_record
from venuekit.protocols.approver import Caller
from venuekit.protocols.extra import Extra
from venuekit.protocols.venue import VenueFactory

if TYPE_CHECKING:
    from venuekit.desk.assembly import Parts


class Acting:
    """What a desk does with the tools that only its venue has."""

    factory: VenueFactory
    environment: str
    name: str
    serve: Callable[..., Served]
    _parts: Parts

    @property
    def extras(self) -> Sequence[Extra]:
        """The venue's own tools."""
        return self.factory.extras

    def offers(self, extra: Extra) -> bool:
        """Whether it is of use here: a shadow account changes nothing at the venue whose data it has."""
        return not (extra.mutates and is_shadow(self._parts.venue))

    @property
    def always_asks(self) -> bool:
        """Whether a person decides about every action, whatever it is worth."""
        return self._parts.checks.always_asks

    async def act(
        self,
        tool: str,
        arguments: Any,
        *,
        action_id: str | None = None,
        reason: str = "",
        caller: Caller | None = None,
    ) -> Action:
        """Do something with one of the venue's own tools that act; durable before anything is sent.

        `arguments` is an instance of the tool's class, or a mapping of its fields. Returns the action: DONE with its
        `result`, or PENDING_APPROVAL when a person has to decide. The same `action_id` with the same arguments returns
        the existing one; without an id, the same call stands for one that is open, or that a person decided about or
        that was in doubt within the last hour, so that its result is found by calling again.

        Raises:
            Unsupported: the venue has no such tool, or it does not act. UsageError: the arguments are wrong.
            ActionIdReused: the id belongs to another action. Refused: mode, role, grants, hours or trading state
            forbid it. Rejected: the venue said no. Unavailable: nothing was sent.
            OutcomeUnknown: sent, no answer: it is IN_DOUBT; never send it again.
        """
        extra = tool_named(self.extras, tool)
        if not extra.acts(self.environment):
            raise Unsupported(f"{tool} does not act: it only reads, or moves the simulation.", fix="Use call_extra.")
        self._parts.refresh()
        with self.serve(caller) as who:
            return await self._parts.actions.act(extra, arguments, who, action_id, reason)

    async def action(self, action_id: str) -> Action:
        """One action, however old. Raises UnknownAction."""
        return self._parts.actions.get(action_id)

    async def actions(self, statuses: Sequence[ActionStatus] = (), *, limit: int = 100) -> Sequence[Action]:
        """Actions of this desk, newest first."""
        return self._parts.store.actions(desk=self.name, statuses=statuses, limit=limit)

    async def call_extra(self, name: str, arguments: Any, *, caller: Caller | None = None) -> Any:
        """Call one of the venue's own tools, gated and recorded, for its result.

        One that acts goes the way of `act`, and raises where there is no result yet.

        Raises:
            Unsupported: the venue has none of that name. ModeRefused, PermissionRefused, and what the tool raises.
            ApprovalPending: a person has to decide; nothing was sent. ApprovalRefused: a person decided against it.
        """
        extra = tool_named(self.extras, name)
        if extra.acts(self.environment):
            return _result(extra, await self.act(name, arguments, caller=caller))
        parts = self._parts
        parts.refresh()
        with self.serve(caller) as who:
            answer = await call_extra(extra, arguments, who, parts.permission, parts.venue, parts.recorder)
        parts.state.quoted_ns.clear()
        if extra.mutates:
            await parts.reconciler.take_over()
        return answer


def _result(extra: Extra, action: Action) -> Any:
    """What the tool answered."""
    details = {"action_id": action.id, "approval_id": action.approval_id}
    if action.status is ActionStatus.DONE:
        return None if action.result is None else from_record(action.result, extra.result)
    if action.status is ActionStatus.PENDING_APPROVAL:
        raise ApprovalPending(
            f"A person has to approve it first: {action.summary}.",
            fix=f"Call again once it is decided, by an operator: venuekit approvals show {action.approval_id}",
            details=details,
        )
    if action.status is ActionStatus.REJECTED:
        raise Rejected(action.status_reason, details=details)
    if action.status is ActionStatus.DENIED:
        kind = ApprovalRefused if action.status_code == ApprovalRefused.code else Refused
        raise kind(action.status_reason, details=details)
    raise OutcomeUnknown(
        action.status_reason or f"The action {action.id} has no answer yet.",
        fix="Do not send it again. It is in doubt until the venue has been asked.",
        details=details,
    )
