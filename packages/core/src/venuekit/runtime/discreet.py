"""A venue whose errors carry no secrets out: not to callers, logs, the journal or a frontend."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, cast

import attrs

from venuekit.errors import Detail, VenuekitError
from venuekit.model.account import Page
from venuekit.model.events import ConnectionEvent, OrderEvent
from venuekit.model.order import CancelResult, Order
from venuekit.protocols.venue import Venue
from venuekit.watch.redact import redact_text


def discreet(venue: Venue, secrets: frozenset[str]) -> Venue:
    """The same venue behind a door that cleans every error on its way out.

    `secrets` are the configuration's literal ones; what has the shape of a key or a token goes too.
    """
    return cast("Venue", _Discreet(venue, secrets))


class _Discreet:
    def __init__(self, venue: Venue, secrets: frozenset[str]) -> None:
        self._venue = venue
        self._secrets = secrets

    def __repr__(self) -> str:
        return f"<{type(self._venue).__name__}>"

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._venue, name)
        return self._guarded(found) if callable(found) else found

    def _guarded(self, method: Callable[..., Any]) -> Callable[..., Any]:
        """The method, whatever it is made of: it may answer now, later, or as a stream."""

        def call(*arguments: Any, **named: Any) -> Any:
            try:
                answer = method(*arguments, **named)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is cleaned and raised on
                told = self._told(error)
                raise told from told.__cause__
            if inspect.isawaitable(answer):
                return self._awaited(answer)
            return _Stream(answer, self._told, self._reply) if isinstance(answer, AsyncIterator) else answer

        return call

    async def _awaited(self, answer: Awaitable[Any]) -> Any:
        try:
            return self._reply(await answer)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is cleaned and raised on
            told = self._told(error)
            raise told from told.__cause__

    def _reply(self, reply: Any) -> Any:
        """An answer whose free text says nothing secret: why an order was refused, why a connection was lost."""
        if isinstance(reply, Order):
            if not (reply.status_reason or reply.reason):
                return reply
            return reply.but(status_reason=self._clean(reply.status_reason), reason=self._clean(reply.reason))
        if isinstance(reply, OrderEvent):
            order = self._reply(reply.order)
            return reply if order is reply.order else attrs.evolve(reply, order=order)
        if isinstance(reply, ConnectionEvent):
            return attrs.evolve(reply, detail=self._clean(reply.detail)) if reply.detail else reply
        if isinstance(reply, CancelResult):
            return attrs.evolve(reply, message=self._clean(reply.message)) if reply.message else reply
        if isinstance(reply, Page):
            return Page(self._reply(reply.items), reply.next_cursor)
        if isinstance(reply, VenuekitError):
            return self._told(reply)
        if isinstance(reply, list | tuple) and reply and isinstance(reply[0], Order | CancelResult | VenuekitError):
            return [self._reply(item) for item in reply]
        return reply

    def _told(self, error: Exception) -> Exception:
        """What may be raised: the error, cleaned; what has a secret in its chain leaves the chain behind."""
        if not isinstance(error, VenuekitError):
            if self._has_secret(error):
                return RuntimeError(f"{type(error).__name__} in the adapter; its words held a secret")
            return error
        error.message, error.fix = self._clean(error.message), self._clean(error.fix)
        error.details = {name: self._clean_detail(value) for name, value in error.details.items()}
        error.args = (error.message,)
        if notes := getattr(error, "__notes__", None):
            error.__notes__ = [self._clean(note) for note in notes]
        if self._has_secret(error.__cause__) or self._has_secret(error.__context__):
            error.__cause__ = error.__context__ = None
        return error

    def _has_secret(self, error: BaseException | None) -> bool:
        seen: set[int] = set()
        while error is not None and id(error) not in seen:
            seen.add(id(error))
            if self._clean(text := "\n".join([repr(error), str(error), *getattr(error, "__notes__", ())])) != text:
                return True
            error = error.__cause__ or error.__context__
        return False

    def _clean(self, text: str) -> str:
        return redact_text(text, also=self._secrets)

    def _clean_detail(self, value: Detail) -> Detail:
        if isinstance(value, str):
            return self._clean(value)
        if isinstance(value, list):
            return [self._clean(item) for item in value]
        return value


class _Stream:
    """A subscription whose end says nothing secret."""

    def __init__(
        self, stream: AsyncIterator[Any], told: Callable[[Exception], Exception], reply: Callable[[Any], Any]
    ) -> None:
        self._stream = stream
        self._told = told
        self._reply = reply

    def __aiter__(self) -> _Stream:
        return self

    async def __anext__(self) -> Any:
        try:
            return self._reply(await self._stream.__anext__())
        except StopAsyncIteration:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it is cleaned and raised on
            told = self._told(error)
            raise told from told.__cause__

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
