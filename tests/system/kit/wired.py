"""The venues whose faults are on a real wire, and the numbers of the schedules that say something of each."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from functools import cache
from typing import Any

import attrs
import coinbase_mutations
import polymarket_mutations
from mutations import Mutation

import venuekit_doubles.faults as coinbase_faults
import venuekit_doubles.polymarket.faults as polymarket_faults
from venuekit.testing.contract.subject import Subject, load_subject
from venuekit.testing.faults import Outcome, Table, make_schedule, simulate, table_of
from venuekit_doubles.coinbase import CoinbaseDouble
from venuekit_doubles.polymarket import PolymarketDouble


@attrs.frozen(kw_only=True)
class Wired:
    """A venue on the network, by its name."""

    name: str
    double: Any
    #: What goes wrong with answers, and what with frames and beside the streams.
    answers: type[StrEnum]
    frames: Sequence[type[StrEnum]]
    #: What an order's request is called on its wire.
    orders: str
    #: Numbers that are played one after the other.
    first: range
    #: One whose process is really killed.
    killed: int
    #: Numbers that failed once.
    once: Sequence[int] = ()
    mutations: Sequence[Mutation] = ()

    def __str__(self) -> str:
        return self.name

    @property
    def subject(self) -> Subject:
        """The adapter, with the profile that brings its double."""
        return _subject(self.name)

    @property
    def table(self) -> Table:
        """What can go wrong."""
        table = table_of(self.subject.profile)
        assert table is not None
        return table

    def play(self, seed: int) -> Outcome:
        """One schedule."""
        return simulate(self.subject, make_schedule(seed, table=self.table))


@cache
def _subject(name: str) -> Subject:
    return load_subject(name, profile=f"venuekit_doubles.{name}.chaos")


COINBASE = Wired(
    name="coinbase",
    double=CoinbaseDouble,
    answers=coinbase_faults.Fault,
    frames=[coinbase_faults.StreamFault],
    orders="create",
    first=range(10),
    killed=5,
    # An order whose terms the venue left out was to be amended; and one ended after the comparison at the start and
    # before the stream was there.
    once=(1099, 1271, 1431),
    mutations=coinbase_mutations.MUTATIONS,
)
POLYMARKET = Wired(
    name="polymarket",
    double=PolymarketDouble,
    answers=polymarket_faults.Fault,
    frames=[polymarket_faults.StreamFault, polymarket_faults.ChainFault],
    orders="post_order",
    first=range(5),
    killed=2,
    # The stream was quicker than the refusal; an order was not
    # listed any more, too early to be taken for over, and nobody looked again; a message nobody could read was an end.
    once=(183, 217, 1141),
    mutations=polymarket_mutations.MUTATIONS,
)
WIRED = (COINBASE, POLYMARKET)
