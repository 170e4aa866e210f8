"""Finding instruments by what people call them."""

from __future__ import annotations

from collections.abc import Iterable

from venuekit.adapter import Instrument


def search(instruments: Iterable[Instrument], text: str, limit: int) -> list[Instrument]:
    """Instruments whose id, alias, base, quote or name has every word of `text`; the closest first.

    An exact id or alias comes first, then an exact base, then a name that begins so, then the rest by id.
    """
    words = text.casefold().split()
    if not words or limit <= 0:
        return []
    whole = " ".join(words)
    found: list[tuple[int, str, Instrument]] = []
    for instrument in instruments:
        names = [instrument.id, instrument.alias or "", instrument.base, instrument.quote, instrument.name]
        texts = [name.casefold() for name in names]
        if not all(any(word in text for text in texts) for word in words):
            continue
        if whole in texts[:2]:
            rank = 0
        elif whole == texts[2]:
            rank = 1
        elif any(text.startswith(whole) for text in texts[:3]):
            rank = 2
        elif whole in texts[4]:
            rank = 3
        else:
            rank = 4
        found.append((rank, instrument.id, instrument))
    return [instrument for _, _, instrument in sorted(found, key=lambda entry: entry[:2])[:limit]]
