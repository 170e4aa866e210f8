"""What the wiring needs to know about who asks and what may be said."""

from __future__ import annotations

from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol

from venuekit.errors import VenuekitError
from venuekit.protocols.approver import Caller, Role

if TYPE_CHECKING:
    from mcp_types import LoggingLevel


class Host(Protocol):
    """The desk behind a server, as the wiring sees it."""

    @property
    def secrets(self) -> frozenset[str]:
        """Known secrets: nothing that is said may hold one."""
        ...

    def caller(self) -> Caller:
        """Who makes the request being served."""
        ...

    def envelope(self, caller: Caller) -> Mapping[str, str]:
        """What every answer names: mode, venue, environment, account."""
        ...

    async def named(self, body: dict[str, Any], arguments: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The body of an answer with aliases for ids that are too long; `arguments` are those of its call."""
        ...

    def refusal(
        self, caller: Caller, role: Role, *, trades: bool, action: str = "do this", tools: Sequence[str] = ()
    ) -> VenuekitError | None:
        """Why the caller may not do what needs this role and these tools, or None."""
        ...

    def serve(self, caller: Caller, weight: float = 1.0) -> AbstractContextManager[object]:
        """A ``with`` block around one call, which counts so much of the caller's calls a minute. Raises RateLimited."""
        ...

    async def record(
        self,
        subject: str,
        arguments: Mapping[str, Any],
        outcome: str,
        caller: Caller,
        *,
        at_once: bool = False,
        detail: str = "",
    ) -> None:
        """Keep the call in the audit: written when this returns if `at_once`, else soon. Raises JournalUnavailable."""
        ...

    async def settle(self) -> None:
        """Write what of the audit still waits. Raises JournalUnavailable."""
        ...

    def later(self, work: Coroutine[Any, Any, Any]) -> None:
        """Run `work` by the way; its failure is reported on stderr."""
        ...

    async def watch(self, uri: str, changed: Any) -> None:
        """Somebody watches `uri` now; `changed(uri)` is to be called when its body may be different."""
        ...

    async def unwatch(self, uri: str) -> None:
        """Nobody watches `uri` any more."""
        ...

    def events(self) -> AsyncIterator[tuple[LoggingLevel, str, Any]]:
        """What happens at the desk from now on, as level, name and data of a log message."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait, by the desk's clock."""
        ...

    async def open(self) -> None:
        """Called when serving begins, once a connection or once a process."""
        ...

    async def close(self) -> None:
        """Called as often as `open`."""
        ...
