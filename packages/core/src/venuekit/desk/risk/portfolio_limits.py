"""Checks of what an order adds to: position, exposure, the loss of the day."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from venuekit.desk.risk.proposal import reduces
from venuekit.desk.risk.verdicts import NamedCheck, SizedCheck, refuse, text, unknown
from venuekit.model.identity import InstrumentId
from venuekit.model.intent import BUY, SELL
from venuekit.model.money import ZERO, floor_to, minus, plus, ratio, times
from venuekit.protocols.risk import Headroom, Proposal, RiskView, Verdict


class MaxPosition(SizedCheck):
    """The position if all open orders of its side were filled too: in units, in value, as a share of equity."""

    name = "max_position"

    def __init__(self, sizes: Mapping[InstrumentId, Decimal], notional: Decimal | None, share: Decimal | None) -> None:
        self._sizes = dict(sizes)
        self._notional = notional
        self._share = share
        self._valued = notional is not None or share is not None

    def check(self, proposal: Proposal, view: RiskView) -> Verdict:
        """May it go? An order that only reduces passes."""
        size, position = proposal.open_size, proposal.position
        if size is None:
            return unknown(self.name, "order size")
        total = plus(size, proposal.waiting)
        held = (plus(position, total) if proposal.side is BUY else minus(position, total)).copy_abs()
        if held <= position.copy_abs():
            return self.passes
        limit = self._sizes.get(proposal.instrument.id)
        if limit is not None and not held <= limit:
            return self._refuse(limit, held, proposal)
        if not self._valued:
            return self.passes
        cap, unit = self._cap(view), proposal.unit_value
        if cap is None:
            return unknown(self.name, "equity", limit=self._share if self._share is not None else "")
        if unit is None:
            return unknown(self.name, "price")
        if times(held, unit) <= cap:
            return self.passes
        return self._refuse(ratio(cap, unit), held, proposal)

    def _cap(self, view: RiskView) -> Decimal | None:
        """The largest value that the position may have; None while it is not known."""
        if self._share is None:
            return self._notional
        equity = view.equity()
        if equity is None:
            return None
        share = times(self._share, equity) if equity > 0 else ZERO
        return share if self._notional is None else min(share, self._notional)

    def _refuse(self, limit: Decimal, held: Decimal, proposal: Proposal) -> Verdict:
        instrument = proposal.instrument
        own = proposal.position if proposal.side is BUY else -proposal.position
        room = floor_to(max(ZERO, minus(minus(limit, own), proposal.waiting)), instrument.lot_size)
        fits = plus(room, minus(proposal.size or ZERO, proposal.open_size or ZERO))  # with what is filled already
        return refuse(
            self.name,
            f"The position in {instrument.id} could become {text(held)}; "
            f"{text(floor_to(limit, instrument.lot_size))} is the most.",
            limit=limit,
            value=held,
            would_pass=f"size {text(fits)}" if room > 0 else "an order that reduces the position",
        )


class MaxExposure(SizedCheck):
    """Positions and open orders together: gross, and net."""

    name = "max_exposure"

    def __init__(self, gross: Decimal | None, net: Decimal | None) -> None:
        self._gross = gross
        self._net = net

    def check(self, proposal: Proposal, view: RiskView) -> Verdict:
        """May it go? An order that only reduces passes, and an amendment that makes an order worth no more."""
        verdict = self._judge(proposal, view)
        return verdict if verdict.allowed or not reduces(proposal) else self.passes

    def _judge(self, proposal: Proposal, view: RiskView) -> Verdict:
        if proposal.open_value is None:
            return unknown(self.name, "price")
        added = minus(proposal.open_value, proposal.replaces_value) if proposal.replaces_size else proposal.open_value
        if added <= 0:
            return self.passes
        buys, sells = view.open_notional(BUY), view.open_notional(SELL)
        if buys is None or sells is None:
            return unknown(self.name, "exposure")
        if self._gross is not None:
            gross = view.gross_exposure()
            if gross is None:
                return unknown(self.name, "exposure")
            total = plus(plus(gross, added), plus(buys, sells))
            if not total <= self._gross:
                return self._refuse("gross", self._gross, total, proposal)
        if self._net is not None:
            net = view.net_exposure()
            if net is None:
                return unknown(self.name, "exposure")
            # The side that the order leans to; leaning to the other, it makes the net exposure smaller.
            leaning = plus(net, plus(buys, added)) if proposal.side is BUY else minus(plus(sells, added), net)
            if not leaning <= self._net:
                return self._refuse("net", self._net, leaning, proposal)
        return self.passes

    def _refuse(self, which: str, limit: Decimal, value: Decimal, proposal: Proposal) -> Verdict:
        fits = max(ZERO, minus(proposal.value or ZERO, minus(value, limit)))
        return refuse(
            self.name,
            f"The {which} exposure could become {text(value)}; {text(limit)} is the most.",
            limit=limit,
            value=value,
            would_pass=f"an order worth {text(fits)}" if fits > 0 else "an order that reduces",
        )

    def headroom(self, view: RiskView) -> list[Headroom]:
        """How much gross and net exposure is left, in the desk's currency."""
        buys, sells = view.open_notional(BUY), view.open_notional(SELL)
        gross, net = view.gross_exposure(), view.net_exposure()
        known = not (buys is None or sells is None or gross is None or net is None)
        rows = []
        for what, limit, used in (
            ("gross exposure", self._gross, plus(gross, plus(buys, sells)) if known else None),  # type: ignore[arg-type]
            ("net exposure by buying", self._net, plus(net, buys) if known else None),  # type: ignore[arg-type]
            ("net exposure by selling", self._net, minus(sells, net) if known else None),  # type: ignore[arg-type]
        ):
            if limit is not None:
                rows.append(self.money_left(what, limit, used))
        return rows


class DailyLoss(NamedCheck):
    """Loss since the UTC day began, realized and unrealized. Orders that reduce still go."""

    name = "daily_loss"

    def __init__(self, limit: Decimal | None, share: Decimal | None) -> None:
        self._limit = limit
        self._share = share

    def _cap(self, view: RiskView) -> Decimal | None:
        if self._share is None:
            return self._limit
        start = view.day_start_equity()
        if start is None:
            return None
        share = times(self._share, max(start, ZERO))
        return share if self._limit is None else min(share, self._limit)

    def check(self, proposal: Proposal, view: RiskView) -> Verdict:
        """May it go? An order that only reduces passes."""
        verdict = self._judge(view)
        return verdict if verdict.allowed or not reduces(proposal) else self.passes

    def _judge(self, view: RiskView) -> Verdict:
        pnl = view.daily_pnl()
        if pnl is not None and pnl.is_finite() and pnl >= 0:
            return self.passes
        cap = self._cap(view)
        if pnl is None or cap is None:
            return unknown(self.name, "profit and loss of the day", limit=cap if cap is not None else "")
        if pnl.is_finite() and -pnl < cap:
            return self.passes
        return refuse(
            self.name,
            f"The loss today is {text(-pnl)}; {text(cap)} is the most. Only orders that reduce a position go.",
            limit=cap,
            value=-pnl,
            would_pass="an order that reduces, or any order on the next UTC day",  # noqa: S106
        )

    def headroom(self, view: RiskView) -> list[Headroom]:
        """How much may still be lost today; at nothing, only orders that reduce go."""
        pnl, cap = view.daily_pnl(), self._cap(view)
        if cap is None:
            return [Headroom(self.name, "", "", "", "the profit and loss of the day is not known")]
        return [self.money_left("may be lost today", cap, None if pnl is None else max(ZERO, -pnl))]
