"""What a run was told: every fact that somebody may rely on from then on, and every rule that was seen broken."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable

from venuekit.model.order import Order, OrderStatus
from venuekit.protocols.journal import Approval

Fact = tuple[str, ...]
#: Kinds whose third word tells them further apart.
_DETAILED = ("sent", "order", "approval", "refusal", "row")
#: How an order that was not sent begins anew.
_ANEW = (OrderStatus.SUBMITTING, OrderStatus.PENDING_APPROVAL)


class Ledger:
    """Facts in order. With a `sink`, each is handed over as a line before anything else happens."""

    def __init__(self, known: Iterable[Fact] = (), sink: Callable[[str], None] | None = None) -> None:
        self.facts: dict[Fact, None] = dict.fromkeys(known)
        self.violations: list[str] = []
        self._sink = sink
        #: The newest state of each order that everybody was told.
        self._last: dict[str, Order] = {}

    def note(self, *fact: str) -> None:
        """Keep a fact."""
        if fact not in self.facts:
            self.facts[fact] = None
            if self._sink is not None:
                self._sink(json.dumps(fact))

    def order(self, order: Order) -> None:
        """Somebody was told of an order."""
        self.note("order", order.id, order.status.value, str(order.filled_size))

    def follows(self, order: Order) -> None:
        """Everybody is told of an order, after what they were told of it before: an end is an end, a fill a fill."""
        before, self._last[order.id] = self._last.get(order.id), order
        if before is None or (before.status is OrderStatus.DENIED and order.status in _ANEW):
            return
        if before.is_done and not order.is_done:
            self.broken(f"{order.id} was told to be over, {before.status.value}, and then {order.status.value}")
        if order.filled_size < before.filled_size:
            self.broken(f"{order.id} was told to have {before.filled_size} filled, and then {order.filled_size}")

    def approval(self, approval: Approval) -> None:
        """Somebody was told of an approval."""
        self.note("approval", approval.id, approval.state.value)

    def broken(self, rule: str) -> None:
        """A rule was broken while the run went on."""
        if rule not in self.violations:
            self.violations.append(rule)
            self.note("violation", rule)

    def counts(self) -> Counter[str]:
        """How many facts there are of each kind, and of each kind with its state or type."""
        found: Counter[str] = Counter()
        for kind, *rest in self.facts:
            found[kind] += 1
            if kind in _DETAILED:
                found[f"{kind} {rest[1]}"] += 1
        return found

    def of(self, kind: str) -> list[Fact]:
        """The facts of a kind, without the kind."""
        return [fact[1:] for fact in self.facts if fact[0] == kind]


def read_facts(lines: Iterable[str]) -> list[Fact]:
    """The facts of a sink's lines; a line that a kill cut off is left out."""
    return [tuple(json.loads(line)) for line in lines if line.endswith("]\n")]
