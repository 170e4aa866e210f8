"""Checks of one order by itself: its value, its price, what it needs of the balance, the book it meets."""

from __future__ import annotations

from decimal import Decimal

from venuekit.desk.risk.proposal import collared, reduces, touch
from venuekit.desk.risk.verdicts import NamedCheck, SizedCheck, refuse, text, unknown
from venuekit.model.instrument import InstrumentKind
from venuekit.model.intent import BUY, SELL, Side, StopLimitOrder
from venuekit.model.money import ONE, ZERO, floor_to, minus, plus, ratio, times
from venuekit.protocols.risk import Headroom, Proposal, RiskView, Verdict

_OUTCOME = InstrumentKind.BINARY_OUTCOME


class MaxOrderNotional(SizedCheck):
    """The value of one order, a market order's at its worst price."""

    name = "max_order_notional"

    def __init__(self, limit: Decimal) -> None:
        self._limit = limit

    def check(self, proposal: Proposal, view: RiskView) -> Verdict:
        """May it go?"""
        del view
        return order_value(self.name, self._limit, proposal) or self.passes

    def headroom(self, view: RiskView) -> list[Headroom]:
        """The largest order, in the desk's currency."""
        del view
        limit = text(self._limit)
        return [Headroom(self.name, limit, "0", limit, f"one order may be worth {limit}")]


def order_value(check: str, limit: Decimal, proposal: Proposal, whose: str = "one order") -> Verdict | None:
    """The refusal of an order that is worth more than `limit`, or whose worth is not known.

    An amended order counts whole, with what is filled of it.
    """
    value = proposal.value
    if value is None:
        what = "price" if proposal.notional is None else f"value of {proposal.instrument.quote}"
        return unknown(check, what, limit=limit)
    if value <= limit:
        return None
    return refuse(
        check,
        f"The order is worth up to {text(value)}; {whose} may be worth {text(limit)}.",
        limit=limit,
        value=value,
        would_pass=fitting_size(proposal, limit) or f"an order worth {text(limit)} or less",
    )


def fitting_size(proposal: Proposal, worth: Decimal) -> str:
    """``size 0.5``: the most of the same order that is worth no more than this; empty where that is nothing."""
    if proposal.unit_value is None or proposal.unit_value <= 0:
        return ""
    size = floor_to(ratio(worth, proposal.unit_value), proposal.instrument.lot_size)
    return f"size {text(size)}" if size > 0 else ""


class PriceCollar(NamedCheck):
    """A price that is far on the wrong side of the market is taken for a slip of the finger.

    Only that side: a buy far below the market merely waits. Stop orders are measured from their trigger.
    """

    name = "price_collar"

    def __init__(self, collar: Decimal) -> None:
        self._collar = collar
        self._edges = {side: collared(ONE, side, collar) for side in Side}

    def check(self, proposal: Proposal, view: RiskView) -> Verdict:
        """May it go?"""
        request, price = proposal.request, proposal.limit_price
        at = request.stop_price if isinstance(request, StopLimitOrder) else touch(proposal.quote, proposal.side)
        if at is None:
            return unknown(self.name, "market price", limit=self._collar)
        if price is None:
            return self.passes  # its worst price already is the collar's edge
        edge = times(at, self._edges[proposal.side])
        if price <= edge if proposal.side is BUY else price >= edge:
            return self.passes
        word = "above" if proposal.side is BUY else "below"
        bound = "at most" if proposal.side is BUY else "at least"
        return refuse(
            self.name,
            f"Price {text(price)} is more than {text(times(self._collar, Decimal(100)))} % {word} the market, "
            f"which is at {text(at)}.",
            limit=edge,
            value=price,
            would_pass=f"a price of {bound} {text(edge)}",
        )


