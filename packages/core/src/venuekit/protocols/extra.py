"""A venue's own tools: what an adapter declares of each, so that the core can gate, ask about, record and follow it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import attrs

from venuekit.errors import InvalidValue
from venuekit.model.identity import PAPER

#: Arguments that the core adds to every action; a tool's own may not be called the same.
ACTION_ARGUMENTS = ("action_id", "reason")


@attrs.frozen(kw_only=True)
class Explained:
    """What one call would do, in words for the person who decides, and what it is worth.

    `sentence` is one line of plain text, and says nothing that changes by itself, such as a time or a live price: when
    it reads otherwise after the approval, the approval is void and is asked for anew. `worth` is the most that the call
    moves or risks, in units of `currency`; None is unknown, and above every threshold. `instruments` are the ids that
    it touches: grants and hours are looked up for them. `reduces` is set for what only takes back what is held, such
    as redeeming: it goes while only reducing orders do.
    """

    sentence: str
    worth: Decimal | None = None
    currency: str = ""
    instruments: Sequence[str] = ()
    reduces: bool = False


@attrs.frozen(kw_only=True)
class Extra:
    """A venue's own read or action, beyond the protocols, offered to frontends as a tool of a toolset.

    `arguments` and `result` are attrs classes whose fields carry ``metadata={"doc": ...}``; the frontend
    makes schemas of them. `call` gets the venue and an instance of `arguments`, and returns `result`; it and the
    functions below may be ordinary or async.

    One that changes something sets `mutates`, and is an *action*: it needs the trader role and a mode that trades, a
    person's approval as an order does, and in live mode always; it is durable before it is sent, and is sent once.
    What `call` raises says what became of it: `Rejected` and `UsageError`, the venue said no; `Refused` and
    `Unavailable`, nothing was sent; everything else, an `OutcomeUnknown` first of all, leaves it in doubt. It never
    tries again by itself. Two actions may be under way at once.
    """

    name: str
    toolset: str
    title: str
    description: str
    arguments: type[Any]
    result: type[Any]
    call: Callable[..., Any]
    mutates: bool = False
    #: It moves the simulation and nobody's money, such as the time of a paper market: nobody is asked. Only believed
    #: where the venue's environment is ``paper``.
    simulates: bool = False
    #: ``(venue, arguments)``: what the call would do. Asked before a person is, and once more before it is sent; it may
    #: raise what `call` raises, and then nobody is asked. Without it, the title and arguments are shown.
    explain: Callable[[Any, Any], Explained | Awaitable[Explained]] | None = None
    #: ``(venue, arguments, action_id)``: what this one call will be known by at the venue, such as a nonce or a digest;
    #: made just before it is sent, and durable by then. `call` gets it as a third argument. What it raises, nothing
    #: was sent; it may be made anew, and one that was made may not be used.
    prepare: Callable[[Any, Any, str], Mapping[str, str] | Awaitable[Mapping[str, str]]] | None = None
    #: ``(venue, arguments, reference)``: what became of a call in doubt. Its result when it was done, None while that
    #: cannot be said; raises `Rejected` when it certainly was not. `reference` is what `prepare` gave, and the
    #: `details` of an `OutcomeUnknown`.
    find_out: Callable[[Any, Any, Mapping[str, str]], Any] | None = None
    #: How long an action may take, until it counts as one without an answer.
    patience_seconds: float = 60.0

    def __attrs_post_init__(self) -> None:
        names = {field.name for field in attrs.fields(self.arguments)} if attrs.has(self.arguments) else set()
        if self.mutates and (taken := sorted(names.intersection(ACTION_ARGUMENTS))):
            raise InvalidValue(f"{self.name} has an argument that every action has: {taken[0]}.", field=taken[0])

    def acts(self, environment: str) -> bool:
        """Whether a call of it is an action at a venue of this environment: asked about, recorded, done once."""
        return self.mutates and not (self.simulates and environment == PAPER)
