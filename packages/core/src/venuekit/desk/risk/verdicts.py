"""How checks say yes and no."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import ClassVar

from venuekit.model.identity import InstrumentId
from venuekit.model.instrument import Instrument
from venuekit.model.money import normal, plain
from venuekit.protocols.risk import Headroom, RiskView, Verdict

UNTRUSTED = "DATA_NOT_TRUSTED"


class NamedCheck:
    """A check with a name. `passes` is its yes: one value, since most orders get one of each check."""

    name: ClassVar[str] = ""
    passes: ClassVar[Verdict]

    def __init_subclass__(cls) -> None:
        cls.passes = Verdict(cls.name, allowed=True)

    def headroom(self, view: RiskView, instruments: Mapping[InstrumentId, Instrument]) -> list[Headroom]:
        """Nothing, unless the check has a figure that is used up."""
        del view, instruments
        return []


def text(amount: Decimal) -> str:
    """An amount for people and programs: plain digits, no trailing zeros."""
    return plain(normal(amount))


def refuse(
    check: str, message: str, *, limit: object, value: object, would_pass: str, code: str = "RISK_REFUSED"
) -> Verdict:
    """No, with the limit, the value that broke it, and what would pass."""
    shown = [text(x) if isinstance(x, Decimal) else str(x) for x in (limit, value)]
    return Verdict(check, False, message, shown[0], shown[1], would_pass, code)


def unknown(check: str, what: str, *, limit: object = "") -> Verdict:
    """No, because something that the check needs is missing, stale or not a number."""
    shown = text(limit) if isinstance(limit, Decimal) else str(limit)
    return Verdict(
        check,
        False,
        f"{what} is not known or not recent enough, so {check} cannot be checked.",
        shown,
        "unknown",
        f"a trusted {what}",
        UNTRUSTED,
    )
