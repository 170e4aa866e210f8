"""Where a journal begins once its oldest rows were removed, and how that is proved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import attrs


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
