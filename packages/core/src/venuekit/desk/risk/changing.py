"""A limit that an operator changes while desks run: checked first, and worded for the journal."""

from __future__ import annotations

from collections.abc import Sequence

from venuekit.desk.risk.explain import shown
from venuekit.errors import InvalidValue
from venuekit.model.times import iso
from venuekit.protocols.approver import Operator
from venuekit.protocols.journal import Entry, EntryKind, LimitOverride
from venuekit.settings.overrides import limit_named
from venuekit.settings.schema import RiskSettings

_PLACE = "limit"
_LONGEST = 500
SET, UNSET = "set_limit", "unset_limit"


def changed(
    name: str,
    value: str,
    *,
    configured: RiskSettings,
    desk: str,
    operator: Operator,
    reason: str,
    until_ns: int | None,
    loosen: bool,
    now_ns: int,
) -> LimitOverride:
    """The change, when nothing is wrong with it. `configured` are the limits that it is compared with.

    Raises:
        ConfigError: no such limit, or no such value; names the nearest, and what is accepted.
        InvalidValue: no reason, a time that has passed, or a value that lets more pass without `loosen`.
    """
    limit = limit_named(name, _PLACE)
    asked, own = limit.read(value, _PLACE), limit.of(configured)
    if not 0 < len(reason.strip()) <= _LONGEST:
        message = f"A change of a limit needs a reason, of at most {_LONGEST} letters."
        raise InvalidValue(message, fix="Say why: --reason.", field="reason")
    if until_ns is not None and until_ns <= now_ns:
        raise InvalidValue(f"until: {iso(until_ns)} has passed; it is {iso(now_ns)}.", field="until")
    if limit.loosens(own, asked) and not loosen:
        raise InvalidValue(
            f"{limit.name} is {shown(own)} by the configuration; {shown(asked)} would let more pass.",
            fix="Say so if you mean it: --loosen. The configured value comes back with: venuekit risk unset.",
            field="value",
            details={"configured": shown(own)},
        )
    return LimitOverride(
        name=limit.name,
        value=value,
        desk=desk,
        by=operator.name,
        reason=reason.strip(),
        since_ns=now_ns,
        until_ns=until_ns,
        loosens=loosen,
    )


def set_entry(change: LimitOverride, operator: Operator) -> Entry:
    """The journal's row of a change; the store adds the change itself."""
    body = {"action": SET, "by": operator.name, "reason": change.reason, "source": operator.source}
    return _entry(change.desk, change.name, operator, body, change.since_ns)


def unset_entry(desk: str, name: str, operator: Operator, reason: str, now_ns: int) -> Entry:
    """The journal's row of a change that is taken back."""
    body = {"action": UNSET, "by": operator.name, "reason": reason, "source": operator.source}
    return _entry(desk, name, operator, body, now_ns)


def _entry(desk: str, name: str, operator: Operator, body: dict[str, str], time_ns: int) -> Entry:
    return Entry(kind=EntryKind.CONTROL, desk=desk, subject=name, agent_id=operator.name, body=body, time_ns=time_ns)


def name_of(name: str, changes: Sequence[LimitOverride]) -> str:
    """The name that a change is kept under; one by a newer version has a name that is not known here.

    Raises:
        ConfigError: there is no such limit, and no such change.
    """
    plain = name.removeprefix("risk.")
    return plain if any(c.name == plain for c in changes) else limit_named(name, _PLACE).name
