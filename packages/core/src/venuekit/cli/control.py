"""`venuekit halt` and `venuekit resume`: the kill switch, through the store, so that it works while a desk hangs."""

from __future__ import annotations

from typing import Annotated, Any

from cyclopts import Parameter

from venuekit.cli.amounts import seconds
from venuekit.cli.exits import OK, UNAVAILABLE
from venuekit.cli.operators import operator_name
from venuekit.cli.options import DEFAULT, Options
from venuekit.cli.output import document, note, say
from venuekit.cli.place import Place, find, last_session, opened
from venuekit.cli.waiting import until
from venuekit.desk.risk.halt import RESUME_KEEPS, RESUME_RESETS, halted, resumed
from venuekit.errors import StoreInUse
from venuekit.model.codec import to_plain
from venuekit.protocols.journal import Control, Entry, EntryKind, RowQuery, Store
from venuekit.watch.clock import SystemClock
from venuekit.watch.redact import redact_text


async def halt(
    *,
    cancel_all: Annotated[bool, Parameter(negative="")] = False,
    reason: str = "",
    by: str | None = None,
    wait: float = 5.0,
    open_desk: Annotated[bool, Parameter(negative="")] = False,
    options: Options = DEFAULT,
) -> int:
    """Stop trading on every desk of the store: orders are refused, cancels still go.

    Args:
        cancel_all: Also cancel every open order.
        reason: Why; agents see it beside the trading state.
        by: Your name, for the journal; otherwise the operating system's user.
        wait: Seconds to wait for what the desks say of --cancel-all.
        open_desk: With --cancel-all, when no desk answers: open the configured desk and cancel with it.
    """
    name, place, clock = operator_name(by), find(options), SystemClock()
    text = redact_text(reason, also=place.loaded.secrets)
    seconds(wait, "wait")
    async with opened(place) as store:
        control = halted(store.control(), by=name, reason=text, cancel_all=cancel_all, now_ns=clock.now_ns())
        body = {"action": "halt", "by": name, "reason": text, "cancel_all": cancel_all}
        control = await store.set_control(control, _entry(body, name, clock.now_ns()))
        asked = [d for d in store.desks() if last_session(store, d).open] if cancel_all else []
        if not options.json:
            say(f"HALTED by {name}{f': {text}' if text else ''}. Orders are refused on every desk; cancels still go.")
        answers = await _answers(store, asked, control, wait)
    silent = [d for d in asked if d not in answers]
    in_use: StoreInUse | None = None
    if cancel_all and not answers and open_desk:
        try:
            answers, silent = await _cancel_with_a_desk(place, name, text), []
        except StoreInUse as error:
            in_use = error
    if options.json:
        refused = None if in_use is None else in_use.to_dict()
        told = {"answers": answers, "silent": silent, "refused": refused}
        document({"control": to_plain(control), "cancel_all": told})
    elif in_use:
        note(f"Nothing was canceled. {in_use}")
    elif cancel_all:
        _tell(answers, silent)
    return UNAVAILABLE if cancel_all and (silent or not answers) else OK


def _entry(body: dict[str, Any], by: str, now_ns: int) -> Entry:
    return Entry(
        kind=EntryKind.CONTROL, desk="", subject="", agent_id=by, body={**body, "source": "cli"}, time_ns=now_ns
    )


async def _answers(store: Store, desks: list[str], control: Control, wait: float) -> dict[str, str]:
    """What each desk recorded of the request, as far as they did in time."""
    found: dict[str, str] = {}

    def look() -> bool | None:
        for desk in desks:
            if desk in found:
                continue
            query = RowQuery(
                desk=desk,
                kinds=(EntryKind.SESSION,),
                subject=str(control.cancel_all_request),
                start_ns=control.since_ns,
            )
            for row in store.rows(query):
                if row.body.get("event") == "cancel_all":
                    found[desk] = str(row.body.get("message", ""))
        return True if len(found) == len(desks) else None

    await until(look, wait)
    return found


async def _cancel_with_a_desk(place: Place, by: str, reason: str) -> dict[str, str]:
    from venuekit.runtime.session import open_desk  # noqa: PLC0415 - only here a venue is needed

    async with open_desk(place.config) as desk:
        await desk.halt(by=by, reason=reason, cancel_all=True)
        rows = desk.store.rows(RowQuery(desk=desk.name, kinds=(EntryKind.SESSION,), limit=20))
        return {desk.name: next(str(r.body["message"]) for r in rows if r.body.get("event") == "cancel_all")}


def _tell(answers: dict[str, str], silent: list[str]) -> None:
    for desk, message in answers.items():
        say(f"{desk}: {message}")
    for desk in silent:
        note(f"{desk}: no answer; it was killed, or it hangs. Its orders may still be open.")
    if silent:
        note("Look at the venue, or run it again with --open-desk.")
    elif not answers:
        note("No desk is open, so nothing could be canceled. To open one and cancel with it, add --open-desk.")


async def resume(*, by: str | None = None, options: Options = DEFAULT) -> int:
    """Let orders go again on every desk of the store.

    Args:
        by: Your name, for the journal; otherwise the operating system's user.
    """
    name, place, clock = operator_name(by), find(options), SystemClock()
    async with opened(place) as store:
        before = store.control()
        body = {"action": "resume", "by": name}
        control = await store.set_control(
            resumed(before, by=name, now_ns=clock.now_ns()), _entry(body, name, clock.now_ns())
        )
    if options.json:
        document({"control": to_plain(control), "resets": list(RESUME_RESETS), "keeps": list(RESUME_KEEPS)})
        return OK
    say(f"{control.state.value} again, by {name} (was {before.state.value}).")
    say(f"Reset: {', '.join(RESUME_RESETS)}.")
    say(f"As before: {', '.join(RESUME_KEEPS)}.")
    return OK
