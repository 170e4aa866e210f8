"""`venuekit approvals`: orders and actions that wait for a person, and deciding them."""

from __future__ import annotations

import secrets
from pathlib import Path

from cyclopts import App

from venuekit.cli.amounts import count, seconds
from venuekit.cli.approval_text import body, chapters, list_approvals, show_approval, show_story, tell
from venuekit.cli.exits import OK, REFUSED, UNAVAILABLE
from venuekit.cli.operators import known_operator, operator_name
from venuekit.cli.options import DEFAULT, Options
from venuekit.cli.output import document, say
from venuekit.cli.output import note as remark
from venuekit.cli.place import find, last_session, opened, read
from venuekit.console.outcome import outcome, shown
from venuekit.desk.decisions import decide
from venuekit.errors import InvalidValue, UnknownApproval
from venuekit.journal.story import story
from venuekit.model.action import Action, ActionStatus
from venuekit.model.order import Order, OrderStatus
from venuekit.protocols.journal import Approval, ApprovalState, Store
from venuekit.settings.check import check
from venuekit.settings.credentials import digest
from venuekit.settings.schema import DeskConfig, OperatorSettings
from venuekit.watch.clock import SystemClock
from venuekit.watch.redact import redact_text

app = App(name="approvals", help="Orders and actions that wait for a person: list, show, approve, reject, serve.")
app.command("venuekit.cli.serve:serve", name="serve", help="The operators' page and HTTP API.")
_NOT_DONE = (OrderStatus.DENIED, OrderStatus.REJECTED, ActionStatus.DENIED, ActionStatus.REJECTED)
_STATES = [s.value.lower() for s in ApprovalState]


@app.command(name="list")
async def list_(*, state: str = "pending", desk: str | None = None, limit: int = 50, options: Options = DEFAULT) -> int:
    """Approvals, newest first.

    Args:
        state: pending, approved, used, rejected, expired, void, or all.
        desk: Only this desk, such as paper:default.
        limit: How many.
    """
    if state not in ("all", *_STATES):
        raise InvalidValue(
            f"state {state[:20]!r} is none of all, {', '.join(_STATES)}.",
            field="state",
            details={"accepted": ["all", *_STATES]},
        )
    count(limit, "limit")
    wanted = () if state == "all" else (ApprovalState(state.upper()),)
    async with read(find(options)) as store:
        found = store.approvals(desk=desk, states=wanted, limit=limit)
    if options.json:
        document({"approvals": [body(a) for a in found]})
    elif not found:
        remark("Nothing waits for you." if state == "pending" else f"No approvals are {state}.")
    else:
        list_approvals(found, SystemClock().now_ns())
    return OK


@app.command
async def show(approval_id: str, /, *, options: Options = DEFAULT) -> int:
    """One approval: the exact order or call, the agent's reason, the market then, and all that happened since.

    Args:
        approval_id: As `venuekit approvals list` shows it.
    """
    async with read(find(options)) as store:
        approval = _get(store, approval_id)
        rows = story(store, approval)
    if options.json:
        document({"approval": body(approval), "story": chapters(rows)})
    else:
        show_approval(approval, SystemClock().now_ns())
        show_story(rows)
    return OK


@app.command
async def approve(
    approval_id: str,
    /,
    *,
    by: str | None = None,
    note: str = "",
    wait: float = 3.0,
    token_file: Path | None = None,
    options: Options = DEFAULT,
) -> int:
    """Let exactly this order or call go, once. A running desk checks it again on fresh data, and sends it.

    With [operators] configured it takes your token: from --token-file, VENUEKIT_OPERATOR_TOKEN, or a prompt.

    Args:
        approval_id: As `venuekit approvals list` shows it.
        by: Your name, for the journal; otherwise the operating system's user. A token says it by itself.
        note: Kept beside the decision.
        wait: Seconds to wait for what becomes of it.
        token_file: A file that only you can read, with your operator's token.
    """
    return await _decide(approval_id, ApprovalState.APPROVED, by, note, wait, token_file, options)


@app.command
async def reject(
    approval_id: str,
    /,
    *,
    by: str | None = None,
    note: str = "",
    wait: float = 3.0,
    token_file: Path | None = None,
    options: Options = DEFAULT,
) -> int:
    """Deny it; also after others approved it, as long as it was not sent.

    Args:
        approval_id: As `venuekit approvals list` shows it.
        by: Your name, for the journal; otherwise the operating system's user. A token says it by itself.
        note: Why; the agent can read it.
        wait: Seconds to wait until the desk has denied it.
        token_file: A file that only you can read, with your operator's token.
    """
    return await _decide(approval_id, ApprovalState.REJECTED, by, note, wait, token_file, options)


@app.command
def credential(name: str, /, *, options: Options = DEFAULT) -> int:
    """Make a token for an operator, and the lines of the configuration that let it decide.

    The token is shown once and kept nowhere; the configuration has only its digest.

    Args:
        name: Who decides with it, as the journal will name them.
    """
    token = secrets.token_urlsafe(32)
    who, sha256 = operator_name(name), digest(token)
    check(DeskConfig(operators={who: OperatorSettings(token_sha256=sha256)}))
    if options.json:
        document({"operator": who, "token": token, "token_sha256": sha256})
        return OK
    remark("The token, which only this person may have, and no agent and no server:")
    say(token)
    remark("Into the configuration, for the command and for every desk:")
    remark(f'\n[operators.{who}]\ntoken_sha256 = "{sha256}"')
    return OK


def _get(store: Store, approval_id: str) -> Approval:
    found = store.approval(approval_id)
    if found is None:
        raise UnknownApproval(f"No approval {approval_id[:60]!r}.", fix="See: venuekit approvals list --state all")
    return found


async def _decide(
    approval_id: str,
    verb: ApprovalState,
    by: str | None,
    text: str,
    wait: float,
    token_file: Path | None,
    options: Options,
) -> int:
    place = find(options)
    seconds(wait, "wait")
    known = known_operator(place, by, token_file)
    clock, approving = SystemClock(), verb is ApprovalState.APPROVED
    async with read(place) as store:
        _get(store, approval_id)  # nothing is made in a place where nothing was recorded
    async with opened(place) as store:
        before = _get(store, approval_id)
        if not options.json:
            show_approval(before, clock.now_ns())
        hidden = place.loaded.secrets | ({known.operator.token} - {""})
        words = redact_text(text, also=hidden)
        after = await decide(
            store, before, known.operator, proof=known.proof, approve=approving, note=words, clock=clock
        )
        running = last_session(store, before.desk).open
        found = await outcome(store, after, wait, clock) if running and wait > 0 else None
        current = _get(store, approval_id)
    if options.json:
        told = shown(found)
        document({"approval": body(current), "order": told["order"], "action": told["action"]})
    else:
        say(f"\n{verb.value} by {known.operator.name}.")
        tell(found, current, verb, running=running)
    return _code(found, current) if approving else OK


def _code(found: Order | Action | None, approval: Approval) -> int:
    """What an approval came to."""
    if found is not None and found.status in (OrderStatus.IN_DOUBT, ActionStatus.IN_DOUBT):
        return UNAVAILABLE
    stopped = approval.state in (ApprovalState.VOID, ApprovalState.EXPIRED)
    denied = found is not None and found.status in _NOT_DONE
    return REFUSED if stopped or denied else OK
