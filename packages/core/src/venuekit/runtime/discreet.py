"""A venue whose errors carry no secrets out: not to callers, logs, the journal or a frontend."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, cast

from venuekit.errors import Detail, VenuekitError
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
        #: Methods as found at the venue, and as given out.
        self._guards: dict[str, tuple[Any, Any]] = {}

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._venue, name)
        if not callable(found):
            return found
        known = self._guards.get(name)
        if known is None or known[0] != found:
            known = self._guards[name] = (found, self._guard(name, found))
        return known[1]

    def _guard(self, name: str, found: Callable[..., Any]) -> Callable[..., Any]:
        if inspect.iscoroutinefunction(found):
            return self._guarded(found)
        return self._subscribed(found) if name == "subscribe" else found

    def _guarded(self, method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def call(*arguments: Any, **named: Any) -> Any:
            try:
                return await method(*arguments, **named)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is cleaned and raised on
                told = self._told(error)
                raise told from told.__cause__

        return call

    def _subscribed(self, subscribe: Callable[..., AsyncIterator[Any]]) -> Callable[..., AsyncIterator[Any]]:
        def call(*arguments: Any, **named: Any) -> AsyncIterator[Any]:
            try:
                return _Stream(subscribe(*arguments, **named), self._told)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is cleaned and raised on
                told = self._told(error)
                raise told from told.__cause__

        return call

    def _told(self, error: Exception) -> Exception:
        """What may be raised: the error, cleaned; what has a secret in its chain leaves the chain behind."""
        if not isinstance(error, VenuekitError):
            if self._has_secret(error):
                return RuntimeError(f"{type(error).__name__} in the adapter; its words held a secret")
            return error
        error.message, error.fix = self._clean(error.message), self._clean(error.fix)
        error.details = {name: self._clean_detail(value) for name, value in error.details.items()}
        error.args = (error.message,)
        if self._has_secret(error.__cause__) or self._has_secret(error.__context__):
            error.__cause__ = error.__context__ = None
        return error

    def _has_secret(self, error: BaseException | None) -> bool:
        while error is not None:
            if self._clean(text := repr(error)) != text:
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

    def __init__(self, stream: AsyncIterator[Any], told: Callable[[Exception], Exception]) -> None:
        self._stream = stream
        self._told = told

    def __aiter__(self) -> _Stream:
        return self

    async def __anext__(self) -> Any:
        try:
            return await self._stream.__anext__()
        except StopAsyncIteration:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it is cleaned and raised on
            told = self._told(error)
            raise told from told.__cause__

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