class BalanceCheck(SizedCheck):
    """What is available must pay for the order: quote for buys, base or shares for sells, margin for derivatives."""

    name = "balance"

    def check(self, proposal: Proposal, view: RiskView) -> Verdict:
        """May it go? Claims of open orders are taken off first."""
        instrument = proposal.instrument
        if instrument.is_derivative:
            return self._margin(proposal, view)
        if proposal.side is SELL:
            return self._shares(proposal, view)
        available = view.available(instrument.quote)
        if available is None or proposal.open_notional is None:
            return unknown(self.name, "balance or price")
        return self._compare(instrument.quote, proposal.open_notional, plus(available, proposal.replaces_notional))

    def _shares(self, proposal: Proposal, view: RiskView) -> Verdict:
        instrument = proposal.instrument
        if proposal.open_size is None:
            return unknown(self.name, "order size")
        if instrument.kind is _OUTCOME:
            return self._compare(instrument.base, proposal.open_size, minus(proposal.position, proposal.waiting))
        available = view.available(instrument.base)
        if available is None:
            return unknown(self.name, "balance")
        return self._compare(instrument.base, proposal.open_size, plus(available, proposal.replaces_size))

    def _margin(self, proposal: Proposal, view: RiskView) -> Verdict:
        instrument, size, notional = proposal.instrument, proposal.open_size, proposal.open_notional
        if reduces(proposal):
            return self.passes  # closing frees margin, also when nothing is left
        available = view.available(instrument.settle)
        if available is None or notional is None or not size:
            return unknown(self.name, "balance or price")
        position, opening = proposal.position, size
        if position != 0 and (position > 0) != (proposal.side is BUY):
            opening = min(opening, minus(plus(size, proposal.waiting), position.copy_abs()))
        opened = notional if opening is size else ratio(times(notional, opening), size)  # in this order, exact
        back = times(proposal.replaces_notional, instrument.initial_margin)
        return self._compare(instrument.settle, times(opened, instrument.initial_margin), plus(available, back))

    def _compare(self, asset: str, needed: Decimal, available: Decimal) -> Verdict:
        if needed <= available:
            return self.passes
        return refuse(
            self.name,
            f"The order needs up to {text(needed)} {asset}; {text(max(available, ZERO))} is available.",
            limit=max(available, ZERO),
            value=needed,
            would_pass=f"an order that needs at most {text(max(available, ZERO))} {asset}",
            code="INSUFFICIENT_FUNDS",
        )


class SpreadLiquidity(NamedCheck):
    """Market orders go only into a book that is tight and deep enough."""

    name = "spread_liquidity"

    def __init__(self, max_spread: Decimal | None, multiple: Decimal | None) -> None:
        self._spread = max_spread
        self._multiple = multiple

    def check(self, proposal: Proposal, view: RiskView) -> Verdict:
        """May it go? Orders with a limit price pass: they state what they accept."""
        if proposal.limit_price is not None:
            return self.passes
        quote = proposal.quote
        if quote is None or quote.bid is None or quote.ask is None:
            return unknown(self.name, "bid and ask")
        if quote.ask < quote.bid:
            return unknown(self.name, "book that is not crossed")
        middle = ratio(plus(quote.bid, quote.ask), Decimal(2))
        spread = ratio(minus(quote.ask, quote.bid), middle)
        if self._spread is not None and not spread <= self._spread:
            return refuse(
                self.name,
                f"The spread is {text(times(spread, Decimal(100)).quantize(Decimal('0.0001')))} % of the price.",
                limit=self._spread,
                value=spread,
                would_pass="a limit order, or a market order when the spread is tighter",  # noqa: S106
            )
        there = quote.ask_size if proposal.side is BUY else quote.bid_size
        if self._multiple is not None:
            if there is None or proposal.size is None:
                return unknown(self.name, "size at the best price")
            most = times(there, self._multiple)
            if not proposal.size <= most:
                return refuse(
                    self.name,
                    f"The order is for {text(proposal.size)}; {text(there)} rests at the best price.",
                    limit=most,
                    value=proposal.size,
                    would_pass=f"size {text(most)}, or a limit order",
                )
        return self.passes
