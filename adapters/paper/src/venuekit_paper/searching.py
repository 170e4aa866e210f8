"""Finding instruments by what people call them."""

from __future__ import annotations

from collections.abc import Sequence

from venuekit.adapter import Instrument


def search(instruments: Sequence[Instrument], text: str, limit: int) -> list[Instrument]:
    """Instruments whose id, alias, base or name has every word of `text`; exact and leading matches first."""
    words = text.casefold().split()
    ranked = []
    for i in instruments:
        haystack = " ".join(filter(None, (i.id, i.alias, i.base, i.quote, i.name, i.kind.value))).casefold()
        if all(w in haystack for w in words):
            first = words[0] if words else ""
            rank = 0 if i.id.casefold() == text.casefold() else 1 if i.id.casefold().startswith(first) else 2
            ranked.append((rank, i.id, i))
    return [i for _, _, i in sorted(ranked, key=lambda r: r[:2])[:limit]]
