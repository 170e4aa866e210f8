"""Whatever callers, people, the venue and crashes do in whatever order: no action is done twice, or unasked."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections import Counter
from decimal import Decimal
from pathlib import Path

from desks import Bench
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from vault import Vault, with_vault

from venuekit import errors, registry
from venuekit.desk.desk import Desk
from venuekit.model.action import Action, ActionStatus
from venuekit.protocols.approver import Mode, Operator
from venuekit.protocols.journal import ApprovalState
from venuekit.settings.schema import ApprovalSettings, DeskConfig

D = Decimal
ANN = Operator(name="ann", source="cli")
_CALLS = st.tuples(st.just("act"), st.sampled_from(["1", "2"]), st.sampled_from([None, "a", "b"]))
_PEOPLE = st.tuples(st.sampled_from(["approve", "reject"]), st.integers(0, 3), st.none())
#: What the next call comes to; once it was locked, nobody says no to it.
_BEFORE = st.tuples(
    st.just("next"), st.sampled_from(["prepare", "lock"]), st.sampled_from(["lost", "crash", "bug", "no", "down"])
)
_AFTER = st.tuples(st.just("next"), st.just("locked"), st.sampled_from(["lost", "crash", "bug"]))
_ELSE = st.tuples(
    st.sampled_from(["wait", "halt", "resume", "crash", "relabel", "silent", "expire"]), st.none(), st.none()
)
STEPS = st.lists(st.one_of(_CALLS, _CALLS, _PEOPLE, _PEOPLE, _BEFORE, _AFTER, _ELSE), min_size=4, max_size=14)
ERRORS = {
    "lost": lambda: errors.OutcomeUnknown("The line went dead."),
    "bug": lambda: ZeroDivisionError("oops"),
    "no": lambda: errors.Rejected("The vault says no."),
    "down": lambda: errors.VenueDown("The vault is closed."),
}


class World:
    """A vault that remembers everything, and one desk after the other at it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.bench = Bench(folder)
        self.vault: Vault = with_vault(self.bench, "production")
        self.config: DeskConfig = self.bench.config(approval=ApprovalSettings(require_above=D(1), max_renewals=1))
        self.crashed: DeskConfig | None = None
        self.closing = False

    async def run(self, steps: list[tuple[str, str | int | None, str | None]]) -> None:
        todo = list(steps)
        while todo:
            self.closing = False
            async with self.bench.open(self.config, mode=Mode.LIVE) as desk:
                while todo and self.crashed is None and not self.closing:
                    with contextlib.suppress(errors.VenuekitError):
                        await self.step(desk, *todo.pop(0))
                    if self.crashed is None:
                        await self.check(desk)
            if self.crashed is not None:
                self.config, self.crashed = self.crashed, None
            if self.closing:
                await self.bench.clock.advance(301)
        self.vault.answers = True
        self.bench.venue.faults.clear()
        await self.bench.clock.advance(301)
        async with self.bench.open(self.config, mode=Mode.LIVE) as desk:
            await desk.resume(by="ann")
            await self.bench.clock.advance(3)
            await self.check(desk)
            assert not [a for a in await desk.actions() if a.is_open]  # nothing is forgotten
            assert desk.store.verify().ok

    async def step(self, desk: Desk, what: str, which: str | int | None, how: str | None) -> None:
        match what:
            case "act":
                await desk.act("lock", {"amount": D(str(which))}, action_id=how)
            case "approve" | "reject":
                waiting = await desk.approvals((ApprovalState.PENDING,))
                if waiting:
                    decide = desk.approve if what == "approve" else desk.reject
                    await decide(waiting[int(which or 0) % len(waiting)].id, ANN)
            case "next":
                self.bench.venue.faults[str(which)].append(self.crash if how == "crash" else ERRORS[str(how)]())
            case "wait":
                await self.bench.clock.advance(3)
            case "expire":
                self.closing = True  # a desk that is closed lets time pass more quickly
            case "halt":
                await desk.halt(by="ann", reason="chance")
            case "resume":
                await desk.resume(by="ann")
            case "crash":
                self.crashed = self.bench.after_crash(self.config)
            case "relabel":
                self.vault.label += "!"
            case _:
                self.vault.answers = not self.vault.answers

    async def crash(self) -> None:
        """The desk's process ends here: what it does from now on has no effect on the files that are found later."""
        self.crashed = self.crashed or self.bench.after_crash(self.config)
        raise errors.OutcomeUnknown("The process is gone.")

    async def check(self, desk: Desk) -> None:
        sent = Counter(reference["receipt"] for _, reference in self.vault.calls)
        assert all(count == 1 for count in sent.values()), sent
        for action in await desk.actions(limit=1000):
            receipt = f"r-{action.id}"
            if action.status is ActionStatus.DONE:
                assert receipt in self.vault.locked
            elif action.status not in (ActionStatus.SENDING, ActionStatus.IN_DOUBT):
                assert receipt not in self.vault.locked, action
            if receipt in sent:
                assert await self.used(desk, action)

    async def used(self, desk: Desk, action: Action) -> bool:
        """Whether a person approved it, and that approval is spent."""
        assert action.approval_id is not None
        return (await desk.approval(action.approval_id)).state is ApprovalState.USED


@settings(
    max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), phases=(Phase.explicit, Phase.generate)
)
@given(STEPS)
def test_no_action_is_done_twice_or_unasked(steps: list[tuple[str, str | int | None, str | None]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        try:
            asyncio.run(World(Path(folder) / "desk").run(steps))
        finally:
            registry.unregister("scripted")
