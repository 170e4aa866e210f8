"""What `venuekit halt`, `reduce-only` and `resume` do: through the store, so that it works while a desk hangs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs

from venuekit.cli.amounts import seconds
from venuekit.cli.exits import FAILED, OK, UNAVAILABLE
from venuekit.cli.operators import known_operator, operator_name
from venuekit.cli.output import document, note, say
from venuekit.cli.place import Place, find, known_desk, last_session, opened
from venuekit.cli.waiting import until
from venuekit.desk.risk.halt import RESUME_KEEPS, RESUME_RESETS, halted, reaches, reducing, resumed, standing
from venuekit.errors import InvalidValue, StoreInUse
from venuekit.model.codec import to_plain
from venuekit.protocols.journal import Control, Entry, EntryKind, RowQuery, Store, desk_name
from venuekit.protocols.trading import TradingState
from venuekit.watch.clock import SystemClock
from venuekit.watch.redact import redact_text

Change = Callable[[Control, int], Control]


@attrs.frozen(kw_only=True)
class Words:
    """What was said, by whom, of what: every desk of the store, one venue's, or one."""

    by: str | None = None
    reason: str = ""
    desk: str = ""
    venue: str = ""
    json: bool = False
    config: Path | None = None


@attrs.frozen(kw_only=True)
class Cancelling:
    """Whether and how every open order is canceled as well."""

    cancel_all: bool = False
    wait: float = 5.0
    open_desk: bool = False
    force: bool = False


async def stop(words: Words, cancelling: Cancelling) -> int:
    """Halt, and have every open order canceled if that is wanted; returns the exit code."""
    seconds(cancelling.wait, "wait")
    name, place, all_ = operator_name(words.by), find(words), cancelling.cancel_all
    reason = redact_text(words.reason, also=place.loaded.secrets)

    def change(before: Control, now_ns: int) -> Control:
        return halted(before, scope=scope, by=name, reason=reason, cancel_all=all_, now_ns=now_ns)

    async with opened(place) as store:
        scope = _scope(words, store, place)
        body = {"action": "halt", "by": name, "reason": reason, "cancel_all": all_}
        control = await _moved(store, change, body, scope, name)
        if not words.json:
            because = f": {reason}" if reason else ""
            say(f"HALTED by {name}{because}. Orders are refused on {_where(scope)}; cancels still go.")
        asked = [d for d in store.desks() if reaches(scope, d) and last_session(store, d).open] if all_ else []
        answers = await _answers(store, asked, control, cancelling.wait)
        silent = [d for d in asked if d not in answers]
        in_use: StoreInUse | None = None
        if all_ and cancelling.open_desk and (silent or not answers):
            own = desk_name(place.config.desk.venue, place.config.desk.account)
            try:
                if cancelling.force and own in silent:
                    await _put_out(store, own)
                if own not in answers:
                    answers |= await _cancel_with_a_desk(place, name, reason, scope)
                    silent = [d for d in silent if d not in answers]
            except StoreInUse as error:
                in_use = error
    if words.json:
        refused = None if in_use is None else in_use.to_dict()
        told = {"answers": answers, "silent": silent, "refused": refused}
        document({"control": to_plain(control), "cancel_all": told})
    else:
        _tell(answers, silent, in_use, asked=all_)
    return UNAVAILABLE if all_ and (silent or not answers) else OK


def _scope(words: Words, store: Store, place: Place) -> str:
    if words.desk and words.venue:
        raise InvalidValue("Name a desk or a venue, not both.", field="venue")
    own = place.config.desk
    known_desk(words.desk, store, own)
    venues = sorted({own.venue, *(d.partition(":")[0] for d in store.desks())})
    if words.venue and words.venue not in venues:
        raise InvalidValue(
            f"No desk of this store is at {words.venue[:60]!r}.",
            fix=f"There are: {', '.join(venues)}.",
            field="venue",
            details={"accepted": venues},
        )
    return words.desk or words.venue


def _where(scope: str) -> str:
    if not scope:
        return "every desk"
    return scope if ":" in scope else f"every desk at {scope}"


async def _moved(store: Store, change: Change, body: dict[str, Any], scope: str, by: str) -> Control:
    now_ns = SystemClock().now_ns()
    said = {**body, "source": "cli", **({"scope": scope} if scope else {})}
    entry = Entry(kind=EntryKind.CONTROL, desk="", subject="", agent_id=by, body=said, time_ns=now_ns)
    return await store.set_control(lambda before: change(before, now_ns), entry)


