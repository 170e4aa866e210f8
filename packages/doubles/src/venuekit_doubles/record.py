"""What was asked of a double, so that a test can prove what was and what was not."""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

import attrs

MOST_REMEMBERED = 100_000


@attrs.define(kw_only=True)
class Asked:
    """One REST request."""

    #: The endpoint's name, as in `Double.endpoints`; empty where there is none.
    endpoint: str
    method: str
    #: Without the query.
    path: str
    #: Whether it proved who asks, as its venue wants it; where the double says so, whether it tried.
    authorized: bool
    #: Whether it is an account's: it proved who asks, or its endpoint wants that.
    private: bool
    #: Whether it can change something: orders, keys, money. Previews cannot.
    mutating: bool
    #: The HTTP status of its answer; None while there is none, and for one that was never answered.
    status: int | None = None


A = TypeVar("A", bound=Asked)


class Record(Generic[A]):
    """The latest requests, oldest first."""

    def __init__(self) -> None:
        self.requests: deque[A] = deque(maxlen=MOST_REMEMBERED)
        #: Why requests and log-ins were not let in, which a venue does not tell.
        self.refused: deque[str] = deque(maxlen=MOST_REMEMBERED)

    @property
    def private_requests(self) -> list[A]:
        """Requests that were an account's."""
        return [asked for asked in self.requests.copy() if asked.private]

    @property
    def mutating(self) -> list[A]:
        """Requests that could change something."""
        return [asked for asked in self.requests.copy() if asked.mutating]

    def forget(self) -> None:
        """Begin anew."""
        self.requests.clear()
        self.refused.clear()
