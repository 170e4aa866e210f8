"""``[[hours]]``: one window of trading hours, as the configuration has it."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import attrs

from venuekit.settings.field import setting as _field


class AppliesTo(StrEnum):
    """Whose orders a window is about."""

    EVERYONE = "everyone"
    AGENTS = "agents"


class OnClose(StrEnum):
    """What becomes of orders that rest at the venue when their hours end."""

    KEEP = "keep"
    CANCEL = "cancel"


@attrs.frozen(kw_only=True)
class HoursWindow:
    """One window of ``[[hours]]``. Without any, trading is always open; with some, within every kind that applies."""

    name: str = _field("What refusals call it.", "")
    closed: bool = _field("Orders are refused in this window; otherwise they are refused outside it.", False)
    applies_to: AppliesTo = _field(
        "everyone, or agents: callers of MCP servers, and all that have a table in [agents].", AppliesTo.EVERYONE
    )
    calendar: str = _field(
        "Only in the sessions of this exchange, such as XNYS: its holidays, early closes and breaks. "
        "Needs venuekit[calendars].",
        "",
    )
    timezone: str = _field("IANA name, such as America/New_York. Default: the calendar's own, else UTC.", "")
    weekdays: Sequence[str] = _field(
        "Of mon tue wed thu fri sat sun: on which days it begins.", ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    )
    start: str = _field("HH:MM, local time, inclusive.", "00:00")
    end: str = _field("HH:MM, local time, exclusive; 24:00 is midnight; not after start means over midnight.", "24:00")
    holidays: Sequence[str] = _field("Dates (2026-12-25) on which it does not begin.", ())
    on_close: OnClose = _field(
        "keep, or cancel: what rests in these instruments is canceled while trading is closed to everyone.",
        OnClose.KEEP,
    )
    instruments: Sequence[str] = _field("Patterns it applies to, such as BTC-*; empty applies to all.", ())
    venues: Sequence[str] = _field("Patterns of venues, or of venue:account, it applies to; empty applies to all.", ())
