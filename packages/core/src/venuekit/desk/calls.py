"""What a frontend keeps of a call that it served."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from venuekit.protocols.approver import Caller


@attrs.frozen(kw_only=True)
class ServedCall:
    """One call: who called what, with which arguments, when (UTC nanoseconds), and ``ok`` or the error's code.

    `detail` says why, where it did not go well.
    """

    tool: str
    arguments: Mapping[str, Any]
    outcome: str
    caller: Caller
    time_ns: int
    detail: str = ""

    def body(self) -> dict[str, Any]:
        """What its row says. The store redacts it."""
        why = {"detail": self.detail} if self.detail else {}
        return {
            "tool": self.tool,
            "arguments": dict(self.arguments),
            "outcome": self.outcome,
            "source": self.caller.source,
            **why,
        }
