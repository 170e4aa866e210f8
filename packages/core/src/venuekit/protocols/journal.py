"""Durable memory: one append-only, hash-chained journal, the approvals and the control record beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, Protocol

import attrs

from venuekit.model.action import Action
from venuekit.model.identity import AccountId, AgentId, ApprovalId, VenueName
from venuekit.protocols.actions import ActionStore
from venuekit.protocols.breakers import BreakerRecord, Figure
from venuekit.protocols.budget import Claim, Spent, Standing
from venuekit.protocols.retention import Provable
from venuekit.protocols.trading import TradingState


class EntryKind(StrEnum):
    """What a journal row records."""

    INTENT = "intent"
    ORDER = "order"
    FILL = "fill"
    DENIED = "denied"
    APPROVAL = "approval"
    CALL = "call"
    CONTROL = "control"
    RECONCILE = "reconcile"
    SESSION = "session"
    SNAPSHOT = "snapshot"
    ACTION = "action"


@attrs.frozen(kw_only=True)
class Entry:
    """What is to be recorded.

    `body` is JSON-ready data, which the store redacts, or a model value, which it writes as it is: the free text
    in a model value must have been redacted where it came in.

    `desk` is ``venue:account``; `subject` is the order, approval or tool it is about.
    """

    kind: EntryKind
    desk: str
    subject: str
    agent_id: str
    body: Any
    time_ns: int


@attrs.frozen(kw_only=True)
class Row:
    """A recorded entry: its place in the chain, and the digest that covers it and all before it."""

    sequence: int
    time_ns: int
    kind: EntryKind
    desk: str
    subject: str
    agent_id: str
    body: Mapping[str, Any]
    digest: str


@attrs.frozen(kw_only=True)
class RowQuery:
    """Which rows; every given field must match. `text` is looked for in subject and values of the body, in any case."""

    desk: str | None = None
    kinds: Sequence[EntryKind] = ()
    subject: str | None = None
    agent_id: str | None = None
    text: str | None = None
    start_ns: int | None = None
    end_ns: int | None = None
    after_sequence: int | None = None
    before_sequence: int | None = None
    newest_first: bool = True
    limit: int = 100


@attrs.frozen
class DayCount:
    """How many rows of a kind on one UTC day (``2026-11-21``)."""

    day: str
    kind: str
    agent_id: str
    count: int


class ApprovalState(StrEnum):
    """Where an approval is. USED, REJECTED, EXPIRED and VOID are final."""

    PENDING = "PENDING"
    APPROVED = "APPROVED"
    USED = "USED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"
    VOID = "VOID"


@attrs.frozen(kw_only=True)
class Decision:
    """What one person said to one question.

    `source` is the door (``cli``, ``http``, ``elicitation``, ``library``), `proof` how it knew the person:
    ``token``, ``os user``, ``host dialog`` or ``process``.
    """

    by: str
    source: str
    proof: str
    approve: bool
    time_ns: int
    note: str = ""

    @property
    def who(self) -> str:
        """The person and the door: ``alice (cli)``."""
        return f"{self.by} ({self.source})"


@attrs.frozen(kw_only=True)
class Approval:
    """One single-use question: may exactly this order go, or exactly this call of the venue's own `tool`?

    `order` is the whole request as data: of an order, or of a call its `tool`, `arguments` and `reason`; `order_id`
    is the order's id, or the action's. `order_hash` binds the decision to the request and to the principal.
    `reference_price` is the market when it was asked; the price may move by `price_tolerance` (a share). After a
    larger move this question is void and another is asked: `replaced_by` and `replaces` link them, and `renewal`
    counts how many came before. It is APPROVED when `people` different persons have approved.
    """

    id: ApprovalId
    desk: str
    agent_id: AgentId
    order_id: str
    order: Mapping[str, Any]
    order_hash: str
    summary: str
    notional: str
    reference_price: str | None
    price_tolerance: str
    state: ApprovalState
    created_ns: int
    expires_ns: int
    decided_by: str = ""
    decided_ns: int | None = None
    note: str = ""
    people: int = 1
    decisions: Sequence[Decision] = ()
    replaces: ApprovalId = ""
    replaced_by: ApprovalId = ""
    renewal: int = 0
    #: From where it was asked, as `Caller.source`; empty in a record that is older than this field.
    source: str = ""
    #: The tool that is called; empty for an order, and so in every record that is older than this field.
    tool: str = ""

    @property
    def terms(self) -> Mapping[str, Any]:
        """What is asked for, name by name: of an order, or of a call its arguments."""
        asked = {"tool": self.tool, **self.order["arguments"]} if self.tool else self.order
        return {name: value for name, value in asked.items() if value not in (None, "", False) and name != "reason"}

    @property
    def approvers(self) -> Sequence[str]:
        """Who has approved so far, in their order, each with the door."""
        return tuple(d.who for d in self.decisions if d.approve)

    @property
    def progress(self) -> str:
        """How far it has come, where more than one person is needed: ``1 of 2, by alice (cli)``; else empty."""
        if self.people < 2:
            return ""
        by = f", by {', '.join(self.approvers)}" if self.approvers else ""
        return f"{len(self.approvers)} of {self.people}{by}"


@attrs.frozen(kw_only=True)
class Hold:
    """What may be sent, who said so and why."""

    state: TradingState = TradingState.ACTIVE
    reason: str = ""
    by: str = ""
    since_ns: int = 0
    #: Grows with each request to cancel all open orders.
    cancel_all_request: int = 0
    #: Grows with each resume: breakers that tripped before it are closed.
    resumes: int = 0


@attrs.frozen(kw_only=True)
class Control(Hold):
    """What every process of a store obeys at once. `revision` grows with each change.

    `scopes` holds what was said of one venue (``coinbase``) or one desk (``coinbase:default``).
    """

    revision: int = 0
    scopes: Mapping[str, Hold] = attrs.Factory(dict)


@attrs.frozen(kw_only=True)
class Holder:
    """Who runs a desk: its process and machine, like ``venuekit 4711 on host7``, and since when if that is told."""

    name: str
    since_ns: int | None = None


@attrs.frozen(kw_only=True)
class LimitOverride:
    """A limit that an operator changed while desks run; it holds until it is taken back, or until `until_ns`.

    `name` is a key of ``[risk]`` (``max_order_notional``, ``max_position_size.BTC-USD``), `value` what would stand in
    the file. `desk` is ``venue:account``; empty means every desk of the store. Without `loosens`, the stricter of
    `value` and a desk's own configuration counts.
    """

    name: str
    value: str
    desk: str = ""
    by: str = ""
    reason: str = ""
    since_ns: int = 0
    until_ns: int | None = None
    loosens: bool = False
    #: Which rules it is written by; a desk that does not know them sends no orders while it is there.
    format: int = 1


class Store(Provable, ActionStore, Protocol):
    """Where a desk remembers. A call that changes something has made it durable when it returns.

    Any write may raise `JournalUnavailable`; the caller must then send nothing.
    """

    async def append(self, entries: Sequence[Entry], claims: Sequence[Claim] = ()) -> Sequence[int]:
        """Write entries in order, all or none, and return their sequence numbers.

        `claims` are counted in the same commit. Calls of the same turn of the event loop may share one commit.

        Raises:
            BudgetExceeded: a budget has less left than is taken; nothing was written.
        """
        ...

    def spent(self, budget: str, now_ns: int, *, newest: int = 0) -> Spent:
        """What all desks have used of a budget on the UTC day of `now_ns`; of the last minute, the `newest` orders."""
        ...

    def standings(self, name: str) -> Sequence[Standing]:
        """What every desk last said under this name, by desk."""
        ...

    async def claim(self, desk: str) -> None:
        """Become the only one that runs `desk`. It ends when this store is closed, and with the process.

        Raises:
            StoreInUse: another process runs it, or this one does already. JournalUnavailable: that cannot be known.
        """
        ...

    def holder(self, desk: str) -> Holder | None:
        """Who runs `desk` at this moment, in whatever process; None when nobody does.

        Raises:
            JournalUnavailable: that cannot be known.
        """
        ...

    async def evict(self, desk: str) -> Holder | None:
        """End by force whoever runs `desk`, when it hangs: its process on this machine, its session of the database.

        Returns who that was; None when nobody runs it.

        Raises:
            StoreInUse: it cannot be ended from here. JournalUnavailable: that cannot be known.
        """
        ...

    def changed(self) -> bool:
        """Whether another connection may have changed what stands beside the journal since the last call.

        That is the control record, limits, approvals and breakers. Cheap enough to ask before every order.
        """
        ...

    def rows(self, query: RowQuery) -> Sequence[Row]:
        """Rows that match."""
        ...

    def replay(self, desk: str, after_sequence: int = 0) -> Iterator[Row]:
        """All rows of a desk, oldest first, a batch at a time."""
        ...

    def latest(self, desk: str, kind: EntryKind) -> Row | None:
        """The newest row of a kind."""
        ...

    def stats(self, *, start_ns: int | None = None, end_ns: int | None = None) -> Sequence[DayCount]:
        """Rows a day, by kind and agent."""
        ...

    def desks(self) -> Sequence[str]:
        """Every desk that was ever opened here."""
        ...

    def control(self) -> Control:
        """The control record."""
        ...

    async def set_control(self, change: Callable[[Control], Control], entry: Entry) -> Control:
        """Change it, as it is at that moment, and record why, in one commit. Returns it with its new revision.

        `change` may be called more than once, and does nothing else.
        """
        ...

    def breakers(self, desk: str) -> Sequence[BreakerRecord]:
        """The desk's breakers as remembered."""
        ...

    async def set_breaker(self, desk: str, breaker: BreakerRecord, entry: Entry) -> None:
        """Remember a breaker, and record why, in one commit."""
        ...

    def limits(self) -> Sequence[LimitOverride]:
        """Every limit that was changed and not taken back, of all desks. One that cannot be read has format 0."""
        ...

    async def set_limit(self, limit: LimitOverride, entry: Entry) -> LimitOverride:
        """Change a limit of its desk, in place of an earlier change, and record why, in one commit."""
        ...

    async def unset_limit(self, desk: str, name: str, entry: Entry) -> bool:
        """Take such a change back, and record why, in one commit. False, and nothing written, when there is none."""
        ...

    def figures(self) -> Sequence[Figure]:
        """Every figure that was reported, as it was last."""
        ...

    async def set_figure(self, figure: Figure, entry: Entry) -> None:
        """Keep a figure, and record who reported it, in one commit."""
        ...

    async def add_approval(self, approval: Approval, entries: Sequence[Entry], *, action: Action | None = None) -> None:
        """Store a new approval with its journal rows, and the action that waits for it, in one commit."""
        ...

    def approval(self, approval_id: ApprovalId) -> Approval | None:
        """One approval."""
        ...

    def approvals(
        self, *, desk: str | None = None, states: Sequence[ApprovalState] = (), limit: int = 100
    ) -> Sequence[Approval]:
        """Approvals, newest first."""
        ...

    async def move_approval(
        self,
        before: Approval,
        after: Approval,
        entries: Sequence[Entry],
        *,
        successor: Approval | None = None,
        action: Action | None = None,
        claims: Sequence[Claim] = (),
    ) -> bool:
        """Replace an approval if it is still exactly `before`, with its journal rows, in one commit.

        With `successor`, a new approval is stored with it; with `action`, the new state of what it was asked for, and
        `claims` are counted. False when another had moved it first; nothing is written then.

        Raises:
            BudgetExceeded: a budget has less left than is taken; nothing was written.
        """
        ...

    async def close(self) -> None:
        """Close; safe to call twice."""
        ...


def desk_name(venue: VenueName, account: AccountId) -> str:
    """How a desk is named in the store: ``venue:account``."""
    return f"{venue}:{account}"
