"""One request, before it is sent, and whether losing its answer leaves anything in doubt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import attrs


@attrs.frozen
class Call:
    """One request; a venue's own has more: whether it needs a key, what it proves, which budget it draws on."""

    method: str
    path: str
    query: Mapping[str, Any] = attrs.Factory(dict)
    body: Any = attrs.field(default=None, repr=False)
    #: A question that the venue wants as a POST: a preview, a quote, many books at once.
    asks: bool = attrs.field(default=False, kw_only=True)

    @property
    def who(self) -> str:
        """For people: who answers, where that is not the venue itself; else empty."""
        return ""

    @property
    def changes(self) -> bool:
        """Whether an answer that is lost leaves it unknown what happened."""
        return self.method != "GET" and not self.asks

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The query, with each value of a list as a pair of its own; what is None is left out."""
        return [
            (name, str(item).lower() if isinstance(item, bool) else str(item))
            for name, value in self.query.items()
            if value is not None
            for item in (value if isinstance(value, list | tuple) else (value,))
        ]


def segment(text: str) -> str:
    """A caller's text as one segment of a path: it cannot leave its place."""
    return quote(text, safe="")
