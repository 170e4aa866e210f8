"""What each agent's own fills came to: a book of their own at average cost, beside the account's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import attrs

from venuekit.books.holding import Holding
from venuekit.model.codec import from_record, to_plain
from venuekit.model.identity import AgentId, InstrumentId
from venuekit.model.instrument import Instrument
from venuekit.model.money import ZERO, minus, plus, times
from venuekit.model.order import Fill


@attrs.frozen
class Worth:
    """What a book came to since it began, in quote: realized after fees, and unrealized at the marks of now."""

    realized: Decimal
    unrealized: Decimal

    @property
    def total(self) -> Decimal:
        """Both."""
        return plus(self.realized, self.unrealized)


class AgentBooks:
    """Books by name. `book_of` says which one an agent's fills go into; None is in none."""

    def __init__(
        self,
        book_of: Callable[[AgentId], str | None],
        instrument_of: Callable[[InstrumentId], Instrument | None],
        money: frozenset[str],
    ) -> None:
        self._book_of = book_of
        self._instrument_of = instrument_of
        self._money = money
        self._books: dict[str, dict[InstrumentId, Holding]] = {}
        #: Books that went on from before a restart.
        self.resumed: frozenset[str] = frozenset()

    def fold(self, fill: Fill, agent_id: AgentId, direction: int) -> None:
        """An execution of an agent's order: 1 for a new one, -1 for one that is undone, 0 for a confirmation.

        A fee in the base asset counts at the fill's price; one in a third asset does not count.
        """
        book = self._book_of(agent_id)
        known = self._instrument_of(fill.instrument)
        if book is None or known is None or direction == 0:
            return
        fee = fill.fee if fill.fee_asset in (known.quote, known.settle) else ZERO
        if fill.fee_asset == known.base and known.base not in (known.quote, known.settle):
            fee = times(fill.fee, fill.price)
        signed = fill.size if fill.side.sign * direction > 0 else -fill.size
        holdings = self._books.setdefault(book, {})
        before = holdings.get(fill.instrument, Holding())
        holdings[fill.instrument] = before.after(
            signed, fill.price, fee if direction > 0 else -fee, known.contract_size
        )

    def worth(self, book: str, mark: Callable[[InstrumentId], Decimal | None]) -> Worth | None:
        """What a book came to; None while the mark of something in it is not known, or is in another currency."""
        realized = unrealized = ZERO
        for name, holding in self._books.get(book, {}).items():
            known = self._instrument_of(name)
            if known is None or known.quote not in self._money:
                return None
            realized = plus(realized, minus(holding.realized, holding.fees))
            if holding.size == 0:
                continue
            price = mark(name)
            if price is None or not price.is_finite():
                return None
            value = times(times(holding.size, price), known.contract_size)
            unrealized = plus(unrealized, minus(value, holding.cost))
        return Worth(realized, unrealized)

    def instruments(self) -> set[InstrumentId]:
        """Everything that some book holds, and that must be priced."""
        return {name for book in self._books.values() for name, holding in book.items() if holding.size != 0}

    # -- to and from the journal

    def written(self, books: frozenset[str]) -> dict[str, Any]:
        """The books as data, those too in which nothing is yet."""
        return {name: {i: to_plain(h) for i, h in self._books.get(name, {}).items()} for name in sorted(books)}

    def resume(self, written: Mapping[str, Mapping[str, Any]]) -> None:
        """Go on from what was written down."""
        self._books = {
            name: {i: from_record(h, Holding) for i, h in holdings.items()} for name, holdings in written.items()
        }
        self.resumed = frozenset(written)
