"""What must hold before an action goes: who asks, the trading state, grants, hours, budgets; and its worth."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import attrs

from venuekit.desk.approval import Approvals
from venuekit.desk.budgets import Budgets
from venuekit.desk.extras import is_shadow, not_simulated
from venuekit.desk.limits import Limits
from venuekit.desk.performing import CLEAR, result_of
from venuekit.desk.permission import Permission
from venuekit.desk.risk.checks import error_of
from venuekit.desk.risk.hours import Hours
from venuekit.desk.screening import Screening
from venuekit.desk.state import State
from venuekit.errors import (
    DataNotTrusted,
    Halted,
    InternalError,
    MarketClosed,
    ModeRefused,
    PermissionRefused,
    ReduceOnlyState,
    RiskRefused,
)
from venuekit.model.action import DOUBTFUL_ACTIONS, Action
from venuekit.model.codec import to_plain
from venuekit.model.identity import PAPER
from venuekit.model.money import times
from venuekit.model.times import NANOS
from venuekit.protocols.approver import Caller, Mode, Role
from venuekit.protocols.budget import Claim
from venuekit.protocols.clock import Clock
from venuekit.protocols.extra import Explained, Extra
from venuekit.protocols.journal import Store
from venuekit.protocols.trading import TradingState
from venuekit.protocols.venue import Venue

log = logging.getLogger("venuekit.desk")
_LONGEST_SENTENCE = 500


@attrs.frozen(kw_only=True)
class Weighed:
    """What a call would do, what that is worth in the desk's currency, and how many people have to approve it."""

    summary: str
    worth: Decimal | None
    people: int
    reduces: bool


