"""How one setting is declared: what it does, its default, and what makes it stricter."""

from __future__ import annotations

from typing import Any

import attrs

from venuekit.settings.stricter import TIGHTER


def setting(doc: str, default: Any = attrs.NOTHING, *, factory: Any = None, kind: str = "", tighter: str = "") -> Any:
    """A field of a table. `kind` bounds its values, `tighter` says which of two values lets less pass."""
    metadata = {"doc": doc, TIGHTER: tighter, **({kind: True} if kind else {})}
    if factory is not None:
        return attrs.field(factory=factory, metadata=metadata)
    return attrs.field(default=default, metadata=metadata)
