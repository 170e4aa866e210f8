"""Names of things. Aliases, not new types: callers write them as plain string literals."""

from __future__ import annotations

import re
from typing import TypeAlias

from venuekit.errors import InvalidValue

VenueName: TypeAlias = str
AccountId: TypeAlias = str
InstrumentId: TypeAlias = str
ClientOrderId: TypeAlias = str
VenueOrderId: TypeAlias = str
FillId: TypeAlias = str
AgentId: TypeAlias = str
ApprovalId: TypeAlias = str

_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:\-]*")

#: The environment of a venue in which nothing that moves is anybody's money.
PAPER = "paper"


def checked_name(text: object, *, field: str, longest: int = 64) -> str:
    """Return `text` if it is a plain ASCII name: letters, digits, ``. _ : -``, at most `longest` characters.

    Raises:
        InvalidValue: it is not a string, is empty, too long, or holds another character
            (a trailing newline and non-ASCII digits included).
    """
    if isinstance(text, str) and len(text) <= longest and _SAFE.fullmatch(text):
        return text
    raise InvalidValue(
        f"{field} must be 1 to {longest} characters from A-Z a-z 0-9 . _ : - and begin with a letter or digit.",
        field=field,
        details={"accepted": _SAFE.pattern},
    )
