"""What own fills add up to, product by product, kept over restarts so that only newer fills are read."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import msgspec

from venuekit.adapter import ZERO, Fill, Side, half_even_to, minus, normal, plain, plus, ratio, times

#: Fills that are remembered by id, so that one that is told again counts once: more than share a moment.
_REMEMBERED = 2_000
_VERSION = 1
_STEP = Decimal("1E-12")


@attrs.define
class Holding:
    """A product's net size, its cost at average, and what closing has brought. In quote units but for `size`."""

    size: Decimal = ZERO
    cost: Decimal = ZERO
    realized: Decimal = ZERO
    fees: Decimal = ZERO
    updated_ns: int = 0

    def add(self, fill: Fill, contract_size: Decimal) -> None:
        """Fold one fill in, by average cost."""
        signed = fill.size if fill.side is Side.BUY else -fill.size
        value = times(times(fill.price, fill.size), contract_size)
        self.fees = plus(self.fees, fill.fee)
        self.updated_ns = max(self.updated_ns, fill.time_ns)
        if self.size == 0 or (self.size > 0) == (signed > 0):
            self.size, self.cost = plus(self.size, signed), plus(self.cost, value)
            return
        closed = min(abs(signed), abs(self.size))
        cost = times(self.cost, ratio(closed, abs(self.size)))
        brought = times(times(fill.price, closed), contract_size)
        self.realized = plus(self.realized, minus(brought, cost) if self.size > 0 else minus(cost, brought))
        self.size, self.cost = plus(self.size, signed), minus(self.cost, cost)
        if closed < abs(signed):  # it turned to the other side at this price
            self.cost = times(times(fill.price, minus(abs(signed), closed)), contract_size)
        elif self.size == 0:
            self.cost = ZERO

    def average(self, contract_size: Decimal) -> Decimal | None:
        """The average entry price; None without a position."""
        return rounded(ratio(self.cost, times(abs(self.size), contract_size))) if self.size else None


def rounded(value: Decimal) -> Decimal:
    """A computed figure to twelve places, which is finer than any price."""
    return normal(half_even_to(value, _STEP))


class Holdings:
    """Holdings of one portfolio by product, kept in a file of the adapter's own folder, or nowhere."""

    def __init__(self, file: Path | None) -> None:
        """`file` is the portfolio's; None keeps nothing, and every fill is read again after a start."""
        self._file = file
        self._by_product: dict[str, Holding] = {}
        #: Ids of the newest fills that are folded in, oldest first.
        self._ids: dict[str, None] = {}
        #: The time of the newest fill that is folded in; 0 before any.
        self.newest_ns = 0
        self._changed = False
        self._load()

    def __getitem__(self, product: str) -> Holding:
        return self._by_product.setdefault(product, Holding())

    def products(self) -> list[str]:
        """Products that were ever traded, sorted."""
        return sorted(self._by_product)

    def fold(self, fills: Iterable[tuple[Fill, Decimal]]) -> None:
        """Fold in fills that are not known yet, each with the size of its contract."""
        new = sorted(((f, c) for f, c in fills if f.id not in self._ids), key=lambda x: (x[0].time_ns, x[0].id))
        for fill, contract_size in new:
            self[fill.instrument].add(fill, contract_size)
            self._ids[fill.id] = None
            self.newest_ns = max(self.newest_ns, fill.time_ns)
            self._changed = True
        for old in list(self._ids)[: max(0, len(self._ids) - _REMEMBERED)]:
            del self._ids[old]

    def _load(self) -> None:
        if self._file is None:
            return
        try:
            body = msgspec.json.decode(self._file.read_bytes())
            if body["version"] != _VERSION:
                return
            by_product = {name: _holding(row) for name, row in body["holdings"].items()}
            ids, newest = dict.fromkeys(body["ids"]), int(body["newest_ns"])
        except (OSError, msgspec.DecodeError, KeyError, TypeError, ValueError, ArithmeticError, AttributeError):
            return  # it is made anew from all fills
        self._by_product, self._ids, self.newest_ns = by_product, ids, newest

    def save(self) -> None:
        """Keep it, if something changed; a file that cannot be written only costs the next start more calls."""
        if not self._changed or self._file is None:
            return
        body = {
            "version": _VERSION,
            "newest_ns": self.newest_ns,
            "ids": list(self._ids),
            "holdings": {name: _plain(holding) for name, holding in self._by_product.items()},
        }
        new = self._file.with_suffix(".new")
        with contextlib.suppress(OSError):
            new.write_bytes(msgspec.json.encode(body))
            new.replace(self._file)
            self._changed = False


def _plain(holding: Holding) -> dict[str, Any]:
    fields = ("size", "cost", "realized", "fees")
    return {name: plain(getattr(holding, name)) for name in fields} | {"updated_ns": holding.updated_ns}


def _holding(row: Mapping[str, Any]) -> Holding:
    fields = ("size", "cost", "realized", "fees")
    return Holding(**{name: Decimal(row[name]) for name in fields}, updated_ns=int(row["updated_ns"]))
