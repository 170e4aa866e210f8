"""The audit tool: what this desk did, newest first, and whether its record is whole."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import attrs

from venuekit.model.untrusted import Untrusted
from venuekit.protocols.approver import Caller, Role
from venuekit.protocols.journal import EntryKind, Row, RowQuery, Store
from venuekit_mcp.arguments import argument
from venuekit_mcp.paging import decode, encode
from venuekit_mcp.surface import Call, Tool

if TYPE_CHECKING:
    from venuekit.desk.desk import Desk
    from venuekit_mcp.desk_host import DeskHost


#: How often the journal is asked for one answer: what others did may stand between.
_MOST_PAGES = 20
_ASKED = (EntryKind.CALL, EntryKind.DENIED)


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


def _may_see(caller: Caller, row: Row) -> bool:
    """What another agent asked and was refused is for an admin; what came of it belongs to the account."""
    return row.kind not in _ASKED or row.agent_id in ("", caller.agent_id) or caller.role.includes(Role.ADMIN)


def _seen(store: Store, query: RowQuery, caller: Caller) -> tuple[list[Row], int]:
    """At most `query.limit` rows that the caller may see, newest first; and the last one looked at, if more follow."""
    found: list[Row] = []
    for _ in range(_MOST_PAGES):
        page = store.rows(attrs.evolve(query, limit=query.limit + 1))
        for row in page[: query.limit]:
            if _may_see(caller, row):
                found.append(row)
                if len(found) == query.limit:
                    return found, row.sequence if row is not page[-1] else 0
        if len(page) <= query.limit:
            return found, 0
        query = attrs.evolve(query, before_sequence=page[query.limit - 1].sequence)
    return found, query.before_sequence or 0


def audit_tools(desk: Desk, host: DeskHost) -> list[Tool]:
    """The audit tool."""

    async def audit(call: Call) -> Audit:
        a = call.arguments
        await host.settle()
        before = decode(a.cursor, "audit", a.kind, a.agent_id, a.subject) or None
        query = RowQuery(
            desk=desk.name,
            kinds=() if a.kind is None else (a.kind,),
            subject=a.subject,
            agent_id=a.agent_id,
            before_sequence=before,
            limit=a.limit,
        )
        rows, reached = _seen(desk.store, query, call.caller)
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
            next_cursor=encode(reached, "audit", a.kind, a.agent_id, a.subject) if reached else None,
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
