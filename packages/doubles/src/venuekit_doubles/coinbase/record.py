"""What was asked of the double, so that a test can prove what was and what was not."""

from __future__ import annotations

from collections import deque

import attrs

from venuekit_doubles import record
from venuekit_doubles.record import MOST_REMEMBERED, Asked


@attrs.frozen(kw_only=True)
class Said:
    """One message to a stream."""

    #: ``subscribe``, ``unsubscribe``, or what else was sent.
    kind: str
    channel: str
    products: frozenset[str]
    #: Whether it carried a token, right or wrong.
    authorized: bool
    #: The name of the key that logged in with it; None without a token, and with one that was refused.
    key: str | None
    #: What was answered instead of a subscription; empty when it was accepted.
    refused: str

    @property
    def private(self) -> bool:
        """Whether it is the account's: it carried a token, or its channel wants one."""
        return self.authorized or self.channel in PRIVATE_CHANNELS


#: Channels that tell of an account.
PRIVATE_CHANNELS = ("user", "futures_balance_summary")


class Record(record.Record[Asked]):
    """The latest requests and messages, oldest first. Requests are authorized that tried, right or wrong."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: deque[Said] = deque(maxlen=MOST_REMEMBERED)

    @property
    def private(self) -> list[Asked | Said]:
        """What was asked of accounts: requests, then messages."""
        return [*self.private_requests, *(said for said in self.messages.copy() if said.private)]

    @property
    def logins(self) -> list[Said]:
        """Messages to streams that carried a token, right or wrong."""
        return [said for said in self.messages.copy() if said.authorized]

    def forget(self) -> None:
        """Begin anew."""
        super().forget()
        self.messages.clear()


__all__ = ["PRIVATE_CHANNELS", "Asked", "Record", "Said"]
