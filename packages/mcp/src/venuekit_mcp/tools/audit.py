"""The audit tool: what this desk did, newest first, and whether its record is whole."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import attrs

from venuekit.protocols.approver import Role
from venuekit.protocols.journal import EntryKind, RowQuery
from venuekit_mcp.arguments import argument
from venuekit_mcp.paging import decode, encode
from venuekit_mcp.surface import Call, Tool
from venuekit_mcp.wire import Untrusted

if TYPE_CHECKING:
    from venuekit.desk.desk import Desk
    from venuekit_mcp.desk_host import DeskHost


@attrs.frozen(kw_only=True)
class AuditArguments:
    """Arguments of get_audit."""

    kind: EntryKind | None = argument("Only rows of this kind.", None)
    agent_id: str | None = argument("Only this agent's.", None)
    subject: str | None = argument("Only about this order, approval or tool.", None)
    limit: int = argument("Most rows.", 20, least=1, most=100)
    cursor: str | None = argument("next_cursor of the last page.", None)
    verify: bool = argument("Also check the whole chain.", False)


@attrs.frozen(kw_only=True)
class AuditRow:
    """One row. `body` is JSON text, cut when long; it may quote venues and other agents."""

    sequence: int
    time_ns: int
    kind: EntryKind
    subject: str
    agent_id: str
    body: Untrusted
    digest: str


@attrs.frozen(kw_only=True)
class Audit:
    """Result of get_audit."""

    rows: Sequence[AuditRow]
    next_cursor: str | None = None
    verified: bool | None = None
    chain_rows: int | None = None
    problem: str = ""


def audit_tools(desk: Desk, host: DeskHost) -> list[Tool]:
    """The audit tool."""

    async def audit(call: Call) -> Audit:
        a = call.arguments
        await host.settle()
        before = decode(a.cursor, "audit", a.kind, a.agent_id, a.subject) or None
        found = desk.store.rows(
            RowQuery(
                desk=desk.name,
                kinds=() if a.kind is None else (a.kind,),
                subject=a.subject,
                agent_id=a.agent_id,
                before_sequence=before,
                limit=a.limit + 1,
            )
        )
        rows, more = found[: a.limit], len(found) > a.limit
        verified = desk.store.verify() if a.verify else None
        return Audit(
            rows=[
                AuditRow(
                    sequence=r.sequence,
                    time_ns=r.time_ns,
                    kind=r.kind,
                    subject=r.subject,
                    agent_id=r.agent_id,
                    body=Untrusted(json.dumps(r.body, separators=(",", ":"), ensure_ascii=False)),
                    digest=r.digest[:16],
                )
                for r in rows
            ],
            next_cursor=encode(rows[-1].sequence, "audit", a.kind, a.agent_id, a.subject) if more else None,
            verified=None if verified is None else verified.ok,
            chain_rows=None if verified is None else verified.rows,
            problem="" if verified is None else verified.problem,
        )

    return [
        Tool(
            name="get_audit",
            title="Get audit",
            description="The journal of this desk, newest first: calls, orders, fills, refusals, decisions.",
            arguments=AuditArguments,
            result=Audit,
            handler=audit,
            role=Role.ANALYST,
            open_world=False,
        )
    ]