class ActionChecks:
    """The steps before anything of an action is recorded; they run again after a person approved it."""

    def __init__(
        self,
        *,
        desk: str,
        mode: Mode,
        venue: Venue,
        store: Store,
        permission: Permission,
        limits: Limits,
        screening: Screening,
        state: State,
        hours: Hours,
        budgets: Budgets,
        approvals: Approvals,
        clock: Clock,
        standing: Callable[[], tuple[TradingState, str]],
        unasked: bool,
    ) -> None:
        self._desk = desk
        #: Whether a person decides about every action, whatever it is worth.
        self.always_asks = mode is Mode.LIVE and venue.environment != PAPER and not unasked
        self._venue = venue
        self._store = store
        self._permission = permission
        self._limits = limits
        self._screening = screening
        self._state = state
        self._hours = hours
        self._budgets = budgets
        self._approvals = approvals
        self._clock = clock
        self._standing = standing

    def gate(self, extra: Extra, caller: Caller) -> None:
        """Who may call it at all.

        Raises:
            ModeRefused, PermissionRefused. Unsupported: it would be done at a venue that is only watched.
        """
        refusal = self._permission.refusal(
            caller, Role.TRADER, trades=True, action=f"call {extra.name}", tools=(extra.name,)
        )
        if refusal is not None:
            raise refusal
        if is_shadow(self._venue):
            raise not_simulated(extra, self._venue)
        if self._venue.environment != PAPER and self._permission.mode_of(caller) is not Mode.LIVE:
            raise ModeRefused(
                f"{caller.agent_id} may not act in live mode: it cannot call {extra.name}.",
                fix="An operator changes its mode in the configuration.",
                details={"mode": self._permission.mode_of(caller).value},
            )

    async def weigh(self, extra: Extra, given: Any, caller: Caller, action_id: str) -> Weighed:
        """Every check, and what a person would be shown.

        Raises:
            Refused and its kinds: it may not go now. UsageError, Rejected, Unavailable: as the tool says.
        """
        refusal = self._limits.refusal()
        if refusal is not None:
            raise error_of(refusal)
        explained = await self._explained(extra, given)
        self._trading(explained)
        self._granted(explained, caller)
        self._open(explained, caller)
        self._no_twin(extra, given, action_id)
        worth = await self._worth(explained)
        self._budgets.check_action(caller.agent_id, worth, reduces=explained.reduces)
        people = max(1 if self.always_asks else 0, self._approvals.people(worth))
        return Weighed(summary=_line(explained.sentence), worth=worth, people=people, reduces=explained.reduces)

    def claims(self, action: Action, *, reduces: bool) -> Sequence[Claim]:
        """What is counted when the action is recorded."""
        return self._budgets.takes_action(action.agent_id, action.worth, action.id, free=reduces)

    async def _explained(self, extra: Extra, given: Any) -> Explained:
        if extra.explain is None:
            return Explained(sentence=f"{extra.title}: {json.dumps(to_plain(given), sort_keys=True)}")
        try:
            explained: Explained = await result_of(extra.explain(self._venue, given))
        except CLEAR:
            raise
        except Exception as error:
            log.exception("The adapter failed to explain %s.", extra.name)
            raise InternalError(f"{extra.name} could not say what it would do; nothing was sent.") from error
        return explained

    def _trading(self, explained: Explained) -> None:
        state, why = self._standing()
        if state is TradingState.HALTED:
            raise Halted(f"Trading is halted: {why or 'no reason given'}.")
        if state is TradingState.REDUCING and not explained.reduces:
            raise ReduceOnlyState(
                f"Only what makes a position smaller goes now: {why or 'no reason given'}.",
                fix="An operator lets everything go again with: venuekit resume",
            )

    def _granted(self, explained: Explained, caller: Caller) -> None:
        if not self._permission.bounded(caller):
            return
        known = self._state.instruments
        outside = [n for n in explained.instruments if not self._permission.covers(caller, known.get(n), n)]
        if outside or not explained.instruments:
            what = f"{', '.join(outside)} is none of them" if outside else "this one touches more than instruments"
            raise PermissionRefused(
                f"{caller.agent_id} is granted some instruments only, and {what}.",
                fix="An operator changes [agents] instruments.",
                details={"grant": "instruments", "value": ", ".join(outside)},
            )

    def _open(self, explained: Explained, caller: Caller) -> None:
        if not self._hours.configured:
            return
        now, agent = self._clock.now_ns(), self._permission.is_agent(caller)
        found = [self._hours.at(name, now, agent=agent) for name in explained.instruments]
        for opening in found or [self._hours.overview((), now, agent=agent)[0][1]]:
            if not opening.open:
                until = f" It opens at {opening.changes}." if opening.changes else ""
                raise MarketClosed(f"{opening.why[:1].upper()}{opening.why[1:]}.{until}", fix="Wait until then.")

    def _no_twin(self, extra: Extra, given: Any, action_id: str) -> None:
        body = to_plain(given)
        for other in self._store.actions(desk=self._desk, statuses=DOUBTFUL_ACTIONS):
            if other.id != action_id and (other.tool, other.arguments) == (extra.name, body):
                raise RiskRefused(
                    f"The same call, {other.id}, was sent and has no answer yet.",
                    fix=f"Wait until {other.id} is resolved.",
                    details={"check": "in_doubt", "action_id": other.id},
                )

    async def _worth(self, explained: Explained) -> Decimal | None:
        """In the desk's currency; None when it is not told, or has no price that can be trusted."""
        worth, view = explained.worth, self._state.exposure
        if worth is None or not worth.is_finite() or worth < 0:
            return None
        via = view.priced_by(explained.currency)
        if via == "":
            return worth
        if via is None:
            return None
        try:
            await self._screening.refresh_quote(via)
        except DataNotTrusted:
            return None
        age_ns = self._clock.now_ns() - self._state.quoted_ns.get(via, 0)
        mark = view.mark(via) if age_ns <= self._limits.risk.max_quote_age_seconds * NANOS else None
        return None if mark is None else times(worth, mark)


def _line(sentence: str) -> str:
    """One line, of a bounded length."""
    return " ".join(sentence.split())[:_LONGEST_SENTENCE]
