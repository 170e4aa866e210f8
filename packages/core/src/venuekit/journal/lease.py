"""Who runs a desk, in words that are the same for every store."""

from __future__ import annotations

import os
import platform
import re
import signal

from venuekit.errors import StoreInUse
from venuekit.model.times import NANOS, iso
from venuekit.protocols.journal import Holder


def this_process() -> str:
    """How this process is named to others; PostgreSQL's list of sessions holds 63 bytes."""
    return f"venuekit {os.getpid()} on {platform.node()}"[:63]


def end_process(name: str) -> bool:
    """End the process of this name (`this_process`) at once; False if it is none of this machine, or this one."""
    words = re.fullmatch(r"venuekit (\d+) on (.*?)( at .*)?", name)
    if words is None or words[2] != platform.node()[: len(words[2])] or not words[2]:
        return False
    pid = int(words[1])
    if pid == os.getpid():
        return False
    try:
        os.kill(pid, getattr(signal, "SIGKILL", signal.SIGTERM))
    except OSError:
        return False
    return True


def in_use(desk: str, holder: Holder | None, *, hangs: str, **details: str | int) -> StoreInUse:
    """The refusal of a desk that is open already; `hangs` is what helps when its process does not answer."""
    name = holder.name if holder else "another process"
    since = f" since {iso(holder.since_ns // NANOS * NANOS)}" if holder and holder.since_ns else ""
    return StoreInUse(
        f"The desk {desk} is open already: {name} has its lease{since}.",
        fix=f"Close it there, or name another account. When that process hangs: {hangs}. Then try again.",
        details={"desk": desk, "holder": name, **details},
    )
