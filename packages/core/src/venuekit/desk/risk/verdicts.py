"""How checks say yes and no."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from venuekit.model.money import ZERO, minus, normal, plain
from venuekit.protocols.risk import Headroom, RiskView, Verdict

UNTRUSTED = "DATA_NOT_TRUSTED"


class NamedCheck:
    """A check with a name. `passes` is its yes: one value, since most orders get one of each check."""

    name: ClassVar[str] = ""
    passes: ClassVar[Verdict]

    def __init_subclass__(cls) -> None:
        cls.passes = Verdict(cls.name, allowed=True)

    def headroom(self, view: RiskView) -> list[Headroom]:
        """Nothing, unless the check has a figure of its own that is used up."""
        del view
        return []

    def money_left(self, what: str, limit: Decimal, used: Decimal | None) -> Headroom:
        """What is left of a limit in money; `used` None is not known."""
        if used is None or not used.is_finite():
            return Headroom(self.name, text(limit), "", "", f"how much more {what} is not known")
        left = text(max(ZERO, minus(limit, used)))
        return Headroom(self.name, text(limit), text(used), left, f"{left} more {what} before {self.name}")


class SizedCheck(NamedCheck):
    """A check that passes an order up to some size and none beyond: its headroom is that size."""


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
