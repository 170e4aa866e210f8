"""What a run was told: every fact that somebody may rely on from then on, and every rule that was seen broken."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable

from venuekit.model.order import Order
from venuekit.protocols.journal import Approval

Fact = tuple[str, ...]
#: Kinds whose third word tells them further apart.
_DETAILED = ("sent", "order", "approval", "refusal", "row")


class Ledger:
    """Facts in order. With a `sink`, each is handed over as a line before anything else happens."""

    def __init__(self, known: Iterable[Fact] = (), sink: Callable[[str], None] | None = None) -> None:
        self.facts: dict[Fact, None] = dict.fromkeys(known)
        self.violations: list[str] = []
        self._sink = sink

    def note(self, *fact: str) -> None:
        """Keep a fact."""
        if fact not in self.facts:
            self.facts[fact] = None
            if self._sink is not None:
                self._sink(json.dumps(fact))

    def order(self, order: Order) -> None:
        """Somebody was told of an order."""
        self.note("order", order.id, order.status.value, str(order.filled_size))

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
