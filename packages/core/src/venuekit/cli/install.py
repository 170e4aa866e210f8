"""`venuekit client install`: a server into an MCP host's configuration."""

from __future__ import annotations

from typing import Annotated

from cyclopts import App, Parameter

from venuekit.cli import client
from venuekit.cli.exits import OK
from venuekit.cli.options import DEFAULT, Options
from venuekit.cli.output import document, say
from venuekit.protocols.approver import Mode

app = App(name="client", help="MCP hosts: install.")


@app.command
def install(
    host: str,
    /,
    *,
    server: str = "paper",
    mode: str = Mode.SHADOW.value,
    write: Annotated[bool, Parameter(negative="")] = False,
    options: Options = DEFAULT,
) -> int:
    """Add a server to the configuration of an MCP host. Shows the change; makes it only with --write.

    Args:
        host: claude-desktop, claude-code, cursor or vscode.
        server: The venue whose server it is.
        mode: read_only, shadow or live.
        write: Make the change; the file as it was is kept beside it.
    """
    plan = client.install(host, server=server, mode=mode, config=options.config, write=write)
    if options.json:
        document(plan.to_dict())
    else:
        say(client.describe(plan))
    return OK
