"""What was asked of the double, so that a test can prove what was and what was not."""

from __future__ import annotations

from collections import deque

import attrs

_MOST_REMEMBERED = 100_000


@attrs.define(kw_only=True)
class Asked:
    """One REST request, as it came. Those to addresses that there are not are remembered as well."""

    #: The endpoint's name, as in `CoinbaseDouble.endpoints`; empty where there is none.
    endpoint: str
    method: str
    #: Without the query.
    path: str
    #: Whether it carried an ``Authorization`` header, right or wrong.
    authorized: bool
    #: Whether it is the account's: it carried authorization, or its endpoint wants it.
    private: bool
    #: Whether it can change something: orders, or money. Previews cannot.
    mutating: bool
    #: The HTTP status of its answer; None while there is none, and for one that was never answered.
    status: int | None = None


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


class Record:
    """The latest requests and messages, oldest first."""

    def __init__(self) -> None:
        self.requests: deque[Asked] = deque(maxlen=_MOST_REMEMBERED)
        self.messages: deque[Said] = deque(maxlen=_MOST_REMEMBERED)
        #: Why tokens were refused, which the venue does not tell.
        self.refused: deque[str] = deque(maxlen=_MOST_REMEMBERED)

    @property
    def private(self) -> list[Asked | Said]:
        """What was asked of accounts: requests, then messages."""
        everything: list[Asked | Said] = [*self.requests.copy(), *self.messages.copy()]
        return [entry for entry in everything if entry.private]

    @property
    def mutating(self) -> list[Asked]:
        """Requests that could change something."""
        return [asked for asked in self.requests.copy() if asked.mutating]

    @property
    def logins(self) -> list[Said]:
        """Messages to streams that carried a token, right or wrong."""
        return [said for said in self.messages.copy() if said.authorized]

    def forget(self) -> None:
        """Begin anew."""
        self.requests.clear()
        self.messages.clear()
        self.refused.clear()
