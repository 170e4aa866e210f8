"""The limits that hold now: the configuration's, and what operators change while desks run."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from venuekit.desk.recorder import Recorder
from venuekit.desk.risk.changing import changed, name_of, set_entry, unset_entry
from venuekit.desk.risk.explain import shown
from venuekit.errors import ConfigError
from venuekit.protocols.approver import Operator
from venuekit.protocols.clock import Clock
from venuekit.protocols.journal import LimitOverride, Store
from venuekit.protocols.risk import RiskCheck, Verdict
from venuekit.settings.credentials import Credentials
from venuekit.settings.overrides import Effective, effective, limit_named
from venuekit.settings.schema import RiskSettings


class Limits:
    """The limits of one desk.

    Every desk of the store takes a change in before its next order, without a restart. A change that this version
    cannot understand stops all orders until it is taken back. No tool of an agent reaches `set` and `unset`.
    """

    def __init__(
        self,
        *,
        desk: str,
        configured: RiskSettings,
        store: Store,
        recorder: Recorder,
        clock: Clock,
        credentials: Credentials,
        checks_of: Callable[[RiskSettings], list[RiskCheck]],
    ) -> None:
        self._desk = desk
        self._configured = configured
        self._store = store
        self._recorder = recorder
        self._clock = clock
        self._credentials = credentials
        self._checks_of = checks_of
        self._changes = store.limits()
        self._held = self._effective()
        #: What every order passes, in this order.
        self.checks = checks_of(self._held.risk)

    def _effective(self) -> Effective:
        return effective(self._configured, self._changes, desk=self._desk, now_ns=self._clock.now_ns())

    @property
    def risk(self) -> RiskSettings:
        """The limits as they hold now."""
        return self._held.risk

    @property
    def changes(self) -> Sequence[LimitOverride]:
        """What operators changed and holds now."""
        self.end_overdue()
        return self._held.active

    def read(self) -> None:
        """Take in what the store has.

        Raises:
            JournalUnavailable: it cannot be asked.
        """
        changes = self._store.limits()
        if changes != self._changes:
            self._changes = changes
            self._settle()
        else:
            self.end_overdue()

    def end_overdue(self) -> None:
        """Let changes end whose time is over."""
        ends_ns = self._held.ends_ns
        if ends_ns is not None and self._clock.now_ns() >= ends_ns:
            self._settle()

    def _settle(self) -> None:
        before, self._held = self._held, self._effective()
        self.checks = self._checks_of(self._held.risk)
        there = {(c.desk, c.name) for c in self._held.active}
        for change in before.active:
            if (change.desk, change.name) not in there:
                self._tell("limit_unset", change, "")
        for change in self._held.active:
            if change not in before.active:
                self._tell("limit_set", change, f" (by {change.by}: {change.reason})")

    def _tell(self, kind: str, change: LimitOverride, who: str) -> None:
        try:
            now = f"is {shown(limit_named(change.name).of(self._held.risk))} from now on"
        except ConfigError:
            now = "is no limit that this version knows"
        self._recorder.publish(self._recorder.about(kind, f"{change.name} {now}{who}", change.name))

    def refusal(self) -> Verdict | None:
        """Why no order may go, while a change cannot be understood."""
        self.end_overdue()
        if not self._held.problem:
            return None
        return Verdict(
            "limits",
            False,
            f"{self._held.problem}; without knowing its limits this desk sends no orders.",
            "limits that this version understands",
            "unknown",
            "any order after an upgrade of venuekit, or after: venuekit risk unset",
        )

    async def set(
        self,
        name: str,
        value: str,
        operator: Operator,
        *,
        reason: str,
        until_ns: int | None = None,
        every_desk: bool = False,
        loosen: bool = False,
    ) -> LimitOverride:
        """Change a limit of this desk, or of every desk of the store.

        `name` and `value` are as in ``[risk]``: ``max_order_notional`` and ``"500"``. It holds from the next order
        on, over restarts, until `until_ns` (UTC nanoseconds) or until `unset`.

        Raises:
            ConfigError: no such limit, or no such value; names the nearest, and what is accepted.
            InvalidValue: no reason, a time that has passed, or a value that lets more pass without `loosen`.
            PermissionRefused: the operator's token does not prove the name.
            JournalUnavailable: nothing was changed.
        """
        self._credentials.proof(operator)
        change = changed(
            name,
            value,
            configured=self._configured,
            desk="" if every_desk else self._desk,
            operator=operator,
            reason=reason,
            until_ns=until_ns,
            loosen=loosen,
            now_ns=self._clock.now_ns(),
        )
        kept = await self._store.set_limit(change, set_entry(change, operator))
        self.read()
        return kept

    async def unset(self, name: str, operator: Operator, *, reason: str = "", every_desk: bool = False) -> bool:
        """Take back a change of this desk, or one for every desk; False when there is none.

        Raises:
            ConfigError: there is no such limit.
            PermissionRefused: the operator's token does not prove the name.
            JournalUnavailable: nothing was changed.
        """
        self._credentials.proof(operator)
        desk, now_ns = "" if every_desk else self._desk, self._clock.now_ns()
        name = name_of(name, self._store.limits())
        found = await self._store.unset_limit(desk, name, unset_entry(desk, name, operator, reason, now_ns))
        self.read()
        return found