async def _answers(store: Store, desks: list[str], control: Control, wait: float) -> dict[str, str]:
    """What each desk recorded of the request, as far as they did in time."""
    found: dict[str, str] = {}

    def look() -> bool | None:
        for desk in desks:
            if desk in found:
                continue
            held = standing(control, desk)
            query = RowQuery(
                desk=desk,
                kinds=(EntryKind.SESSION,),
                subject=str(held.cancel_all_request),
                start_ns=held.since_ns,
            )
            for row in store.rows(query):
                if row.body.get("event") == "cancel_all":
                    found[desk] = str(row.body.get("message", ""))
        return True if len(found) == len(desks) else None

    await until(look, wait)
    return found


async def _put_out(store: Store, desk: str) -> None:
    """End the process that has the desk and does not answer."""
    ended = await store.evict(desk)
    if ended is not None:
        note(f"{desk}: {ended.name} did not answer, and was ended by force.")


async def _cancel_with_a_desk(place: Place, by: str, reason: str, scope: str) -> dict[str, str]:
    from venuekit.runtime.session import open_desk  # noqa: PLC0415 - only here a venue is needed

    async with open_desk(place.config) as desk:
        await desk.halt(by=by, reason=reason, cancel_all=True, scope=scope)
        rows = desk.store.rows(RowQuery(desk=desk.name, kinds=(EntryKind.SESSION,), limit=20))
        return {desk.name: next(str(r.body["message"]) for r in rows if r.body.get("event") == "cancel_all")}


def _tell(answers: dict[str, str], silent: list[str], in_use: StoreInUse | None, *, asked: bool) -> None:
    for desk, message in answers.items():
        say(f"{desk}: {message}")
    for desk in silent:
        note(f"{desk}: no answer; it was killed, or it hangs. Its orders may still be open.")
    if in_use:
        note(f"Nothing was canceled. {in_use}")
        note("To end that process and cancel with a desk of its own, add --force.")
    elif silent:
        note("Look at the venue, or run it again with --open-desk; with --force as well where the process hangs.")
    elif asked and not answers:
        note("No desk is open, so nothing could be canceled. To open one and cancel with it, add --open-desk.")


async def reduce(words: Words) -> int:
    """Let only orders go that make a position smaller; returns the exit code."""
    name, place = operator_name(words.by), find(words)
    reason = redact_text(words.reason, also=place.loaded.secrets)

    def change(before: Control, now_ns: int) -> Control:
        return reducing(before, scope=scope, by=name, reason=reason, now_ns=now_ns)

    async with opened(place) as store:
        scope = _scope(words, store, place)
        control = await _moved(store, change, {"action": "reduce", "by": name, "reason": reason}, scope, name)
    if words.json:
        document({"control": to_plain(control)})
        return OK
    because = f": {reason}" if reason else ""
    say(f"REDUCING by {name}{because}. On {_where(scope)} only orders go that make a position smaller; cancels too.")
    return OK


async def start_again(words: Words, token_file: Path | None) -> int:
    """Resume, and say what that did and did not reset; returns the exit code."""
    place = find(words)
    name = known_operator(place, words.by, token_file).operator.name

    def change(before: Control, now_ns: int) -> Control:
        return resumed(before, scope=scope, by=name, now_ns=now_ns)

    async with opened(place) as store:
        scope = _scope(words, store, place)
        before = store.control()
        body = {"action": "resume", "by": name, "resets": RESUME_RESETS, "keeps": RESUME_KEEPS}
        control = await _moved(store, change, body, scope, name)
        desks = [d for d in store.desks() if reaches(scope, d)]
    stopped = [d for d in desks or [scope] if standing(control, d).state is not TradingState.ACTIVE]
    code = FAILED if stopped else OK
    if words.json:
        document({"control": to_plain(control), "resets": RESUME_RESETS, "keeps": RESUME_KEEPS, "stopped": stopped})
        return code
    was = before.scopes[scope].state if scope in before.scopes else before.state if not scope else TradingState.ACTIVE
    say(f"ACTIVE again, by {name} (was {was.value}){f', {_where(scope)}' if scope else ''}.")
    for ended in sorted(n for n, h in before.scopes.items() if not scope and h.state is not TradingState.ACTIVE):
        say(f"That ends also what was said of {_where(ended)} ({before.scopes[ended].state.value}).")
    say(f"Reset: {', '.join(RESUME_RESETS)}.")
    say(f"As before: {', '.join(RESUME_KEEPS)}.")
    for desk in stopped:
        held = standing(control, desk)
        note(f"{_where(desk)} is still {held.state.value}, because more than it was stopped (by {held.by}).")
    return code
