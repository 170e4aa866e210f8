"""A venue's own tools, offered when their toolset is chosen; those that act answer as orders do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import attrs

from venuekit.model.action import Action, ActionStatus
from venuekit.model.codec import from_record
from venuekit.model.times import NANOS, iso
from venuekit.model.untrusted import Untrusted
from venuekit.protocols.approver import Role
from venuekit.protocols.extra import Extra
from venuekit_mcp.arguments import argument
from venuekit_mcp.desk_host import unknown_choice
from venuekit_mcp.dialog import Dialogs
from venuekit_mcp.surface import Call, Handler, Tool
from venuekit_mcp.tools.approvals import waits_for
from venuekit_mcp.wire import clean

if TYPE_CHECKING:
    from venuekit.desk.desk import Desk

CORE = "core"
_WAITS = " Changes the account; a person may have to approve it first."


def _handler(desk: Desk, extra: Extra) -> Handler:
    async def call_it(call: Call) -> object:
        return await desk.call_extra(extra.name, call.arguments, caller=call.caller)

    return call_it


def _arguments(extra: Extra) -> type[Any]:
    """The tool's own arguments, and those that every action has."""
    made = attrs.make_class(
        f"Act{extra.arguments.__name__}",
        {
            "reason": argument("Why; who decides reads it.", "", longest=500),
            "action_id": argument("Your own id: the same one again is done once.", None, longest=64),
        },
        bases=(extra.arguments,),
        frozen=True,
        kw_only=True,
    )
    made.__annotations__ = {"reason": str, "action_id": str | None}
    return made


def _answer(extra: Extra) -> type[Any]:
    """What an acting tool answers: the action as it is now, and the tool's own result once it is done."""
    made = attrs.make_class(
        f"{extra.result.__name__}Action",
        ["action_id", "status", "summary", "approval_id", "next_step", "result"],
        frozen=True,
        kw_only=True,
    )
    made.__annotations__ = {
        "action_id": str,
        "status": ActionStatus,
        "summary": Untrusted,
        "approval_id": str | None,
        "next_step": str,
        "result": extra.result | None,
    }
    return made


def _acting(desk: Desk, extra: Extra, answer: type[Any]) -> Handler:
    dialogs = Dialogs(desk)
    own = [field.name for field in attrs.fields(extra.arguments)]

    async def act(call: Call) -> Any:
        action, repeats = await dialogs.resumed(call), False
        if action is None:
            a, now_ns = call.arguments, desk.clock.now_ns()
            given = extra.arguments(**{name: getattr(a, name) for name in own})
            action = await desk.act(extra.name, given, action_id=a.action_id, reason=a.reason, caller=call.caller)
            repeats = action.created_ns < now_ns
            if action.status is ActionStatus.PENDING_APPROVAL:
                action = await dialogs.asked(call, action)
        if not isinstance(action, Action):
            return action
        return answer(
            action_id=action.id,
            status=action.status,
            summary=Untrusted(action.summary),
            approval_id=action.approval_id,
            next_step=await _next_step(desk, action, repeats=repeats),
            result=None if action.result is None else from_record(action.result, extra.result),
        )

    return act


async def _next_step(desk: Desk, action: Action, *, repeats: bool) -> str:
    again = f"call {action.tool} again with the same arguments and action_id {action.id}"
    why = f"{clean(action.status_reason)} " if action.status_reason else ""
    if action.status is ActionStatus.PENDING_APPROVAL:
        approval = await desk.approval(action.approval_id or "")
        decided = waits_for(desk, approval) or f"Approval {approval.id} is {approval.state.value}."
        return f"{decided} No tool can approve. To see what became of it, {again}: it is done once."
    if action.status in (ActionStatus.IN_DOUBT, ActionStatus.SENDING):
        return f"{why}Sent, and no answer yet: do not do it in another way. To look, {again}."
    if action.status is ActionStatus.DONE:
        at = iso(action.updated_ns - action.updated_ns % NANOS)
        once = f"This was done at {at}, and nothing more now. Another action_id does it once more." if repeats else ""
        return f"{why}{once}".strip()
    return f"{why}Nothing was done. Another action_id is another proposal."


def _tool(desk: Desk, extra: Extra) -> Tool:
    acts = extra.acts(desk.environment)
    answer = _answer(extra) if acts else extra.result
    return Tool(
        name=extra.name,
        title=extra.title,
        description=extra.description + _WAITS if acts else extra.description,
        arguments=_arguments(extra) if acts else extra.arguments,
        result=answer,
        handler=_acting(desk, extra, answer) if acts else _handler(desk, extra),
        role=Role.TRADER if extra.mutates else Role.VIEWER,
        trades=extra.mutates,
        listed=desk.offers(extra),
        read_only=not extra.mutates,
        destructive=extra.mutates,
        idempotent=not extra.mutates,
    )


def extra_tools(desk: Desk, toolsets: Sequence[str]) -> list[Tool]:
    """The tools of the chosen toolsets, ``core`` aside.

    Raises:
        ConfigError: a toolset that this venue does not have.
    """
    known = [CORE, *sorted({e.toolset for e in desk.extras})]
    for name in toolsets:
        if name not in known:
            raise unknown_choice("toolset", name, known)
    return [_tool(desk, e) for e in desk.extras if e.toolset in toolsets]
