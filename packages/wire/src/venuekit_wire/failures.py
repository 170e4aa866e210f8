"""What went wrong on a connection, for people."""

from __future__ import annotations

_MOST_TEXT = 200


def reason(error: BaseException) -> str:
    """What went wrong, in a line that is bounded and has no addresses of objects."""
    if isinstance(error, TimeoutError):
        return "it took too long"
    return (str(error).splitlines() or [""])[0][:_MOST_TEXT] or type(error).__name__
