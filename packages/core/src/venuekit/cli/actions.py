"""`venuekit actions`: what was done with venues' own tools, and settling what has no answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cyclopts import App

from venuekit.cli.amounts import count
from venuekit.cli.approval_text import chapters, show_story
from venuekit.cli.exits import OK
from venuekit.cli.operators import known_operator
from venuekit.cli.options import DEFAULT, Options
from venuekit.cli.output import document, moment, pairs, say, table
from venuekit.cli.output import note as remark
from venuekit.cli.place import find, last_session, opened, read
from venuekit.desk.settling import settle as settled
from venuekit.errors import ActionNotInDoubt, InvalidValue, UnknownAction
from venuekit.journal.story import action_story
from venuekit.model.action import DOUBTFUL_ACTIONS, Action, ActionStatus
from venuekit.model.codec import to_plain
from venuekit.protocols.journal import Store
from venuekit.watch.clock import SystemClock
from venuekit.watch.redact import redact_text

app = App(name="actions", help="What was done with venues' own tools (convert, split, redeem): list, show, settle.")
_WORDS: Mapping[str, Sequence[ActionStatus]] = {
    "all": (),
    "doubt": DOUBTFUL_ACTIONS,
    **{status.value.lower(): (status,) for status in ActionStatus},
}


@app.command(name="list")
async def list_(*, status: str = "all", desk: str | None = None, limit: int = 50, options: Options = DEFAULT) -> int:
    """Actions, newest first.

    Args:
        status: all, doubt (sent, and no answer), pending_approval, sending, done, rejected, denied or in_doubt.
        desk: Only this desk, such as coinbase:default.
        limit: How many.
    """
    if status not in _WORDS:
        raise InvalidValue(
            f"status {status[:20]!r} is none of {', '.join(_WORDS)}.",
            field="status",
            details={"accepted": list(_WORDS)},
        )
    count(limit, "limit")
    async with read(find(options)) as store:
        found = store.actions(desk=desk, statuses=_WORDS[status], limit=limit)
    if options.json:
        document({"actions": [_body(a) for a in found]})
    elif not found:
        remark("No action matches.")
    else:
        rows = [(a.id, a.status.value, a.agent_id, a.summary, a.desk, moment(a.created_ns)) for a in found]
        table(("ID", "STATUS", "AGENT", "WHAT", "DESK", "ASKED"), rows)
        if any(a.status in DOUBTFUL_ACTIONS for a in found):
            say("\nSent, and no answer: venuekit actions show ID, look at the venue, then: venuekit actions settle ID")
    return OK


@app.command
async def show(action_id: str, /, *, desk: str | None = None, options: Options = DEFAULT) -> int:
    """One action: the exact call, what the venue knows it by, its result, and all that happened.

    Args:
        action_id: As `venuekit actions list` shows it.
        desk: Its desk, where several have one of this id.
    """
    async with read(find(options)) as store:
        action = _get(store, action_id, desk)
        rows = action_story(store, action)
    if options.json:
        document({"action": _body(action), "story": chapters(rows)})
    else:
        _show(action)
        show_story(rows)
    return OK


@app.command
async def settle(
    action_id: str,
    /,
    *,
    done: bool,
    note: str = "",
    by: str | None = None,
    desk: str | None = None,
    token_file: Path | None = None,
    options: Options = DEFAULT,
) -> int:
    """Say what became of an action in doubt, after you looked at the venue yourself. Nothing is sent.

    With [operators] configured it takes your token, as approvals do.

    Args:
        action_id: As `venuekit actions list --status doubt` shows it.
        done: --done when the venue did it, --no-done when it certainly did not.
        note: How you know; kept, and agents can read it.
        by: Your name, for the journal; otherwise the operating system's user. A token says it by itself.
        desk: Its desk, where several have one of this id.
        token_file: A file that only you can read, with your operator's token.
    """
    place = find(options)
    known = known_operator(place, by, token_file)
    async with read(place) as store:
        _get(store, action_id, desk)  # nothing is made in a place where nothing was recorded
    async with opened(place) as store:
        action = _get(store, action_id, desk)
        if action.status is ActionStatus.SENDING and last_session(store, action.desk).open:
            raise ActionNotInDoubt(
                f"The action {action.id} is being sent now.", fix="Wait until its desk has an answer, or is closed."
            )
        words = redact_text(note, also=place.loaded.secrets | ({known.operator.token} - {""}))
        after = await settled(
            store, action, known.operator, proof=known.proof, done=done, note=words, clock=SystemClock()
        )
    if options.json:
        document({"action": _body(after)})
    else:
        say(f"Action {after.id} is {after.status.value}: {after.status_reason}")
    return OK


def _get(store: Store, action_id: str, desk: str | None) -> Action:
    desks = store.desks() if desk is None else [desk]
    found = [action for name in desks if (action := store.action(name, action_id)) is not None]
    if not found:
        raise UnknownAction(f"No action {action_id[:60]!r}.", fix="See: venuekit actions list", field="action_id")
    if len(found) > 1:
        names = [action.desk for action in found]
        raise InvalidValue(
            f"Several desks have an action {action_id[:60]!r}: {', '.join(names)}.",
            fix="Name one with --desk.",
            field="desk",
            details={"accepted": names},
        )
    return found[0]


def _body(action: Action) -> dict[str, Any]:
    found: dict[str, Any] = to_plain(action)
    return found


def _show(action: Action) -> None:
    pairs(
        [
            ("action", action.id),
            ("status", action.status.value + (f": {action.status_reason}" if action.status_reason else "")),
            ("what", action.summary),
            ("tool", action.tool),
            *((f"  {name}", value) for name, value in action.arguments.items() if value not in (None, "")),
            ("worth up to", "unknown" if action.worth is None else f"{action.worth:f}"),
            ("agent", action.agent_id),
            ("reason", action.reason or "none given"),
            ("desk", action.desk),
            *([("approval", action.approval_id)] if action.approval_id else []),
            *((name, value) for name, value in action.reference.items()),
            *((f"result {name}", value) for name, value in (action.result or {}).items()),
            ("asked", moment(action.created_ns)),
            ("changed", moment(action.updated_ns)),
        ]
    )
