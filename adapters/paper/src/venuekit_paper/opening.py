"""Opening an account's exchange: its own file, or where that is allowed the next free account's."""

from __future__ import annotations

import logging
from pathlib import Path

from venuekit.adapter import StoreInUse, Unavailable, checked_name
from venuekit_paper.config import PaperOptions
from venuekit_paper.engine import Engine

log = logging.getLogger("venuekit.paper")

#: How many accounts `on_locked = "next"` tries, the first included.
ACCOUNTS_TRIED = 20


def open_engine(options: PaperOptions, folder: Path, account: str, begin_ns: int) -> Engine:
    """The exchange of `account`, begun at `begin_ns` or gone on with where it was left.

    Raises:
        InvalidValue: the account's name could not name a file.
        StoreInUse: another process has the account open, and `on_locked` does not allow another one.
        Unavailable: the file cannot be read or written.
    """
    first = checked_name(account, field="account")
    if not options.persist:
        return Engine(options, first, None, begin_ns)
    names = [first]
    if options.on_locked == "next":
        names += [f"{first}-{number}" for number in range(2, ACCOUNTS_TRIED + 1)]
    for name in names:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            engine = Engine(options, name, folder / f"{name.replace(':', '%3A')}.sqlite3", begin_ns)
        except StoreInUse:
            if name == names[-1]:
                raise
            continue
        except OSError as error:
            raise Unavailable(
                f"The paper exchange cannot keep its files in {folder}: {error.strerror}.",
                fix="Choose a data folder that you may write, or set persist = false under [venues.paper].",
                details={"path": str(folder)},
            ) from error
        if name != first:
            log.warning("Account %s is open in another process; using %s.", first, name)
        return engine
    raise AssertionError("the last name returns or raises")
