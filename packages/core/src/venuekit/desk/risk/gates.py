"""Checks that are about whether to trade at all: state, instruments, hours, pace, repetition."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from venuekit.desk.risk.hours import Hours, told
from venuekit.desk.risk.proposal import fingerprint, reduces
from venuekit.desk.risk.verdicts import NamedCheck, refuse
from venuekit.protocols.risk import Headroom, Proposal, RiskView, TradingState, Verdict

_MINUTE_NS = 60_000_000_000
_ACTIVE = TradingState.ACTIVE


class TradingStateCheck(NamedCheck):
    """HALTED refuses everything, REDUCING all that does not reduce."""

    name = "trading_state"

    def check(self, proposal: Proposal, view: RiskView) -> Verdict:
        """May it go?"""
        state = view.trading_state()
        if state is _ACTIVE:
            return self.passes
        if state is TradingState.HALTED:
            return refuse(
                self.name,
                f"Trading is halted{_because(view)}.",
                limit="cancels only",
                value=state.value,
                would_pass="nothing, until an operator resumes",  # noqa: S106 - not a password
                code="TRADING_HALTED",
            )
        if reduces(proposal):
            return self.passes
        return refuse(
            self.name,
            f"Trading is in state REDUCING{_because(view)}: only orders that make a position smaller go.",
            limit="reducing orders",
            value=state.value,
            would_pass="an order that reduces",  # noqa: S106
            code="TRADING_REDUCING",
        )


def _because(view: RiskView) -> str:
    reason = view.trading_reason().strip().rstrip(".")
    return f" ({reason})" if reason else ""


class AllowedInstruments(NamedCheck):
    """Patterns that an instrument must match, and patterns that it must not."""

    name = "allowed_instruments"

    def __init__(self, allowed: Sequence[str], denied: Sequence[str]) -> None:
        self._allowed = tuple(allowed)
        self._denied = tuple(denied)
        self._known: dict[str, bool] = {}

    def check(self, proposal: Proposal, view: RiskView) -> Verdict:
        """May it go?"""
        del view
        instrument = proposal.instrument.id
        answer = self._known.get(instrument)
        if answer is None:
            names = [n for n in (instrument, proposal.instrument.alias) if n]
            inside = not self._allowed or any(fnmatchcase(n, p) for n in names for p in self._allowed)
            answer = inside and not any(fnmatchcase(n, p) for n in names for p in self._denied)
            self._known[instrument] = answer
        if answer:
            return self.passes
        return refuse(
            self.name,
            f"{instrument} may not be traded on this desk.",
            limit=", ".join(self._allowed) or "all but " + ", ".join(self._denied),
            value=instrument,
            would_pass=", ".join(self._allowed) or "another instrument",
            code="PERMISSION_REFUSED",
        )


class TradingHours(NamedCheck):
    """The configured windows."""

    name = "trading_hours"

    def __init__(self, hours: Hours) -> None:
        self._hours = hours

    def check(self, proposal: Proposal, view: RiskView) -> Verdict:
        """May it go?"""
        del view
        instrument = proposal.instrument
        found = self._hours.at(instrument.id, proposal.now_ns, alias=instrument.alias, agent=proposal.by_agent)
        if found.open:
            return self.passes
        others = proposal.by_agent and self._hours.at(instrument.id, proposal.now_ns, alias=instrument.alias).open
        who = " to agents" if others else ""
        opens = f"from {found.changes}" if found.changes else "once an operator has looked into it"
        return refuse(
            self.name,
            f"{instrument.id} is not open{who} now ({found.why}); orders go {opens}. Cancels always go.",
            limit=found.why,
            value=told(proposal.now_ns, found.zone),
            would_pass=f"the same order {opens}",
            code="MARKET_CLOSED",
        )


class ReduceOnly(NamedCheck):
    """reduce_only must reduce; and, if configured, no order may turn a position to the other side."""

    name = "reduce_only"

    def __init__(self, required_when_reducing: bool) -> None:
        self._required = required_when_reducing

    def check(self, proposal: Proposal, view: RiskView) -> Verdict:
        """May it go?"""
        if not (proposal.reduce_only or self._required):
            return self.passes
        del view
        position, size = proposal.position, proposal.open_size
        against = position != 0 and (position > 0) != (proposal.side.sign > 0)
        if proposal.reduce_only and not against:
            return refuse(
                self.name,
                f"reduce_only, but a {proposal.side.value} makes no position in {proposal.instrument.id} smaller.",
                limit="a position on the other side",
                value=position,
                would_pass="the order without reduce_only, or on the other side",  # noqa: S106
            )
        if (
            self._required
            and not proposal.reduce_only
            and against
            and (size is None or not size <= position.copy_abs())
        ):
            return refuse(
                self.name,
                f"The order would turn the position of {position} to the other side.",
                limit=position.copy_abs(),
                value="unknown" if size is None else size,
                would_pass=f"size {position.copy_abs()} with reduce_only",
            )
        return self.passes


class DuplicateOrder(NamedCheck):
    """An order equal to one sent a moment ago is taken for a repetition."""

    name = "duplicate_order"

    def __init__(self, window_seconds: float) -> None:
        self._window_ns = int(window_seconds * 1e9)

    def check(self, proposal: Proposal, view: RiskView) -> Verdict:
        """May it go?"""
        last = view.last_same_order_ns(fingerprint(proposal.request))
        if last is None or proposal.now_ns - last >= self._window_ns:
            return self.passes
        wait = (self._window_ns - (proposal.now_ns - last)) / 1e9
        return refuse(
            self.name,
            f"An equal order was sent {(proposal.now_ns - last) / 1e9:.1f} s ago; this looks like a repetition.",
            limit=f"{self._window_ns / 1e9:g} s between equal orders",
            value=f"{(proposal.now_ns - last) / 1e9:.1f} s",
            would_pass=f"the same order in {wait:.1f} s, or another size or price",
        )


class OrderRate(NamedCheck):
    """Orders in any sixty seconds, over all agents."""

    name = "order_rate"

    def __init__(self, per_minute: int) -> None:
        self._limit = per_minute

    def check(self, proposal: Proposal, view: RiskView) -> Verdict:
        """May it go?"""
        del proposal
        sent = view.orders_in_window(None, _MINUTE_NS)
        if sent < self._limit:
            return self.passes
        return refuse(
            self.name,
            f"{sent} orders went in the last minute; {self._limit} may.",
            limit=self._limit,
            value=sent + 1,
            would_pass="the same order up to a minute later",  # noqa: S106
        )

    def headroom(self, view: RiskView) -> list[Headroom]:
        """Orders that may still go now."""
        sent = view.orders_in_window(None, _MINUTE_NS)
        left = max(0, self._limit - sent)
        message = f"{left} more orders may go this minute"
        return [Headroom(self.name, str(self._limit), str(sent), str(left), message)]


class MaxOpenOrders(NamedCheck):
    """Orders that are open at once."""

    name = "max_open_orders"

    def __init__(self, limit: int) -> None:
        self._limit = limit

    def check(self, proposal: Proposal, view: RiskView) -> Verdict:
        """May it go? An amendment replaces an order, so it adds none."""
        count = view.open_order_count() - (1 if proposal.replaces_size > 0 else 0)
        if count < self._limit:
            return self.passes
        return refuse(
            self.name,
            f"{count} orders are open; {self._limit} may be.",
            limit=self._limit,
            value=count + 1,
            would_pass="the same order after one was canceled",  # noqa: S106
        )

    def headroom(self, view: RiskView) -> list[Headroom]:
        """Orders that may still be opened."""
        count = view.open_order_count()
        left = max(0, self._limit - count)
        return [Headroom(self.name, str(self._limit), str(count), str(left), f"{left} more orders may be open")]
