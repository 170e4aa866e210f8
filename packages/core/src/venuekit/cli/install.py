"""`venuekit client install`: a server into an MCP host's configuration."""

from __future__ import annotations

from typing import Annotated

from cyclopts import App, Parameter

from venuekit.cli import client
from venuekit.cli.exits import OK
from venuekit.cli.options import DEFAULT, Options
from venuekit.cli.output import document, say
from venuekit.cli.place import Place, find
from venuekit.errors import ConfigError
from venuekit.protocols.approver import Mode

app = App(name="client", help="MCP hosts: install.")


@app.command
def install(
    host: str,
    /,
    *,
    server: str = "paper",
    mode: str = Mode.READ_ONLY.value,
    account: str | None = None,
    write: Annotated[bool, Parameter(negative="")] = False,
    options: Options = DEFAULT,
) -> int:
    """Add a server to the configuration of an MCP host. Shows the change; makes it only with --write.

    Args:
        host: claude-desktop, claude-code, cursor or vscode.
        server: The venue whose server it is.
        mode: read_only, shadow or live.
        account: Which account of the venue, where the server has several (paper): two hosts cannot share one.
        write: Make the change; the file as it was is kept beside it.
    """
    if options.config is not None:
        _check(find(options, agent=True), server)
    plan = client.install(host, server=server, mode=mode, config=options.config, account=account, write=write)
    if options.json:
        document(plan.to_dict())
    else:
        say(client.describe(plan))
    return OK


def _check(place: Place, server: str) -> None:
    """What would keep the server from starting is said here, not by a host that shows nothing."""
    venue = place.config.desk.venue
    if "desk.venue" in place.loaded.sources and venue != server:
        raise ConfigError(
            f"{place.loaded.path} is for {venue}, and the server for {server}.",
            fix="Name the server of that venue, or another configuration.",
            field="desk.venue",
        )
