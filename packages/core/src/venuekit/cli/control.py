"""`venuekit halt`, `reduce-only` and `resume`: their arguments."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from venuekit.cli.options import DEFAULT, Options
from venuekit.cli.switch import Cancelling, Words, start_again, stop
from venuekit.cli.switch import reduce as let_reduce


async def halt(
    *,
    cancel_all: Annotated[bool, Parameter(negative="")] = False,
    reason: str = "",
    by: str | None = None,
    desk: str = "",
    venue: str = "",
    wait: float = 5.0,
    open_desk: Annotated[bool, Parameter(negative="")] = False,
    force: Annotated[bool, Parameter(negative="")] = False,
    options: Options = DEFAULT,
) -> int:
    """Stop trading on every desk of the store: orders are refused, cancels still go.

    Args:
        cancel_all: Also cancel every open order.
        reason: Why; agents see it beside the trading state.
        by: Your name, for the journal; otherwise the operating system's user.
        desk: Stop only this desk (venue:account).
        venue: Stop only the desks at this venue.
        wait: Seconds to wait for what the desks say of --cancel-all.
        open_desk: With --cancel-all, when the configured desk does not answer: open it here and cancel with it.
        force: With --open-desk, when its process hangs and keeps its lease: end that process first.
    """
    words = Words(by=by, reason=reason, desk=desk, venue=venue, json=options.json, config=options.config)
    return await stop(words, Cancelling(cancel_all=cancel_all, wait=wait, open_desk=open_desk, force=force))


async def reduce_only(
    *, reason: str = "", by: str | None = None, desk: str = "", venue: str = "", options: Options = DEFAULT
) -> int:
    """Let only orders go that make a position smaller, on every desk of the store; cancels go as well.

    Args:
        reason: Why; agents see it beside the trading state.
        by: Your name, for the journal; otherwise the operating system's user.
        desk: Only on this desk (venue:account).
        venue: Only on the desks at this venue.
    """
    return await let_reduce(
        Words(by=by, reason=reason, desk=desk, venue=venue, json=options.json, config=options.config)
    )


async def resume(
    *,
    by: str | None = None,
    desk: str = "",
    venue: str = "",
    token_file: Path | None = None,
    options: Options = DEFAULT,
) -> int:
    """Let orders go again on every desk of the store, also on those that were stopped by name.

    Resets the trading state, circuit breakers and the equity from which a drawdown counts. Limits, the loss of the
    day, reported figures, orders and approvals stay: a loss that is still above its limit trips again at once.

    Args:
        by: Your name, for the journal; otherwise the operating system's user.
        desk: End only what was said of this desk (venue:account), and reset its breakers.
        venue: End only what was said of this venue, and reset the breakers of its desks.
        token_file: With [operators], a file that only you can read, with your token; else it asks.
    """
    words = Words(by=by, desk=desk, venue=venue, json=options.json, config=options.config)
    return await start_again(words, token_file)
