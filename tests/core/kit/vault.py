"""A venue with tools of its own that act: a vault to lock money in, of which a test says how it fares."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import attrs
from desks import Bench, ScriptedFactory

from venuekit import registry
from venuekit.adapter import Explained, Extra, Rejected, positive_amount

D = Decimal


def _doc(text: str) -> dict[str, str]:
    return {"doc": text}


@attrs.frozen(kw_only=True)
class Lock:
    """What to lock."""

    amount: Decimal = attrs.field(metadata=_doc("How much."))
    currency: str = attrs.field(default="USD", metadata=_doc("Of what."))
    note: str = attrs.field(default="", metadata=_doc("Whatever."))


@attrs.frozen(kw_only=True)
class Locked:
    """What is locked now."""

    total: Decimal = attrs.field(metadata=_doc("All of it."))


class Vault:
    """What was locked, by reference; `label` goes into the sentence, `known` is what the vault answers when asked."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.locked: dict[str, Decimal] = {}
        self.label = "for good"
        self.reduces = False
        self.instruments: tuple[str, ...] = ()
        self.worth: Decimal | None = D(-1)  # as much as is locked
        self.answers = True

    @property
    def calls(self) -> list[Any]:
        """What came to the venue."""
        return self.bench.venue.made("lock")

    @property
    def total(self) -> Decimal:
        """All that is locked."""
        return sum(self.locked.values(), D(0))

    async def explain(self, venue: Any, asked: Lock) -> Explained:
        positive_amount(asked.amount, field="amount")
        await self.bench.venue._call("explain", asked)
        return Explained(
            sentence=f"Lock {asked.amount} {asked.currency} {self.label}",
            worth=asked.amount if self.worth == D(-1) else self.worth,
            currency=asked.currency,
            instruments=self.instruments,
            reduces=self.reduces,
        )

    async def prepare(self, venue: Any, asked: Lock, action_id: str) -> Mapping[str, str]:
        await self.bench.venue._call("prepare", asked)
        return {"receipt": f"r-{action_id}"}

    async def lock(self, venue: Any, asked: Lock, reference: Mapping[str, str]) -> Locked:
        await self.bench.venue._call("lock", (asked, dict(reference)))
        self.locked[reference["receipt"]] = asked.amount
        await self.bench.venue._call("locked", asked)
        return Locked(total=self.total)

    async def find_out(self, venue: Any, asked: Lock, reference: Mapping[str, str]) -> Locked | None:
        await self.bench.venue._call("find_out", dict(reference))
        if not self.answers:
            return None
        if reference["receipt"] not in self.locked:
            raise Rejected("The vault has no such receipt.")
        return Locked(total=self.total)

    def tools(self) -> tuple[Extra, ...]:
        """Its tools: two that act, one that moves only the simulation, one that reads."""
        fields: dict[str, Any] = {"toolset": "vault", "arguments": Lock, "result": Locked, "description": "A vault."}
        return (
            Extra(
                name="lock",
                title="Lock money",
                call=self.lock,
                explain=self.explain,
                prepare=self.prepare,
                find_out=self.find_out,
                mutates=True,
                **fields,
            ),
            Extra(name="lock_blindly", title="Lock blindly", call=self._blindly, mutates=True, **fields),
            Extra(name="pretend", title="Pretend", call=self._told, mutates=True, simulates=True, **fields),
            Extra(name="look", title="Look", call=self._told, **fields),
        )

    async def _blindly(self, venue: Any, asked: Lock) -> Locked:
        await self.bench.venue._call("lock", asked)
        return Locked(total=self.total)

    def _told(self, venue: Any, asked: Lock) -> Locked:
        return Locked(total=self.total)


def with_vault(bench: Bench, environment: str = "paper") -> Vault:
    """Give the bench's venue a vault, in a `production` environment or on `paper`."""
    vault = Vault(bench)
    bench.venue.environment = environment

    class Factory(ScriptedFactory):
        extras = vault.tools()

    Factory.environment = environment
    registry.register(Factory(bench.venue))
    return vault
