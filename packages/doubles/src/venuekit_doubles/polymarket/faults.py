"""What can go wrong on demand: with the answers of an endpoint, and with the frames of a stream."""

from __future__ import annotations

from enum import StrEnum

from venuekit_doubles.faults import FaultQueues


class Fault(StrEnum):
    """What goes wrong with an answer. ``AFTER_*``: the request is carried out, and only its answer goes wrong."""

    #: 429 with ``Retry-After`` and the venue's headers of the signer's rate.
    RATE_LIMITED = "429"
    SERVER_ERROR = "500"
    #: 425: the matching engine restarts.
    RESTARTING = "425"
    DISABLED = "503"
    CANCEL_ONLY = "503_cancel_only"
    POST_ONLY = "503_post_only"
    #: A page of HTML, as the venue's gateway answers whom it does not let in.
    FORBIDDEN_HTML = "403_html"
    BAD_GATEWAY_HTML = "502_html"
    #: 401, although the headers are right.
    UNAUTHORIZED = "401"
    #: No answer, and nothing is done.
    SILENCE = "silence"
    #: The connection breaks, and nothing is done.
    RESET = "reset"
    AFTER_SILENCE = "after_silence"
    AFTER_RESET = "after_reset"
    AFTER_SERVER_ERROR = "after_500"
    #: Half of the body, and the connection's end.
    AFTER_TRUNCATED = "after_truncated"
    #: JSON without most of its fields.
    AFTER_THIN = "after_thin"
    AFTER_HTML_WITH_200 = "after_html_with_200"

    @property
    def is_after(self) -> bool:
        """Whether the request is carried out first."""
        return self.name.startswith("AFTER_")


class StreamFault(StrEnum):
    """What goes wrong with a connection."""

    #: The connection breaks.
    DROP = "drop"
    #: The server closes it politely.
    CLOSE = "close"
    #: PING is answered, and nothing else is told any more.
    STALL = "stall"
    #: Nothing is said any more at all; the connection stays open.
    SILENCE = "silence"
    #: The next frame comes twice.
    DUPLICATE = "duplicate"
    #: The next two frames come in the other order.
    REORDER = "reorder"
    #: The next frame is lost.
    LOSE = "lose"
    #: A frame that is no JSON.
    GARBAGE = "garbage"
    #: A frame of a kind that nobody knows.
    UNKNOWN = "unknown"


class ChainFault(StrEnum):
    """What becomes of a matched trade instead of being mined."""

    #: It fails, for good.
    FAILED = "trade_failed"
    #: It fails, and is sent again.
    RETRIED = "trade_retried"
    #: Nothing, for long.
    LATE = "trade_late"


class EngineState(StrEnum):
    """What the matching engine takes."""

    RUNNING = "running"
    #: 425 for orders and cancels.
    RESTARTING = "restarting"
    #: Only post-only orders and cancels: what follows a restart.
    POST_ONLY = "post_only"
    CANCEL_ONLY = "cancel_only"
    DISABLED = "disabled"


class Faults(FaultQueues[Fault, StreamFault]):
    """What goes wrong at the venue, and on the chain."""

    def mining(self) -> ChainFault | None:
        """A trade of somebody's is about to be mined: what becomes of it instead."""
        return None
