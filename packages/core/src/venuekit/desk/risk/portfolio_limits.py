"""Checks of what an order adds to: position, exposure, the loss of the day."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from venuekit.desk.risk.proposal import reduces
from venuekit.desk.risk.verdicts import NamedCheck, refuse, text, unknown
from venuekit.model.identity import InstrumentId
from venuekit.model.instrument import Instrument
from venuekit.model.intent import BUY, SELL, Side
from venuekit.model.money import ONE, ZERO, minus, plus, ratio, times
from venuekit.protocols.risk import Headroom, Proposal, RiskView, Verdict

_BOTH = (BUY, SELL)


class MaxPosition(NamedCheck):
    """The position if all open orders of its side were filled too: in units, in value, as a share of equity."""

    name = "max_position"

    def __init__(self, sizes: Mapping[InstrumentId, Decimal], notional: Decimal | None, share: Decimal | None) -> None:
        self._sizes = dict(sizes)
        self._notional = notional
        self._share = share

    def check(self, proposal: Proposal, view: RiskView) -> Verdict:
        """May it go? An order that only reduces passes."""
        instrument, side, size = proposal.instrument, proposal.side, proposal.size
        if size is None:
            return unknown(self.name, "order size")
        position = view.position_size(instrument.id)
        waiting = minus(view.open_size(instrument.id, side), proposal.replaces_size)
        total = plus(size, waiting)
        after = plus(position, total) if side is BUY else minus(position, total)
        held = abs(after)
        if held <= abs(position):
            return self.passes
        limit = self._sizes.get(instrument.id)
        if limit is not None and held > limit:
            return self._refuse(limit, after, position, waiting, side, instrument)
        if self._notional is None and self._share is None:
            return self.passes
        cap = self._cap(view)
        if cap is None:
            return unknown(self.name, "equity", limit=self._share if self._share is not None else "")
        if proposal.worst_price is None or proposal.notional is None:
            return unknown(self.name, "price")
        unit = proposal.worst_price
        if instrument.contract_size is not ONE:
            unit = times(unit, instrument.contract_size)
        if side is SELL and size > 0:
            unit = max(unit, ratio(proposal.notional, size))  # a sell's limit is no upper bound of its value
        if times(held, unit) <= cap:
            return self.passes
        return self._refuse(ratio(cap, unit), after, position, waiting, side, instrument)

    def _cap(self, view: RiskView) -> Decimal | None:
        """The largest value that the position may have; None while it is not known."""
        if self._share is None:
            return self._notional
        equity = view.equity()
        if equity is None:
            return None
        share = times(self._share, equity) if equity > 0 else ZERO
        return share if self._notional is None else min(share, self._notional)

    def _refuse(
        self, limit: Decimal, after: Decimal, position: Decimal, waiting: Decimal, side: Side, instrument: Instrument
    ) -> Verdict:
        room = max(ZERO, minus(minus(limit, position if side is BUY else -position), waiting))
        lots = times(room // instrument.lot_size, instrument.lot_size)
        return refuse(
            self.name,
            f"The position in {instrument.id} could become {text(after)}; "
            f"{text(times(limit // instrument.lot_size, instrument.lot_size))} is the most.",
            limit=limit,
            value=abs(after),
            would_pass=f"size {text(lots)}" if lots > 0 else "an order that reduces the position",
        )

    def headroom(self, view: RiskView, instruments: Mapping[InstrumentId, Instrument]) -> list[Headroom]:
        """How much more may be bought and sold of each limited instrument."""
        rows = []
        for name, limit in self._sizes.items():
            base = instruments[name].base if name in instruments else name
            position = view.position_size(name)
            for side in _BOTH:
                used = plus(position if side is BUY else -position, view.open_size(name, side))
                left = text(max(ZERO, minus(limit, used)))
                verb = "buy" if side is BUY else "sell"
                message = f"you may {verb} {left} {base} more of {name} before {self.name}"
                rows.append(Headroom(self.name, text(limit), text(used), left, message))
        return rows


class MaxExposure(NamedCheck):
    """Positions and open orders together: gross, and net."""

    name = "max_exposure"

    def __init__(self, gross: Decimal | None, net: Decimal | None) -> None:
        self._gross = gross
        self._net = net

    def check(self, proposal: Proposal, view: RiskView) -> Verdict:
        """May it go? An order that only reduces passes."""
        verdict = self._judge(proposal, view)
        return verdict if verdict.allowed or not reduces(proposal, view) else self.passes

    def _judge(self, proposal: Proposal, view: RiskView) -> Verdict:
        gross, net = view.gross_exposure(), view.net_exposure()
        buys, sells = view.open_notional(BUY), view.open_notional(SELL)
        if gross is None or net is None or buys is None or sells is None:
            return unknown(self.name, "exposure")
        if proposal.notional is None:
            return unknown(self.name, "price")
        added = minus(proposal.notional, proposal.replaces_notional)
        if self._gross is not None:
            total = plus(plus(gross, added), plus(buys, sells))
            if total > self._gross:
                return self._refuse("gross", self._gross, total, proposal)
        if self._net is not None:
            buying = proposal.side is BUY
            tilted = abs(plus(net, plus(buys, added)) if buying else minus(net, plus(sells, added)))
            if tilted > self._net and tilted > abs(net):
                return self._refuse("net", self._net, tilted, proposal)
        return self.passes

    def _refuse(self, which: str, limit: Decimal, value: Decimal, proposal: Proposal) -> Verdict:
        over = minus(value, limit)
        fits = max(ZERO, minus(proposal.notional or ZERO, over))
        return refuse(
            self.name,
            f"The {which} exposure could become {text(value)}; {text(limit)} is the most.",
            limit=limit,
            value=value,
            would_pass=f"an order worth {text(fits)}" if fits > 0 else "an order that reduces",
        )

    def headroom(self, view: RiskView, instruments: Mapping[InstrumentId, Instrument]) -> list[Headroom]:
        """How much gross exposure is left."""
        del instruments
        gross, buys, sells = view.gross_exposure(), view.open_notional(BUY), view.open_notional(SELL)
        if self._gross is None or gross is None or buys is None or sells is None:
            return []
        used = plus(gross, plus(buys, sells))
        left = text(max(ZERO, minus(self._gross, used)))
        return [
            Headroom(self.name, text(self._gross), text(used), left, f"{left} more gross exposure before {self.name}")
        ]


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
        return verdict if verdict.allowed or not reduces(proposal, view) else self.passes

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

    def headroom(self, view: RiskView, instruments: Mapping[InstrumentId, Instrument]) -> list[Headroom]:
        """How much may still be lost today."""
        del instruments
        pnl, cap = view.daily_pnl(), self._cap(view)
        if pnl is None or cap is None:
            return []
        loss = max(ZERO, -pnl)
        left = text(max(ZERO, minus(cap, loss)))
        return [Headroom(self.name, text(cap), text(loss), left, f"{left} may still be lost today")]
