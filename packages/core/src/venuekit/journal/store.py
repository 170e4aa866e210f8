"""A store on any SQL database: everything but how a transaction runs, and who hears of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any, ClassVar, TypeVar

import attrs
import msgspec

from venuekit.errors import JournalUnavailable
from venuekit.journal import actions, sealing
from venuekit.journal.budgets import LAST_MINUTE, STANDINGS, TODAY, amount, claim
from venuekit.journal.chain import Chain
from venuekit.journal.control_record import read_control
from venuekit.journal.queries import DAY_NS, FIELDS, RARE, where
from venuekit.journal.record import encode_body, to_row
from venuekit.model.action import Action, ActionStatus
from venuekit.model.codec import from_record, to_plain
from venuekit.model.identity import ApprovalId
from venuekit.model.times import iso
from venuekit.protocols.breakers import BreakerRecord, Figure
from venuekit.protocols.budget import MINUTE_NS, Claim, Spent, Standing, day_of
from venuekit.protocols.journal import (
    Approval,
    ApprovalState,
    Control,
    DayCount,
    Entry,
    EntryKind,
    LimitOverride,
    Row,
    RowQuery,
)
from venuekit.protocols.retention import Checkpoint, Needs, Slice
from venuekit.watch.redact import redact

T = TypeVar("T")
_BATCH = 1000
_SET_CONTROL = (
    "INSERT INTO control VALUES (1, ?, ?) "
    "ON CONFLICT (one) DO UPDATE SET revision = excluded.revision, body = excluded.body"
)
_SET_BREAKER = "INSERT INTO breakers VALUES (?, ?, ?) ON CONFLICT (desk, name) DO UPDATE SET body = excluded.body"
_SET_FIGURE = "INSERT INTO figures VALUES (?, ?, ?) ON CONFLICT (desk, name) DO UPDATE SET body = excluded.body"
_SET_LIMIT = "INSERT INTO limits VALUES (?, ?, ?) ON CONFLICT (desk, name) DO UPDATE SET body = excluded.body"


class SqlStore(ABC):
    """What the stores have in common. `secrets` are literal values that must never be written."""

    #: Whether the database can call `says`.
    _reads_text: ClassVar[bool]

    def __init__(self, secrets: frozenset[str]) -> None:
        self._secrets = secrets

    @abstractmethod
    async def _transact(self, work: Callable[[Chain], T]) -> T:
        """Run `work` in a transaction that nobody else writes beside; on failure nothing of it stays."""

    @abstractmethod
    def _read(self, sql: str, values: Sequence[Any]) -> list[Any]:
        """What a question finds; ``?`` stands for a value."""

    # -- reading

    def rows(self, query: RowQuery) -> Sequence[Row]:
        """Rows that match, in the order asked for."""
        clause, values = where(query, reads=self._reads_text)
        order = "DESC" if query.newest_first else "ASC"
        sql = f"SELECT {FIELDS} FROM journal {clause} ORDER BY sequence {order} LIMIT ?"  # noqa: S608 - constants
        return [_readable(to_row, r) for r in self._read(sql, (*values, query.limit))]

    def replay(self, desk: str, after_sequence: int = 0) -> Iterator[Row]:
        """All rows of a desk, oldest first."""
        while True:
            query = RowQuery(desk=desk, after_sequence=after_sequence, newest_first=False, limit=_BATCH)
            rows = self.rows(query)
            yield from rows
            if len(rows) < _BATCH:
                return
            after_sequence = rows[-1].sequence

    def latest(self, desk: str, kind: EntryKind) -> Row | None:
        """The newest row of a kind."""
        rows = self.rows(RowQuery(desk=desk, kinds=(kind,), limit=1))
        return rows[0] if rows else None

    def stats(self, *, start_ns: int | None = None, end_ns: int | None = None) -> Sequence[DayCount]:
        """Rows a day, by kind and agent."""
        clause, values = where(RowQuery(start_ns=start_ns, end_ns=end_ns))
        found = self._read(
            f"SELECT time_ns / {DAY_NS} AS day, kind, agent_id, count(*) FROM journal {clause} "  # noqa: S608 - constants
            "GROUP BY day, kind, agent_id ORDER BY day, kind, agent_id",
            values,
        )
        return [DayCount(iso(day * DAY_NS)[:10], kind, agent_id, count) for day, kind, agent_id, count in found]

    # -- pruning

    def checkpoint(self) -> Checkpoint | None:
        """Where the chain begins since the last prune."""
        return sealing.checkpoint(self._read)

    def slice(self, needs: Needs, *, to: int, most: int) -> Slice | None:
        """The next rows after the checkpoint, on their way out."""
        return sealing.next_slice(self._read, needs, to=to, most=most)

    def sweep(self, needs: Needs, *, most: int) -> Slice | None:
        """What was kept before the checkpoint and is needed no more."""
        return sealing.next_sweep(self._read, needs, most=most)

    async def seal(self, cut: Slice, entry: Entry) -> bool:
        """Remove the rows of a slice and record its checkpoint, in one commit."""
        return await self._transact(lambda chain: sealing.seal(chain, cut, entry))

    def desks(self) -> Sequence[str]:
        """Every desk that was ever opened here."""
        sql = f"SELECT DISTINCT desk FROM journal WHERE {RARE} AND desk <> '' ORDER BY desk"  # noqa: S608 - constants
        return [desk for (desk,) in self._read(sql, ())]

    def spent(self, budget: str, now_ns: int, *, newest: int = 0) -> Spent:
        """What is used of a budget, by all desks."""
        found = self._read(TODAY, (budget, day_of(now_ns)))
        total, orders = found[0] if found else ("0", 0)
        minute = self._read(LAST_MINUTE, (budget, now_ns - MINUTE_NS, newest)) if newest else []
        times = tuple(time_ns for (time_ns,) in reversed(minute))
        return Spent(amount=Decimal(total), orders=orders, minute=times)

    def standings(self, name: str) -> Sequence[Standing]:
        """What every desk last said under this name."""
        found = self._read(STANDINGS, (name,))
        return [
            Standing(name=name, desk=desk, time_ns=at, value=amount(value), base=amount(base), running=bool(running))
            for name, desk, at, value, base, running in found
        ]

    # -- what is decided by compare-and-set

    def control(self) -> Control:
        """The control record."""
        found = self._read("SELECT body FROM control", ())
        return _control(found[0][0]) if found else Control()

    async def set_control(self, change: Callable[[Control], Control], entry: Entry) -> Control:
        """Change the control record and record why, in one commit."""

        def work(chain: Chain) -> Control:
            found = chain.execute("SELECT revision, body FROM control").fetchone()
            before = _control(found[1]) if found else Control()
            new = attrs.evolve(change(before), revision=(found[0] if found else 0) + 1)
            body = redact(to_plain(new), also=self._secrets)  # as in the row, with which it is compared later
            chain.execute(_SET_CONTROL, (new.revision, _text(body)))
            chain.insert([attrs.evolve(entry, body={**entry.body, "control": body})])
            return read_control(body)

        return await self._transact(work)

    def breakers(self, desk: str) -> Sequence[BreakerRecord]:
        """The desk's breakers as remembered."""
        found = self._read("SELECT body FROM breakers WHERE desk = ? ORDER BY name", (desk,))
        return [_record(body, BreakerRecord) for (body,) in found]

    async def set_breaker(self, desk: str, breaker: BreakerRecord, entry: Entry) -> None:
        """Remember a breaker and record why, in one commit."""

        def work(chain: Chain) -> None:
            body = redact(to_plain(breaker), also=self._secrets)
            chain.execute(_SET_BREAKER, (desk, breaker.name, _text(body)))
            chain.insert([attrs.evolve(entry, desk=desk, subject=breaker.name, body={**entry.body, "breaker": body})])

        await self._transact(work)

    def limits(self) -> Sequence[LimitOverride]:
        """Every limit that was changed and not taken back."""
        found = self._read("SELECT desk, name, body FROM limits ORDER BY desk, name", ())
        return [_limit(desk, name, body) for desk, name, body in found]

    async def set_limit(self, limit: LimitOverride, entry: Entry) -> LimitOverride:
        """Change a limit and record why, in one commit."""

        def work(chain: Chain) -> LimitOverride:
            body = redact(to_plain(limit), also=self._secrets)
            chain.execute(_SET_LIMIT, (limit.desk, limit.name, _text(body)))
            chain.insert([_about_limit(entry, limit.desk, limit.name, body)])
            return from_record(body, LimitOverride)

        return await self._transact(work)

    async def unset_limit(self, desk: str, name: str, entry: Entry) -> bool:
        """Take a change of a limit back and record why, in one commit; False when there was none."""

        def work(chain: Chain) -> bool:
            if chain.execute("DELETE FROM limits WHERE desk = ? AND name = ?", (desk, name)).rowcount != 1:
                return False
            chain.insert([_about_limit(entry, desk, name, None)])
            return True

        return await self._transact(work)

    def figures(self) -> Sequence[Figure]:
        """Every figure that was reported, as it was last."""
        found = self._read("SELECT body FROM figures ORDER BY desk, name", ())
        return [_record(body, Figure) for (body,) in found]

    async def set_figure(self, figure: Figure, entry: Entry) -> None:
        """Keep a figure and record who reported it, in one commit."""

        def work(chain: Chain) -> None:
            body = redact(to_plain(figure), also=self._secrets)
            chain.execute(_SET_FIGURE, (figure.desk, figure.name, _text(body)))
            chain.insert(
                [attrs.evolve(entry, desk=figure.desk, subject=figure.name, body={**entry.body, "figure": body})]
            )

        await self._transact(work)

    async def add_approval(self, approval: Approval, entries: Sequence[Entry], *, action: Action | None = None) -> None:
        """Store a new approval with its journal rows, and the action that waits for it, in one commit."""

        def work(chain: Chain) -> None:
            self._put_approval(chain, approval)
            told = [] if action is None else [actions.put(chain, action, self._secrets)]
            chain.insert([_approval_entry(approval), *told, *entries])

        await self._transact(work)

    def _put_approval(self, chain: Chain, approval: Approval) -> None:
        body = encode_body(approval, self._secrets)
        chain.execute(
            "INSERT INTO approvals VALUES (?, ?, ?, ?, ?)",
            (approval.id, approval.desk, str(approval.state), approval.created_ns, body),
        )

    def approval(self, approval_id: ApprovalId) -> Approval | None:
        """One approval."""
        found = self._read("SELECT body FROM approvals WHERE id = ?", (approval_id,))
        return _record(found[0][0], Approval) if found else None

    def approvals(
        self, *, desk: str | None = None, states: Sequence[ApprovalState] = (), limit: int = 100
    ) -> Sequence[Approval]:
        """Approvals, newest first."""
        marks = ", ".join("?" * len(states))
        conditions = [c for c, wanted in (("desk = ?", desk), (f"state IN ({marks})", states)) if wanted]
        clause = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        sql = f"SELECT body FROM approvals {clause} ORDER BY created_ns DESC, id LIMIT ?"  # noqa: S608 - constants
        found = self._read(sql, (*([desk] if desk else []), *(str(s) for s in states), limit))
        return [_record(body, Approval) for (body,) in found]

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
        """Replace an approval if it is still `before`; False, and nothing written, when it is not."""

        def work(chain: Chain) -> bool:
            found = chain.execute("SELECT body FROM approvals WHERE id = ?", (before.id,)).fetchone()
            if found is None or _record(found[0], Approval) != before:
                return False
            claim(chain, claims)
            chain.execute(
                "UPDATE approvals SET state = ?, body = ? WHERE id = ?",
                (str(after.state), encode_body(after, self._secrets), before.id),
            )
            told = [_approval_entry(after)]
            if successor is not None:
                self._put_approval(chain, successor)
                told.append(_approval_entry(successor))
            if action is not None:
                told.append(actions.put(chain, action, self._secrets))
            chain.insert([*told, *entries])
            return True

        return await self._transact(work)

    # -- actions

    def action(self, desk: str, action_id: str) -> Action | None:
        """One action of a desk."""
        found = self._read(actions.ONE, (desk, action_id))
        return _record(found[0][0], Action) if found else None

    def actions(
        self,
        *,
        desk: str | None = None,
        statuses: Sequence[ActionStatus] = (),
        call_hash: str | None = None,
        limit: int = 100,
    ) -> Sequence[Action]:
        """Actions, newest first."""
        sql, values = actions.wanted(desk, statuses, call_hash, limit)
        return [_record(body, Action) for (body,) in self._read(sql, values)]

    async def put_action(self, before: Action | None, after: Action, claims: Sequence[Claim] = ()) -> bool:
        """Keep an action's new state if it is still `before`; False, and nothing written, when it is not."""

        def work(chain: Chain) -> bool:
            found = chain.execute(actions.ONE, (after.desk, after.id)).fetchone()
            if not actions.is_still(None if found is None else _record(found[0], Action), before):
                return False
            claim(chain, claims)
            chain.insert([actions.put(chain, after, self._secrets)])
            return True

        return await self._transact(work)


