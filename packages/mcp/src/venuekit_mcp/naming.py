"""Ids too long for a model to carry: answers have the aliases that lead back to them instead."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any

import anyio

from venuekit.errors import UnknownInstrument, VenuekitError
from venuekit.model.instrument import Instrument
from venuekit_mcp.wire import clean

#: What may be such an id: a Polymarket token has 78 digits, which cost a model more than a line of text.
_LONG = re.compile(r"[0-9A-Za-z]{40,}")
_NAMED_BY = ("instrument", "instruments")
#: Most lookups for one answer, and for how long it waits for them: an answer with long ids is better than none.
_MOST_LOOKUPS = 20
PATIENCE_SECONDS = 1.0
_MOST_KNOWN = 10_000


class Names:
    """The aliases of long ids, each looked up once.

    An instrument's own ``id`` stays in its row, where it is asked for; everywhere else the alias stands for it, also
    within messages. An id without an alias stays as it is, and so do strangers' texts.
    """

    def __init__(
        self, find: Callable[[str], Awaitable[Instrument]], *, patience_seconds: float = PATIENCE_SECONDS
    ) -> None:
        """`find`: an instrument by id or alias, which raises VenuekitError; it is waited for that long an answer."""
        self._find = find
        self._patience_seconds = patience_seconds
        self._aliases: dict[str, str] = {}
        self._nameless: set[str] = set()

    @staticmethod
    def concern(text: str) -> bool:
        """Whether there may be a long id in this JSON."""
        return _LONG.search(text) is not None

    async def shortened(self, body: Any, arguments: Mapping[str, Any] | None = None) -> Any:
        """The body with aliases; `arguments` name instruments, too, where the body does so only in its messages."""
        self._aliases.update(_told(body))
        with anyio.move_on_after(self._patience_seconds):
            await self._learn({name for name in _named(body) if _LONG.fullmatch(name)})
            await self._learn({name for name in _named(arguments or {}) if len(name) > 1})
        return self.known(body)

    def known(self, body: Any) -> Any:
        """The body with the aliases that are known."""
        if isinstance(body, str):
            return _LONG.sub(lambda found: self._aliases.get(found[0], found[0]), body) if self._aliases else body
        if isinstance(body, dict):
            if body.get("untrusted") is True:
                return body
            return {key: value if key == "id" else self.known(value) for key, value in body.items()}
        return [self.known(item) for item in body] if isinstance(body, list) else body

    async def _learn(self, names: set[str]) -> None:
        if len(self._aliases) + len(self._nameless) > _MOST_KNOWN:
            self._aliases.clear()
            self._nameless.clear()
        unknown = sorted(names - self._aliases.keys() - self._nameless - set(self._aliases.values()))
        for name in unknown[:_MOST_LOOKUPS]:
            try:
                found = await self._find(name)
            except UnknownInstrument:
                self._nameless.add(name)
            except VenuekitError:
                return  # the venue may answer the next time
            else:
                self._take(found)

    def _take(self, found: Instrument) -> None:
        alias = clean(found.alias or "")
        if alias and _LONG.fullmatch(found.id) and not any(c.isspace() for c in alias):
            self._aliases[found.id] = alias
        else:
            self._nameless.add(found.id)


def _told(body: Any) -> Iterator[tuple[str, str]]:
    """Long ids that stand beside their aliases in it."""
    if isinstance(body, Mapping):
        alias = body.get("alias")
        for key in ("id", "instrument"):
            name = body.get(key)
            if isinstance(alias, str) and isinstance(name, str) and _LONG.fullmatch(name):
                yield name, alias
    for item in body.values() if isinstance(body, Mapping) else body if isinstance(body, list) else ():
        if isinstance(item, Mapping | list):
            yield from _told(item)


def _named(body: Any) -> Iterator[str]:
    """What is called an instrument in it."""
    if isinstance(body, Mapping):
        for key, value in body.items():
            if key in _NAMED_BY:
                values = value if isinstance(value, list) else [value]
                yield from (one for one in values if isinstance(one, str))
            if isinstance(value, Mapping | list):
                yield from _named(value)
    elif isinstance(body, list):
        for item in body:
            yield from _named(item)
