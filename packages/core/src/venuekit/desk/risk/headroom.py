"""How much more may be bought and sold: found by asking the very checks, so that it cannot differ from them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal

from venuekit.desk.risk.checks import run
from venuekit.desk.risk.verdicts import UNTRUSTED, SizedCheck, text
from venuekit.model.instrument import Instrument
from venuekit.model.intent import BUY, Side
from venuekit.model.money import ONE, times
from venuekit.protocols.risk import Headroom, Proposal, RiskCheck, RiskView, Verdict

#: An order of this size passes a check only if the check has no bound for it.
_ANY_SIZE = Decimal(10) ** 22

#: Makes the order that is asked about in a given size.
Sized = Callable[[Decimal], Proposal]


def figures(checks: Sequence[RiskCheck], view: RiskView) -> list[Headroom]:
    """What is left of every limit that counts money or orders."""
    return [row for check in checks for row in check.headroom(view)]


def sizes(
    checks: Iterable[RiskCheck], view: RiskView, instrument: Instrument, side: Side, sized: Sized
) -> list[Headroom]:
    """For every check that bounds the size of such an order: the largest that passes it."""
    rows = (_largest(c, view, instrument, side, sized) for c in checks if isinstance(c, SizedCheck))
    return [row for row in rows if row is not None]


def _largest(check: RiskCheck, view: RiskView, instrument: Instrument, side: Side, sized: Sized) -> Headroom | None:
    lot, verb = instrument.lot_size, "buy" if side is BUY else "sell"

    def refusal(lots: int) -> Verdict | None:
        return run([check], sized(times(lot, Decimal(lots))), view)

    most, beyond, refused = 0, 1, refusal(1)
    if refused is None and refusal(int(_ANY_SIZE // lot)) is None:
        return None  # there is no bound
    while refused is None:
        most, beyond = beyond, 2 * beyond
        refused = refusal(beyond)
    while beyond - most > 1:
        middle = (most + beyond) // 2
        found = refusal(middle)
        if found is None:
            most = middle
        else:
            beyond, refused = middle, found
    if most == 0 and refused.code == UNTRUSTED:
        why = f"how much more of {instrument.id} you may {verb} is not known: {refused.message}"
        return Headroom(check.name, refused.limit, "", "", why, instrument.id, side.value)
    left = text(times(lot, Decimal(most)))
    unit = instrument.base if instrument.contract_size is ONE or instrument.contract_size == 1 else "contracts"
    # A share of an outcome is counted in nothing but itself.
    much = left if unit == instrument.id else f"{left} {unit}"
    message = f"you may {verb} {much} more of {instrument.id} before {check.name}"
    return Headroom(check.name, refused.limit, "", left, message, instrument.id, side.value)
