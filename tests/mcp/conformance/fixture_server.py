"""A venue's generated server with the suite's fixtures merged in, over HTTP, writing down every request it sees.

``python fixture_server.py PORT LOG DATA``
"""

from __future__ import annotations

import asyncio
import json
import sys
import warnings
from pathlib import Path
from typing import Any

import uvicorn
from fixture_content import CONTENT
from fixture_rounds import ROUNDS
from fixture_venue import FACTORY
from mcp.shared.exceptions import MCPDeprecationWarning, MCPError
from pydantic import ValidationError

from venuekit import open_desk
from venuekit.registry import register
from venuekit.settings.schema import DeskConfig, DeskSettings, StoreSettings
from venuekit_mcp import build_server

# The fixtures need features that the newest revision deprecates; that is what they are for.
warnings.filterwarnings("ignore", category=MCPDeprecationWarning)


def recorder(path: str) -> Any:
    """Middleware that appends one JSON line a request: method, name or uri, outcome."""
    log = Path(path).open("a", buffering=1, encoding="utf-8")  # noqa: SIM115 - lives as long as the process

    async def middleware(ctx: Any, call_next: Any) -> Any:
        params = ctx.params or {}
        name = str(params.get("name") or params.get("uri") or "")
        outcome = "not answered"
        try:
            result = await call_next(ctx)
            body = result if isinstance(result, dict) else {}
            outcome = "tool_error" if body.get("isError") else body.get("resultType") or "ok"
            outcome = "ok" if outcome == "complete" else outcome
        except MCPError as refused:
            outcome = f"error {refused.error.code}"
            raise
        except ValidationError:
            outcome = "invalid"
            raise
        finally:
            log.write(json.dumps([ctx.method, name, outcome]) + "\n")
        return result

    return middleware


async def main() -> None:
    port, log, data = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    config = DeskConfig(
        desk=DeskSettings(venue=FACTORY.name, data_dir=data),
        store=StoreSettings(url="sqlite://"),
    )
    register(FACTORY)
    async with open_desk(config, environ={}) as desk:
        server = build_server(desk, additions=CONTENT.merged(ROUNDS))
        server.middleware.insert(0, recorder(log))
        app = server.streamable_http_app()
        await uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning")).serve()


if __name__ == "__main__":
    asyncio.run(main())
