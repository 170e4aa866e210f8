"""Faults on demand: what the next answers of an endpoint, or the next frames of a stream, do wrong."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from enum import StrEnum
from typing import Generic, TypeVar

F = TypeVar("F", bound=StrEnum)
S = TypeVar("S", bound=StrEnum)


class Fault(StrEnum):
    """What goes wrong with an answer. ``AFTER_*``: the request is carried out, and only its answer goes wrong."""

    #: 429 with JSON and ``Retry-After: 1``.
    RATE_LIMITED = "429"
    #: 429 with a page of HTML, and no word on when to come again.
    RATE_LIMITED_HTML = "429_html"
    SERVER_ERROR = "500"
    BAD_GATEWAY_HTML = "502_html"
    #: 401, although the token is right.
    UNAUTHORIZED_ONCE = "401"
    #: A page of HTML with status 200; the request was not carried out.
    HTML_WITH_200 = "html_with_200"
    AFTER_HTML_WITH_200 = "after_html_with_200"
    AFTER_SERVER_ERROR = "after_500"
    #: Half of the body, and the connection's end.
    AFTER_TRUNCATED = "after_truncated"
    #: No answer, and the connection stays open.
    AFTER_SILENCE = "after_silence"
    #: The connection breaks instead of an answer.
    AFTER_RESET = "after_reset"
    SILENCE = "silence"
    RESET = "reset"
    #: The answer is good, but orders in it have ``order_configuration: null``.
    NULL_CONFIGURATION = "null_order_configuration"

    @property
    def is_after(self) -> bool:
        """Whether the request is carried out first."""
        return self.name.startswith("AFTER_") or self is Fault.NULL_CONFIGURATION


class StreamFault(StrEnum):
    """What goes wrong with a connection's frames."""

    #: The server closes the connection, politely; 1001 is what the venue says when it restarts.
    CLOSE_1000 = "close_1000"
    CLOSE_1001 = "close_1001"
    #: The connection breaks.
    ABORT = "abort"
    #: The next frame is left out, and its number with it.
    GAP = "gap"
    #: Nothing more is sent, heartbeats neither; the connection stays open.
    SILENCE = "silence"
    #: Heartbeats go on, and the channels fall silent: all of them, or the one that is named.
    CHANNEL_SILENCE = "channel_silence"
    #: A frame that is no JSON.
    GARBAGE = "garbage"
    #: The next frame comes twice.
    DUPLICATE = "duplicate"
    #: The next frame comes after the one behind it.
    SWAP = "swap"


class FaultQueues(Generic[F, S]):
    """A queue for each endpoint, by its name; ``*`` is any. `F` is what goes wrong with answers, `S` with frames."""

    def __init__(self) -> None:
        self._queues: defaultdict[str, deque[F]] = defaultdict(deque)
        #: How often each was played.
        self.played: Counter[str] = Counter()

    def add(self, endpoint: str, *faults: F) -> None:
        """The next requests to `endpoint` fail in these ways, one after the other."""
        self._queues[endpoint].extend(faults)

    def clear(self) -> None:
        """Nothing goes wrong any more."""
        self._queues.clear()

    async def arrived(self, endpoint: str) -> F | None:
        """A request has come in whole: what goes wrong with it. It is carried out when this returns."""
        return self.next(endpoint)

    async def answering(self, endpoint: str) -> None:
        """A request was carried out, and its answer goes when this returns."""

    def telling(self, channel: str) -> S | None:  # noqa: ARG002 - frames are faulty for who says so
        """A frame of this channel is about to go on a connection: what goes wrong with that."""
        return None

    def next(self, endpoint: str) -> F | None:
        """What goes wrong with this request."""
        for name in (endpoint, "*"):
            if self._queues[name]:
                fault = self._queues[name].popleft()
                self.played[fault.value] += 1
                return fault
        return None


#: Those of Coinbase.
Faults = FaultQueues[Fault, StreamFault]
