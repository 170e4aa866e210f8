"""Faults on demand: what the next answers of an endpoint, or the next frames of a stream, do wrong."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from enum import StrEnum


class Fault(StrEnum):
    """What goes wrong. `AFTER_*`: the request is carried out first, and only its answer goes wrong."""

    RATE_LIMITED = "429"
    RATE_LIMITED_HTML = "429_html"
    SERVER_ERROR = "500"
    BAD_GATEWAY_HTML = "502_html"
    UNAUTHORIZED_ONCE = "401"
    HTML_WITH_200 = "html_with_200"
    AFTER_HTML_WITH_200 = "after_html_with_200"
    AFTER_SERVER_ERROR = "after_500"
    AFTER_TRUNCATED = "after_truncated"
    AFTER_SILENCE = "after_silence"
    AFTER_RESET = "after_reset"
    SILENCE = "silence"
    RESET = "reset"
    NULL_CONFIGURATION = "null_order_configuration"


class StreamFault(StrEnum):
    """What goes wrong with a connection's frames."""

    CLOSE_1000 = "close_1000"
    CLOSE_1001 = "close_1001"
    ABORT = "abort"
    GAP = "gap"
    SILENCE = "silence"
    CHANNEL_SILENCE = "channel_silence"
    GARBAGE = "garbage"
    DUPLICATE = "duplicate"


class Faults:
    """A queue for each endpoint, by its name; ``*`` is any."""

    def __init__(self) -> None:
        self._queues: defaultdict[str, deque[Fault]] = defaultdict(deque)
        #: How often each was played.
        self.played: Counter[str] = Counter()

    def add(self, endpoint: str, *faults: Fault) -> None:
        """The next requests to `endpoint` fail in these ways, one after the other."""
        self._queues[endpoint].extend(faults)

    def clear(self) -> None:
        """Nothing goes wrong any more."""
        self._queues.clear()

    def next(self, endpoint: str) -> Fault | None:
        """What goes wrong with this request."""
        for name in (endpoint, "*"):
            if self._queues[name]:
                fault = self._queues[name].popleft()
                self.played[fault.value] += 1
                return fault
        return None
