"""Prompts, and what their arguments and a template's variables may be."""

from __future__ import annotations

from collections.abc import Mapping

import mcp_types as mt
from mcp.shared.exceptions import MCPError

from venuekit.errors import VenuekitError
from venuekit_mcp.serving.access import Access, Context
from venuekit_mcp.serving.boundary import counted
from venuekit_mcp.serving.pages import page_of
from venuekit_mcp.surface import Call, Completer, Prompt, Publisher
from venuekit_mcp.wire import clean

_LONGEST_ARGUMENT = 500
_MOST_SUGGESTIONS = 100


class Asks:
    """The handlers of prompts/list, prompts/get and completion/complete."""

    def __init__(self, access: Access, publisher: Publisher) -> None:
        self._access = access
        self._host = access.host
        self._publisher = publisher
        self._prompts = {p.name: p for p in access.surface.prompts}

    async def list(self, _: Context, params: mt.PaginatedRequestParams | None) -> mt.ListPromptsResult:
        """Every prompt that the caller may use."""
        page, cursor = page_of(self._access.visible(self._access.surface.prompts), params)
        return mt.ListPromptsResult(
            prompts=[
                mt.Prompt(
                    name=p.name,
                    title=p.title or None,
                    description=p.description,
                    arguments=[
                        mt.PromptArgument(name=a.name, description=a.description, required=a.required)
                        for a in p.arguments
                    ],
                )
                for p in page
            ],
            next_cursor=cursor,
        )

    async def get(self, ctx: Context, params: mt.GetPromptRequestParams) -> mt.GetPromptResult | mt.InputRequiredResult:
        """A prompt, filled in."""
        prompt, caller = self._prompts.get(params.name), self._host.caller()
        arguments = dict(params.arguments or {})

        async def answer() -> mt.GetPromptResult | mt.InputRequiredResult:
            if prompt is None or not self._access.sees(caller, prompt):
                raise MCPError(mt.INVALID_PARAMS, f"Unknown prompt: {clean(params.name, 60)}")
            _check(prompt, arguments)
            call = Call(
                name=prompt.name,
                arguments=arguments,
                caller=caller,
                publisher=self._publisher,
                context=ctx,
                params=params,
            )
            value = await prompt.handler(call)
            if isinstance(value, mt.GetPromptResult | mt.InputRequiredResult):
                return value
            if isinstance(value, str):
                value = [mt.PromptMessage(role="user", content=mt.TextContent(text=value))]
            return mt.GetPromptResult(description=prompt.description, messages=list(value))

        return await counted(self._host, caller, "prompts/get", params.name, answer)

    async def complete(self, _: Context, params: mt.CompleteRequestParams) -> mt.CompleteResult:
        """What an argument may be; an argument that is not known, or not the caller's, has no suggestions."""
        completer = self._completer(params)
        given = dict(params.context.arguments or {}) if params.context else {}
        try:
            values = list(await completer(params.argument.value[:100], given)) if completer else []
        except VenuekitError:
            values = []  # completion is a courtesy: an unreachable venue suggests nothing
        return mt.CompleteResult(
            completion=mt.Completion(
                values=values[:_MOST_SUGGESTIONS], total=len(values), has_more=len(values) > _MOST_SUGGESTIONS
            )
        )

    def _completer(self, params: mt.CompleteRequestParams) -> Completer | None:
        caller, name = self._host.caller(), params.argument.name
        if isinstance(params.ref, mt.PromptReference):
            prompt = self._prompts.get(params.ref.name)
            if prompt is None or not self._access.sees(caller, prompt):
                return None
            return next((a.complete for a in prompt.arguments if a.name == name), None)
        for template in self._access.surface.templates:
            if template.uri_template == params.ref.uri and self._access.sees(caller, template):
                return template.complete.get(name)
        return None


def _check(prompt: Prompt, arguments: Mapping[str, str]) -> None:
    known = {a.name for a in prompt.arguments}
    for name, value in arguments.items():
        if name not in known or len(value) > _LONGEST_ARGUMENT:
            raise MCPError(mt.INVALID_PARAMS, f"INVALID_VALUE: {clean(name, 40)} is not an argument, or is too long.")
    for argument in prompt.arguments:
        if argument.required and not arguments.get(argument.name):
            raise MCPError(mt.INVALID_PARAMS, f"INVALID_VALUE: {argument.name} is required.")
