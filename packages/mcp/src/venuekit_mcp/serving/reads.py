"""Resources and their templates: listed for those who may read them, and read."""

from __future__ import annotations

import base64
from typing import Any

import mcp_types as mt
from mcp.shared.exceptions import MCPError

from venuekit.protocols.approver import Caller
from venuekit_mcp.naming import Names
from venuekit_mcp.results import bounded, json_text
from venuekit_mcp.serving.access import Access, Context
from venuekit_mcp.serving.boundary import counted
from venuekit_mcp.serving.pages import page_of
from venuekit_mcp.surface import Call, Publisher, Resource, Template
from venuekit_mcp.wire import clean, wire


class Reads:
    """The handlers of resources/list, resources/templates/list and resources/read."""

    def __init__(self, access: Access, publisher: Publisher) -> None:
        self._access = access
        self._host = access.host
        self._publisher = publisher

    async def list(self, _: Context, params: mt.PaginatedRequestParams | None) -> mt.ListResourcesResult:
        """Every resource that the caller may read."""
        page, cursor = page_of(self._access.visible(self._access.surface.resources), params)
        return mt.ListResourcesResult(
            resources=[
                mt.Resource(
                    uri=r.uri,
                    name=r.name,
                    title=r.title or None,
                    description=r.description or None,
                    mime_type=r.mime_type,
                )
                for r in page
            ],
            next_cursor=cursor,
        )

    async def templates(self, _: Context, params: mt.PaginatedRequestParams | None) -> mt.ListResourceTemplatesResult:
        """Every family of resources that the caller may read."""
        page, cursor = page_of(self._access.visible(self._access.surface.templates), params)
        return mt.ListResourceTemplatesResult(
            resource_templates=[
                mt.ResourceTemplate(
                    uri_template=t.uri_template,
                    name=t.name,
                    title=t.title or None,
                    description=t.description or None,
                    mime_type=t.mime_type,
                )
                for t in page
            ],
            next_cursor=cursor,
        )

    async def read(
        self, ctx: Context, params: mt.ReadResourceRequestParams
    ) -> mt.ReadResourceResult | mt.InputRequiredResult:
        """The body of one resource; what the caller may not read does not exist."""
        uri, caller = str(params.uri), self._host.caller()
        found = self._access.found(uri)

        async def answer() -> mt.ReadResourceResult | mt.InputRequiredResult:
            if found is None or not self._access.sees(caller, found[0]):
                raise MCPError(mt.INVALID_PARAMS, "Resource not found", data={"uri": clean(uri, 200)})
            item, variables = found
            call = Call(
                name=uri, arguments=variables, caller=caller, publisher=self._publisher, context=ctx, params=params
            )
            value = await item.handler(call)
            if isinstance(value, mt.ReadResourceResult | mt.InputRequiredResult):
                return value
            return mt.ReadResourceResult(contents=[await self._contents(uri, item, value, caller)])

        return await counted(
            self._host, caller, "resources/read", uri, answer, weight=1.0 if found is None else found[0].weight
        )

    async def _contents(
        self, uri: str, item: Resource | Template, value: Any, caller: Caller
    ) -> mt.TextResourceContents | mt.BlobResourceContents:
        if isinstance(value, bytes):
            blob = base64.b64encode(value).decode("ascii")
            return mt.BlobResourceContents(uri=uri, mime_type=item.mime_type, blob=blob)
        if isinstance(value, str):
            return mt.TextResourceContents(uri=uri, mime_type=item.mime_type, text=value)
        body, text = bounded({**wire(value), **self._host.envelope(caller)})
        if Names.concern(text):
            text = json_text(await self._host.named(body))
        return mt.TextResourceContents(uri=uri, mime_type=item.mime_type, text=text)
