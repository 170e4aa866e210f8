"""How checks say yes and no."""

from __future__ import annotations

from decimal import Decimal

from venuekit.model.money import normal, plain
from venuekit.protocols.risk import Verdict

_PASSES: dict[str, Verdict] = {}
UNTRUSTED = "DATA_NOT_TRUSTED"


def allow(check: str) -> Verdict:
    """Yes; one value a check, since most orders get one of each."""
    verdict = _PASSES.get(check)
    if verdict is None:
        verdict = _PASSES[check] = Verdict(check, allowed=True)
    return verdict


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
