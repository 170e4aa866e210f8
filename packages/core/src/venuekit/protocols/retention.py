"""Where a journal begins once its oldest rows were removed, and how that is proved."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol

import attrs

if TYPE_CHECKING:
    from venuekit.protocols.journal import Entry


@attrs.frozen(kw_only=True)
class Checkpoint:
    """A sealed cut: rows up to `cut` were removed but for `kept` ones, and the chain goes on from `head`.

    `head` is the digest of row `cut`, `kept_head` a digest over every row that was left before the cut.
    """

    cut: int
    head: str
    kept: int
    kept_head: str


@attrs.frozen(kw_only=True)
class Slice:
    """Some of the oldest rows, on their way out: which go, and the checkpoint that the rest leads to.

    `before` is the checkpoint from which it was reckoned; where that is no longer the newest, it does not count.
    `counts` says how many rows go, by UTC day and kind.
    """

    before: Checkpoint | None
    after: Checkpoint
    gone: list[int] = attrs.field(repr=False)
    counts: Mapping[str, Mapping[str, int]]


class Needs(Protocol):
    """What desks still need of their old rows."""

    def keeps(
        self, *, sequence: int, time_ns: int, kind: str, desk: str, subject: str, first: bool, last: bool
    ) -> bool:
        """Whether a row must stay. `first` and `last`: of those of its kind, desk and subject."""
        ...


@attrs.frozen
class Verification:
    """The chain's state. `problem` names the first altered, missing or reordered row.

    `rows` is the number of the last row. Rows up to `pruned` were removed under a checkpoint, but for `kept` of them.
    """

    ok: bool
    rows: int
    head: str
    problem: str = ""
    sequence: int | None = None
    pruned: int = 0
    kept: int = 0


class Provable(Protocol):
    """A store whose chain can be proved and shortened. Every call may raise `JournalUnavailable`."""

    def verify(
        self, *, expected_head: str | None = None, progress: Callable[[int], None] | None = None
    ) -> Verification:
        """Recompute the whole chain; with `expected_head`, also that the row with this digest is still in it.

        `progress` is told now and then which row it has come to.
        """
        ...

    def checkpoint(self) -> Checkpoint | None:
        """Where the chain begins since the last prune; None when nothing was pruned."""
        ...

    def slice(self, needs: Needs, *, to: int, most: int) -> Slice | None:
        """The next `most` rows after the checkpoint, up to row `to`; those that `needs` does not keep are to go."""
        ...

    def sweep(self, needs: Needs, *, most: int) -> Slice | None:
        """At most `most` rows that were kept before the checkpoint and are needed no more."""
        ...

    async def seal(self, cut: Slice, entry: Entry) -> bool:
        """Remove the rows of a slice and record its checkpoint, in one commit. False when it counts no more."""
        ...