def _readable(read: Callable[[Any], T], stored: Any) -> T:
    try:
        return read(stored)
    except ValueError as error:  # no JSON, or a kind of row that there is not
        raise JournalUnavailable(f"The store cannot be read: {error}.", fix="Run: venuekit audit verify") from error


def _control(text: str) -> Control:
    return read_control(_readable(msgspec.json.decode, text))


def _record(text: str, kind: type[T]) -> T:
    return from_record(_readable(msgspec.json.decode, text), kind)


def _limit(desk: str, name: str, body: str) -> LimitOverride:
    try:
        return _record(body, LimitOverride)
    except JournalUnavailable:  # a newer version's: the desks that it is for must know that it is there
        return LimitOverride(desk=desk, name=name, value="", format=0)


def _about_limit(entry: Entry, desk: str, name: str, body: Any) -> Entry:
    return attrs.evolve(entry, desk=desk, subject=name, body={**entry.body, "limit": body})


def _text(body: Any) -> str:
    return msgspec.json.encode(body).decode()


def _approval_entry(approval: Approval) -> Entry:
    """The approval as it is now, at the time of the last thing that happened to it."""
    return Entry(
        kind=EntryKind.APPROVAL,
        desk=approval.desk,
        subject=approval.id,
        agent_id=approval.agent_id,
        body=approval,
        time_ns=max(approval.created_ns, approval.decided_ns or 0, *(d.time_ns for d in approval.decisions)),
    )
