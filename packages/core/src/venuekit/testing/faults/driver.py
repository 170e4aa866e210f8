"""Callers, operators and other processes: does what a schedule says, and keeps what each was told."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

import attrs

from venuekit.desk.decisions import decide
from venuekit.desk.risk.halt import resumed
from venuekit.errors import JournalUnavailable, Refused, Rejected, Unavailable, VenuekitError
from venuekit.model.instrument import Instrument
from venuekit.model.intent import OrderRequest
from venuekit.model.order import Order
from venuekit.protocols.approver import Operator
from venuekit.protocols.journal import Approval, ApprovalState, Control, Entry, EntryKind, RowQuery
from venuekit.protocols.risk import TradingState
from venuekit.testing.faults.orders import make_request, tradable
from venuekit.testing.faults.points import Action, Crash
from venuekit.testing.faults.schedule import Op, Step
from venuekit.testing.faults.world import World

_ANN = Operator(name="ann", source="chaos")
_PENDING = (ApprovalState.PENDING,)


class Driver:
    """Carries out the steps of one schedule, over all lives of the desk."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._instruments: Sequence[Instrument] = ()
        #: Requests that were made, whatever became of them; those with ids are repeated under the same id.
        self._asked: list[OrderRequest] = []
        self._calls: list[asyncio.Task[None]] = []
        self._do: dict[Op, Callable[[Step], Awaitable[None]]] = {
            Op.SUBMIT: self._submit,
            Op.REPEAT: self._repeat,
            Op.REUSE: self._reuse,
            Op.RESEND: self._resend,
            Op.CANCEL: self._cancel,
            Op.CANCEL_ALL: self._cancel_all,
            Op.AMEND: self._amend,
            Op.APPROVE: self._approve,
            Op.REJECT: self._reject,
            Op.HALT: self._halt,
            Op.RESUME: self._resume,
            Op.APPROVE_ELSEWHERE: self._approve_elsewhere,
            Op.HALT_ELSEWHERE: self._halt_elsewhere,
            Op.RESUME_ELSEWHERE: self._resume_elsewhere,
            Op.RECONCILE: self._reconcile,
            Op.WAIT: self._wait,
            Op.STEP_CLOCK: self._step_clock,
            Op.CUT_STREAMS: self._cut_streams,
            Op.CANCEL_ELSEWHERE: self._cancel_elsewhere,
            Op.RESTART_VENUE: self._restart_venue,
            Op.REOPEN: self._reopen,
        }

    async def run(self) -> None:
        """Every step, with a new life of the desk after each end."""
        world = self._world
        self._instruments = await tradable(world.truth, chosen=world.site.on_a_wire)
        await world.start()
        for number, step in enumerate(world.schedule.steps):
            await self.revive()
            world.points.trace.append(f"{world.now():.6f} step {number} {step}")
            await self._do[step.op](step)
            await asyncio.sleep(step.gap)
        await self.revive()

    async def revive(self) -> None:
        """Begin a new life if the last one has ended."""
        while self._world.life.over:
            await self._world.bury()
            await self._world.start()

    # -- calls, each in a task of the life that it is made in

    def _call(self, step: Step, work: Coroutine[Any, Any, None]) -> None:
        task = self._world.in_life(self._heard(work))
        self._calls.append(task)
        if step.gives_up is not None:
            asyncio.get_running_loop().call_later(step.gives_up, self._give_up, task)

    def _give_up(self, task: asyncio.Task[None]) -> None:
        if not task.done():
            self._happened(Action.GIVE_UP)
            task.cancel()

    async def _heard(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except VenuekitError as error:
            self._world.points.trace.append(f"{self._world.now():.6f} refused {error.code} {error.order_id or ''}")
        except (Crash, asyncio.CancelledError):
            raise
        except Exception as error:  # noqa: BLE001 - whatever else a caller is told is a finding
            self._world.ledger.broken(f"a caller was told {type(error).__name__}: {error}")

    def _told(self, order: Order) -> None:
        """A caller was answered: what it was told must be durable already."""
        world = self._world
        world.life.check()
        world.ledger.order(order)
        assert world.store is not None
        query = RowQuery(desk=world.name, subject=order.id, kinds=(EntryKind.INTENT, EntryKind.ORDER), limit=100)
        told = (order.status.value, order.filled_size)
        rows = [
            (r.body["status"], type(order.filled_size)(r.body["filled_size"])) for r in world.store.inner.rows(query)
        ]
        if told not in rows:
            world.ledger.broken(f"{order.id} was acknowledged as {told[0]}, and the journal has {rows[:1]}")

    async def _submit(self, step: Step) -> None:
        order_id = f"c{len(self._asked)}-{step.pick}" if step.named else None
        await self._send(step, await make_request(self._world.truth, self._instruments, step, order_id))

    async def _send(self, step: Step, request: OrderRequest) -> None:
        self._asked.append(request)
        desk = self._world.desk

        async def work() -> None:
            try:
                self._told(await desk.submit(request))
            except (Refused, Rejected, Unavailable) as error:
                if request.client_order_id is not None and not isinstance(error, JournalUnavailable):
                    self._world.life.check()
                    self._world.ledger.note("refusal", request.client_order_id, error.code)
                raise

        self._call(step, work())

    def _earlier(self, step: Step, *, named: bool = False) -> OrderRequest | None:
        known = [r for r in self._asked if r.client_order_id is not None] if named else self._asked
        return known[-1 - step.pick % min(4, len(known))] if known else None

    async def _repeat(self, step: Step) -> None:
        request = self._earlier(step, named=True)
        if request is not None:
            await self._send(step, request)

    async def _reuse(self, step: Step) -> None:
        request = self._earlier(step, named=True)
        if request is not None and request.size is not None:
            await self._send(step, attrs.evolve(request, size=request.size * 2))
            self._asked.pop()

    async def _resend(self, step: Step) -> None:
        request = self._earlier(step)
        if request is not None:
            await self._send(step, attrs.evolve(request, client_order_id=None))

    async def _live_id(self, step: Step) -> str | None:
        live = [o.id for o in await self._world.desk.open_orders()]
        return live[step.pick % len(live)] if live else None

    async def _cancel(self, step: Step) -> None:
        desk, order_id = self._world.desk, await self._live_id(step)

        async def work() -> None:
            if order_id is not None:
                self._told(await desk.cancel(order_id))

        self._call(step, work())

    async def _cancel_all(self, step: Step) -> None:
        desk = self._world.desk

        async def work() -> None:
            await desk.cancel_all()

        self._call(step, work())

    async def _amend(self, step: Step) -> None:
        desk, order_id = self._world.desk, await self._live_id(step)

        async def work() -> None:
            if order_id is None:
                return
            order = await desk.order(order_id)
            if order.size is not None:
                self._told(await desk.amend(order_id, size=order.size * 2))

        self._call(step, work())

    # -- operators

    def _pending(self, step: Step) -> Approval | None:
        assert self._world.store is not None
        waiting = self._world.store.inner.approvals(desk=self._world.name, states=_PENDING)
        return waiting[step.pick % len(waiting)] if waiting else None

    async def _approve(self, step: Step) -> None:
        desk, approval = self._world.desk, self._pending(step)

        async def work() -> None:
            if approval is not None and isinstance(told := await desk.approve(approval.id, _ANN), Order):
                self._told(told)

        self._call(step, work())

    async def _reject(self, step: Step) -> None:
        desk, approval = self._world.desk, self._pending(step)

        async def work() -> None:
            if approval is not None:
                self._world.ledger.approval(await desk.reject(approval.id, _ANN))

        self._call(step, work())

    async def _halt(self, step: Step) -> None:
        desk = self._world.desk

        async def work() -> None:
            await desk.halt(by="ann", reason="chaos", cancel_all=step.large)

        self._call(step, work())

    async def _resume(self, step: Step) -> None:
        desk = self._world.desk

        async def work() -> None:
            await desk.resume(by="ann")

        self._call(step, work())

    # -- other processes on the same store

    async def _elsewhere(self, work: Callable[[Any], Awaitable[None]]) -> None:
        store = self._world.open_store()
        with contextlib.suppress(VenuekitError):
            await work(store)
        await store.close()

    async def _approve_elsewhere(self, step: Step) -> None:
        approval = self._pending(step)

        async def work(store: Any) -> None:
            if approval is not None:
                clock, bob = self._world.clock, Operator(name="bob", source="cli")
                after = await decide(store, approval, bob, proof="os user", approve=True, note="", clock=clock)
                self._world.ledger.approval(after)

        await self._elsewhere(work)

    async def _control(self, state: TradingState) -> None:
        async def work(store: Any) -> None:
            now_ns = self._world.clock.now_ns()

            def change(before: Control) -> Control:
                if state is TradingState.ACTIVE:
                    return resumed(before, by="bob", now_ns=now_ns)
                return attrs.evolve(before, state=state, reason="chaos", by="bob", since_ns=now_ns)

            body = {"action": state.value.lower(), "by": "bob"}
            entry = Entry(kind=EntryKind.CONTROL, desk="", subject="", agent_id="bob", body=body, time_ns=now_ns)
            await store.set_control(change, entry)

        await self._elsewhere(work)

    async def _halt_elsewhere(self, _: Step) -> None:
        await self._control(TradingState.HALTED)
        self._world.sending.halted_elsewhere_at = self._world.now()

    async def _resume_elsewhere(self, _: Step) -> None:
        await self._control(TradingState.ACTIVE)

    # -- what happens by itself

    async def _reconcile(self, step: Step) -> None:
        desk = self._world.desk

        async def work() -> None:
            with contextlib.suppress(ValueError):  # the adapter's bug, which the session would log
                await desk.reconcile()

        self._call(step, work())

    async def _wait(self, step: Step) -> None:
        await asyncio.sleep(step.seconds)

    async def _step_clock(self, step: Step) -> None:
        self._happened(Action.STEP)
        self._world.step_clock(step.seconds)

    async def _cut_streams(self, step: Step) -> None:
        self._happened(await self._world.site.cut_streams(step.pick) or Action.OFFLINE)

    async def _cancel_elsewhere(self, step: Step) -> None:
        """On the venue's website, say; often just when the streams are lost that would tell of it."""
        if not step.named:
            await self._cut_streams(step)
        await self._world.truth.cancel_all()

    def _happened(self, action: str) -> None:
        self._world.points.happened(action, self._world.now())

    async def _restart_venue(self, step: Step) -> None:
        self._happened(Action.RESTART)
        await self._world.site.restart((step.pick % 5) / 4)

    async def _reopen(self, _: Step) -> None:
        await self._world.close_desk()
        await self._world.start()
