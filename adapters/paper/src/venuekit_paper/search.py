"""Finding an instrument by id or alias, and instruments by words that somebody typed."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from venuekit.adapter import Instrument, UnknownInstrument


class Directory:
    """The instruments of an exchange, by every name they have."""

    def __init__(self, instruments: Iterable[Instrument]) -> None:
        self._by_name: dict[str, str] = {}
        for instrument in instruments:
            if instrument.alias:
                self._by_name.setdefault(instrument.alias, instrument.id)
            self._by_name[instrument.id] = instrument.id

    def id_of(self, name: str) -> str:
        """The id of an instrument given by id or alias.

        Raises:
            UnknownInstrument: with near matches.
        """
        found = self._by_name.get(name)
        if found is not None:
            return found
        near = near_matches(name, self._by_name)
        raise UnknownInstrument(
            f"The paper exchange has no instrument {name[:60]!r}.",
            fix=f"Did you mean {' or '.join(near)}?" if near else "List the instruments to see what there is.",
            field="instrument",
            details={"near": near},
        )


def near_matches(name: str, names: Iterable[str], *, count: int = 3) -> list[str]:
    """Names that look like `name`, best first; letters' case does not matter."""
    shown = {n.casefold(): n for n in sorted(names)}
    wanted = name.casefold()[:128]
    begins = [n for n in shown if wanted and (n.startswith(wanted) or wanted.startswith(n))]
    close = difflib.get_close_matches(wanted, shown, n=count, cutoff=0.5)
    return [shown[n] for n in dict.fromkeys([*begins, *close])][:count]


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
