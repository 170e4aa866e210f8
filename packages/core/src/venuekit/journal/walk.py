"""Walking along the chain, in a store or in a file: each row must follow from the one before."""

from __future__ import annotations

from venuekit.journal.record import GENESIS, digest_of
from venuekit.protocols.retention import Checkpoint

#: A row's fields before its body: sequence, time_ns, kind, desk, subject, agent_id.
Head = tuple[int, int, str, str, str, str]
BEGINNING = Checkpoint(cut=0, head=GENESIS, kept=0, kept_head=GENESIS)


def seal_kept(previous: str, head: Head, body: bytes, digest: str) -> str:
    """The digest over the rows that are left before a cut, with one more of them."""
    return digest_of(previous, head, b"%b\n%b" % (body, digest.encode()))


class Walk:
    """From a checkpoint on; rows that were left before it come first. `sequence` and `head` are where it stands."""

    def __init__(self, start: Checkpoint = BEGINNING) -> None:
        self._start = start
        self._kept, self._kept_head, self._last_kept = 0, GENESIS, 0
        self._begun = False
        #: The row that `take` was given last; None when it is about the rows before the cut as a whole.
        self.at: int | None = None
        self.sequence, self.head = start.cut, start.head

    def take(self, head: Head, body: bytes, digest: str) -> str:
        """One row further; what is wrong with it, or nothing."""
        sequence = self.at = head[0]
        if sequence <= self._start.cut and not self._begun:
            if sequence <= self._last_kept:
                return f"row {sequence} is there twice or in the wrong place"
            self._kept, self._last_kept = self._kept + 1, sequence
            self._kept_head = seal_kept(self._kept_head, head, body, digest)
            return ""
        if not self._begun and (problem := self.begin()):
            return problem
        if sequence != self.sequence + 1:
            self.at = self.sequence + 1
            return f"row {self.sequence + 1} is missing (next is {sequence})"
        if digest != digest_of(self.head, head, body):
            return f"row {sequence} was altered, or one before it was moved"
        self.sequence, self.head = sequence, digest
        return ""

    def begin(self) -> str:
        """Whether what was left before the cut is what the checkpoint says; called by itself at the first row after."""
        self._begun = True
        start = self._start
        if (self._kept, self._kept_head) == (start.kept, start.kept_head):
            return ""
        self.at = None
        if self._kept != start.kept:
            what = f"{start.kept} rows were left before the cut at row {start.cut}, and {self._kept} are there"
        else:
            what = f"one of the {start.kept} rows left before the cut at row {start.cut} was altered"
        return f"{what}; the export of that prune names it"
