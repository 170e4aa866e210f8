"""Calls a minute of each agent, counted in one place for whatever way they come in."""

from __future__ import annotations

from types import TracebackType

import attrs

from venuekit.desk.serving import Serving, served
from venuekit.errors import RateLimited
from venuekit.model.identity import AgentId
from venuekit.protocols.approver import Caller
from venuekit.protocols.clock import Clock
from venuekit.settings.schema import DeskConfig

_MINUTE_NS = 60_000_000_000


@attrs.frozen(kw_only=True)
class CallAllowance:
    """How many calls an agent may make in a minute, and how many it could make now, one after another."""

    per_minute: int
    left: int


class Admission:
    """A bucket an agent: it holds a minute's calls and refills evenly.

    What the program itself does, without naming a caller, is not counted.
    """

    def __init__(self, config: DeskConfig, clock: Clock, own: Caller) -> None:
        self._general = config.pace.agent_calls_per_minute
        self._agents = config.agents
        self._clock = clock
        self._own = own
        self._buckets: dict[AgentId, tuple[int, float]] = {}

    def serve(self, caller: Caller | None, *, weight: float = 1.0) -> Served:
        """A ``with`` block around one call, which is counted unless it is a part of one that is being served.

        Inside, the desk works for that caller: its calls to the venue have their turn among other agents'. A frontend
        puts it around every call that it serves. `weight` is what the call counts; 0 for one that must always go.

        Raises:
            RateLimited: the agent has used up its calls; says when the next one may come.
        """
        if caller is None:
            return Served(self._own)
        if weight and served() != caller.agent_id:
            self._count(caller.agent_id, weight)
        return Served(caller)

    def allowance(self, caller: Caller) -> CallAllowance:
        """What is left to an agent; looking costs nothing."""
        most, _, left = self._now(caller.agent_id)
        return CallAllowance(per_minute=most, left=int(left + 1e-9))

    def _now(self, agent_id: AgentId) -> tuple[int, int, float]:
        agent = self._agents.get(agent_id)
        most = self._general if agent is None or agent.calls_per_minute is None else agent.calls_per_minute
        now = self._clock.monotonic_ns()
        then, left = self._buckets.get(agent_id, (now, float(most)))
        return most, now, min(float(most), left + (now - then) * most / _MINUTE_NS)

    def _count(self, agent_id: AgentId, weight: float) -> None:
        most, now, left = self._now(agent_id)
        if left + 1e-9 < weight:
            raise RateLimited(
                f"{agent_id} has made its {most} calls a minute. Cancels still go.",
                retry_after=max(0.001, (weight - left) * 60 / most),
            )
        self._buckets[agent_id] = (now, left - weight)


class Served(Serving):
    """The block that `Admission.serve` gives; it yields who is served."""

    __slots__ = ("_caller",)

    def __init__(self, caller: Caller) -> None:
        super().__init__(caller.agent_id)
        self._caller = caller

    def __enter__(self) -> Caller:
        super().__enter__()
        return self._caller

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
