"""What a broken wire makes of an answer, at every venue alike: none, half of one, a page where data was due."""

from __future__ import annotations

import asyncio
from enum import StrEnum

from aiohttp import web

#: The status of an answer that reaches nobody.
NO_ANSWER = 444
_LONGEST_SILENCE = 3600.0
#: Faults that are answered with a page of HTML, by the value of their enumeration, and its status.
_PAGES = {"html_with_200": 200, "403_html": 403, "429_html": 429, "502_html": 502}


def page(html: str, status: int) -> web.Response:
    """A page of HTML, as gateways answer."""
    return web.Response(status=status, text=html, content_type="text/html")


def aborted(request: web.Request) -> web.Response:
    """Nothing: the connection is broken, and what is returned here reaches nobody."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=NO_ANSWER)


async def broken(request: web.Request, fault: StrEnum | None, html: str, text: str = "") -> web.StreamResponse | None:
    """What comes instead of an answer; None where the fault is none of the wire's, or there is none.

    Args:
        request: What is answered.
        fault: By its value: ``silence``, ``reset``, ``truncated``, ``html_with_200`` or a status with ``_html``;
            ``after_`` before it makes no difference here.
        html: The gateway's page.
        text: The answer as it would have been.
    """
    kind = "" if fault is None else fault.value.removeprefix("after_")
    if kind in _PAGES:
        return page(html, _PAGES[kind])
    if kind == "truncated":
        return await _truncated(request, text)
    if kind == "silence":
        await asyncio.sleep(_LONGEST_SILENCE)
    return aborted(request) if kind in ("silence", "reset") else None


async def _truncated(request: web.Request, text: str) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": str(len(text)), "Content-Type": "application/json"})
    await response.prepare(request)
    await response.write(text[: len(text) // 2].encode())
    aborted(request)
    return response
