"""A sum of named amounts that is kept up to date, and that is unknown while any amount is."""

from __future__ import annotations

from decimal import Decimal

from venuekit.model.money import ZERO, minus, plus


class Totals:
    """Amounts by key, with their sum and the sum of their absolute values in constant time."""

    def __init__(self) -> None:
        self._amounts: dict[str, Decimal | None] = {}
        self._unknown = 0
        self._sum = ZERO
        self._absolute = ZERO

    def put(self, key: str, amount: Decimal | None) -> None:
        """Set one amount; None, or one that is no number, marks it as unknown."""
        self.remove(key)
        if amount is not None and not amount.is_finite():
            amount = None
        self._amounts[key] = amount
        if amount is None:
            self._unknown += 1
        else:
            self._sum = plus(self._sum, amount)
            self._absolute = plus(self._absolute, amount.copy_abs())

    def remove(self, key: str) -> None:
        """Forget one amount; an unknown key is ignored."""
        if key not in self._amounts:
            return
        amount = self._amounts.pop(key)
        if amount is None:
            self._unknown -= 1
        else:
            self._sum = minus(self._sum, amount)
            self._absolute = minus(self._absolute, amount.copy_abs())

    def unknown(self) -> list[str]:
        """The keys of unknown amounts, sorted."""
        return sorted(key for key, amount in self._amounts.items() if amount is None) if self._unknown else []

    @property
    def total(self) -> Decimal | None:
        """The sum; None while any amount is unknown."""
        return None if self._unknown else self._sum

    @property
    def absolute(self) -> Decimal | None:
        """The sum of absolute values; None while any amount is unknown."""
        return None if self._unknown else self._absolute
