"""On whose behalf the desk works at this moment: an agent's, or its own."""

from __future__ import annotations

from contextvars import ContextVar, Token
from types import TracebackType

from venuekit.model.identity import AgentId

_SERVED: ContextVar[AgentId] = ContextVar("venuekit_served", default="")


def served() -> AgentId:
    """The agent whose call is being served; empty for what the desk does by itself."""
    return _SERVED.get()


class Serving:
    """``with Serving(agent_id):`` what is called inside, and the tasks made there, work for that agent.

    Leave it in the task that entered it. ``Serving("")`` is for the desk's own duties.
    """

    __slots__ = ("_agent_id", "_token")

    def __init__(self, agent_id: AgentId) -> None:
        self._agent_id = agent_id

    def __enter__(self) -> object:
        self._token: Token[AgentId] = _SERVED.set(self._agent_id)
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        _SERVED.reset(self._token)
