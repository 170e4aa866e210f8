"""A surface is what a server offers, as data with handlers: tools, resources, templates, prompts, completions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import attrs

from venuekit.errors import InternalError
from venuekit.protocols.approver import Caller, Role

if TYPE_CHECKING:
    from mcp.server.context import ServerRequestContext

Schema = Mapping[str, Any]


class Publisher(Protocol):
    """How a handler tells clients that something changed, in whichever protocol era they speak."""

    async def resource_updated(self, uri: str) -> None:
        """The resource at `uri` has a new body."""
        ...

    async def tools_changed(self) -> None:
        """The list of tools changed; only a surface with `lists_change` may say so."""
        ...

    async def prompts_changed(self) -> None:
        """The list of prompts changed."""
        ...

    async def resources_changed(self) -> None:
        """The list of resources changed."""
        ...


@attrs.frozen(kw_only=True)
class Call:
    """One request that a handler answers.

    `arguments` is an instance of the tool's attrs class, or the raw mapping where the tool has a raw schema; for a
    resource template its variables, for a prompt its arguments as text. `context` is the SDK's own
    ``ServerRequestContext`` (session, request id, protocol version), and `params` the SDK's request parameters with
    `input_responses` and `request_state`: most handlers need neither.
    """

    name: str
    arguments: Any
    caller: Caller
    publisher: Publisher
    context: ServerRequestContext[Any, Any]
    params: Any = None


#: A handler returns attrs values or JSON-ready mappings, or an ``mcp_types`` result, which goes out unchanged.
Handler = Callable[[Call], Awaitable[Any]]
#: Values that an argument may have, given what was typed so far.
Completer = Callable[[str, Mapping[str, str]], Awaitable[Sequence[str]]]


@attrs.frozen(kw_only=True)
class Tool:
    """One tool.

    `arguments` is an attrs class whose fields carry ``metadata={"doc": ...}``, or a JSON Schema taken as it is.
    `result` is an attrs class or a JSON Schema (the structured content is checked against it), or None for a tool
    that returns content only. A tool is listed for callers whose role includes `role`, and, when it `trades`, only
    in a mode that trades.
    """

    name: str
    title: str = ""
    description: str
    arguments: type[Any] | Schema = attrs.Factory(lambda: {"type": "object"})
    result: type[Any] | Schema | None = None
    handler: Handler
    role: Role = Role.VIEWER
    trades: bool = False
    read_only: bool = True
    destructive: bool = False
    idempotent: bool = True
    open_world: bool = True
    #: False where it would always be refused: it can still be called, so that the refusal says why.
    listed: bool = True
    #: Charged against the caller's calls a minute, and written to the audit.
    counted: bool = True
    #: How many calls it counts: 0 for what must always go, such as a cancel.
    weight: float = 1.0
    meta: Mapping[str, Any] | None = None
    #: The tool by whose grant it may be used, where that has another name.
    stands_for: str = ""

    @property
    def needs(self) -> Sequence[str]:
        """The tools that a caller must have been granted."""
        return (self.stands_for or self.name,)


@attrs.frozen(kw_only=True)
class Resource:
    """One resource. The handler returns a mapping (sent as JSON), text, bytes, or a ``ReadResourceResult``."""

    uri: str
    name: str
    title: str = ""
    description: str = ""
    mime_type: str = "application/json"
    handler: Handler
    role: Role = Role.VIEWER
    #: How many of the caller's calls a minute a reading counts.
    weight: float = 1.0
    #: The tools that tell the same.
    tools: Sequence[str] = ()

    @property
    def needs(self) -> Sequence[str]:
        """What a caller must have been granted: all those tools; where there are none, one of this name."""
        return self.tools or (self.name,)


@attrs.frozen(kw_only=True)
class Template:
    """A family of resources, RFC 6570; `complete` maps a variable to what it may be."""

    uri_template: str
    name: str
    title: str = ""
    description: str = ""
    mime_type: str = "application/json"
    handler: Handler
    role: Role = Role.VIEWER
    weight: float = 1.0
    complete: Mapping[str, Completer] = attrs.Factory(dict)
    #: The tools that tell the same.
    tools: Sequence[str] = ()

    @property
    def needs(self) -> Sequence[str]:
        """What a caller must have been granted: all those tools; where there are none, one of this name."""
        return self.tools or (self.name,)


@attrs.frozen(kw_only=True)
class PromptArgument:
    """One argument of a prompt; always text."""

    name: str
    description: str
    required: bool = False
    complete: Completer | None = None


@attrs.frozen(kw_only=True)
class Prompt:
    """A prompt. The handler returns text (one user message), ``PromptMessage`` values, or a ``GetPromptResult``."""

    name: str
    title: str = ""
    description: str
    arguments: Sequence[PromptArgument] = ()
    handler: Handler
    role: Role = Role.VIEWER
    #: The tools that tell the same.
    tools: Sequence[str] = ()

    @property
    def needs(self) -> Sequence[str]:
        """What a caller must have been granted: all those tools; where there are none, one of this name."""
        return self.tools or (self.name,)


@attrs.frozen(kw_only=True)
class Surface:
    """What a server offers. `lists_change` is set only where tools, resources or prompts really come and go."""

    tools: Sequence[Tool] = ()
    resources: Sequence[Resource] = ()
    templates: Sequence[Template] = ()
    prompts: Sequence[Prompt] = ()
    lists_change: bool = False
    #: Its tools send log messages in the newest revision too, which deprecates them.
    logging: bool = False

    def merged(self, *others: Surface | None) -> Surface:
        """This surface and the others as one.

        Raises:
            InternalError: two of them use the same name or address.
        """
        parts = [self, *(other for other in others if other is not None)]
        whole = Surface(
            tools=tuple(t for p in parts for t in p.tools),
            resources=tuple(r for p in parts for r in p.resources),
            templates=tuple(t for p in parts for t in p.templates),
            prompts=tuple(q for p in parts for q in p.prompts),
            lists_change=any(p.lists_change for p in parts),
            logging=any(p.logging for p in parts),
        )
        for what, names in (
            ("tool", [t.name for t in whole.tools]),
            ("resource", [r.uri for r in whole.resources]),
            ("template", [t.uri_template for t in whole.templates]),
            ("prompt", [q.name for q in whole.prompts]),
        ):
            twice = sorted({n for n in names if names.count(n) > 1})
            if twice:
                raise InternalError(f"Two {what}s have the name {', '.join(twice)}.")
        return whole
