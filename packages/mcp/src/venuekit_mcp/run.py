"""The command of every server package: flags, configuration, transport, and a clean end."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import attrs

from venuekit.errors import ConfigError, UsageError, VenuekitError
from venuekit.protocols.approver import Caller, Mode, Role
from venuekit.settings.agents import caller_of
from venuekit.settings.credentials import VARIABLE
from venuekit.settings.load import load
from venuekit.settings.schema import DeskConfig

if TYPE_CHECKING:
    from venuekit.desk.desk import Desk

USAGE = 2
FAILED = 4
LOOPBACK = ("127.0.0.1", "localhost", "::1")
SIMULATED = "paper"


@attrs.frozen(kw_only=True)
class Options:
    """What the command line says."""

    venue: str
    mode: Mode
    role: Role | None
    agent_id: str | None
    config: Path | None
    transport: str
    host: str
    port: int
    toolsets: Sequence[str]
    profile: str | None
    token_env: str | None
    no_auth: bool
    seed: int | None
    account: str | None


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """One line, and the exit code of a usage error."""
        sys.stderr.write(f"{self.prog}: {message}\n")
        raise SystemExit(USAGE)


def _parser(venue: str) -> argparse.ArgumentParser:
    parser = _Parser(
        prog=f"venuekit-mcp-{venue}",
        description=f"MCP server for {venue}: market data, portfolio and orders, through venuekit's checks and audit.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--mode", metavar="MODE", default="read_only", help="read_only (default), shadow or live, exactly")
    add("--role", metavar="ROLE", help="viewer, analyst, trader or admin")
    add("--agent-id", metavar="NAME", help="name of the agent in the audit")
    add("--config", metavar="FILE", type=Path, help="TOML configuration")
    add("--transport", choices=("stdio", "http"), default="stdio", help="default: stdio")
    add("--host", default="127.0.0.1", help="address for http; default: 127.0.0.1")
    add("--port", type=int, default=8000, help="port for http; 0 takes a free one; default: 8000")
    add("--toolsets", default="core", help="comma-separated; core and the venue's own; default: core")
    add("--profile", metavar="NAME", help="tool names of other servers: coinbase, polybot or polymarket-realtime")
    add("--token-env", metavar="NAME", help="http: environment variable that holds the bearer token")
    add("--no-auth", action="store_true", help="http: no token; only on a loopback address")
    add("--version", action="version", version=version("venuekit-mcp"))
    if venue == SIMULATED:
        add("--seed", type=int, metavar="N", help="seed of the simulated market")
        add("--account", metavar="NAME", help="which paper account; default: default")
    return parser


def flag_help(venue: str) -> Sequence[tuple[str, str]]:
    """Every flag of the venue's command with its explanation, for the generated README."""
    rows = []
    for action in _parser(venue)._actions:  # noqa: SLF001 - argparse has no public way to list them
        word = action.metavar if isinstance(action.metavar, str) else "|".join(action.choices or ())
        name = action.option_strings[-1]
        takes = action.nargs != 0
        rows.append((f"{name} {word or action.dest.upper()}" if takes else name, action.help or "show it and exit"))
    return rows


def _exact(kind: type[Any], text: str, flag: str) -> Any:
    for member in kind:
        if member.value == text:
            return member
    accepted = ", ".join(m.value for m in kind)
    raise ConfigError(f"{flag} {text[:40]!r} is not one of {accepted}.", field=flag)


def parse(venue: str, argv: Sequence[str] | None) -> Options:
    """The options.

    Raises:
        ConfigError: a word that is not exactly one of those allowed, or flags that exclude each other.
        SystemExit: --help, --version, or an unknown flag.
    """
    found = _parser(venue).parse_args(argv)
    if found.no_auth and found.host not in LOOPBACK:
        raise ConfigError("--no-auth is allowed on a loopback address only.", field="--no-auth")
    if not 0 <= found.port <= 65535:
        raise ConfigError("--port must be from 0 to 65535.", field="--port")
    return Options(
        venue=venue,
        mode=_exact(Mode, found.mode, "--mode"),
        role=None if found.role is None else _exact(Role, found.role, "--role"),
        agent_id=found.agent_id,
        config=found.config,
        transport=found.transport,
        host=found.host,
        port=found.port,
        toolsets=tuple(t.strip() for t in found.toolsets.split(",") if t.strip()),
        profile=found.profile,
        token_env=found.token_env,
        no_auth=found.no_auth,
        seed=getattr(found, "seed", None),
        account=getattr(found, "account", None),
    )


def configuration(options: Options, environ: Mapping[str, str]) -> DeskConfig:
    """The desk's configuration, with what the command line overrides and an agent's default limits.

    Raises:
        ConfigError: unreadable, wrong, or for another venue.
    """
    loaded = load(options.config or options.venue, environ=environ, agent=True)
    desk = loaded.config.desk
    if "desk.venue" in loaded.sources and desk.venue != options.venue:
        raise ConfigError(
            f"The configuration is for {desk.venue}; this server is for {options.venue}.", field="desk.venue"
        )
    chosen: dict[str, Any] = {"venue": options.venue, "mode": options.mode}
    if options.role is not None:
        chosen["role"] = options.role
    if options.agent_id is not None:
        chosen["agent_id"] = options.agent_id
    return attrs.evolve(loaded.config, desk=attrs.evolve(desk, **chosen))


def own_caller(config: DeskConfig, source: str) -> Caller:
    """Who the one agent of this process is; its ``[agents.NAME]`` table may only be stricter."""
    return caller_of(config, config.desk.agent_id, source)


def started() -> None:
    """From here on memory is collected; what the start made stays, and is not looked at again."""
    gc.freeze()
    gc.enable()


async def _serve_stdio(desk: Desk, options: Options, config: DeskConfig) -> None:
    from venuekit_mcp.server import build_server  # noqa: PLC0415
    from venuekit_mcp.stdio import wire  # noqa: PLC0415

    server = build_server(
        desk, caller=own_caller(config, "mcp-stdio"), toolsets=options.toolsets, profile=options.profile
    )
    started()
    if sys.stdin.isatty():
        sys.stderr.write(
            f"This is an MCP server: a host starts it and talks to it here. To add it to one, run: "
            f"venuekit client install claude-desktop --server {desk.venue.name}. Ctrl-C ends it.\n"
        )
    async with wire() as (reading, writing):
        await server.run(reading, writing, server.create_initialization_options())


async def _serve(options: Options, environ: Mapping[str, str]) -> None:
    from venuekit.runtime.session import open_desk  # noqa: PLC0415

    if environ.get(VARIABLE):
        raise ConfigError(
            f"{VARIABLE} is in this server's environment, and an operator's token must not be where agents are served.",
            fix=f"Unset {VARIABLE} for the server; operators decide with: venuekit approvals",
            field=VARIABLE,
        )
    config = configuration(options, environ)
    async with open_desk(
        options.config or options.venue,
        mode=options.mode,
        account=options.account,
        environ={**environ, "VENUEKIT__DESK__VENUE": options.venue},
        venue_options={} if options.seed is None else {"seed": options.seed},
        agent=True,
    ) as desk:
        if options.transport == "stdio":
            await _serve_stdio(desk, options, config)
        else:
            from venuekit_mcp.http import serve_http  # noqa: PLC0415

            await serve_http(desk, options, config, environ)


async def _until_stopped(work: Any) -> None:
    """Run `work` until it ends or a signal asks to stop; then let it close what it opened."""
    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(work)
    for name in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError):  # Windows has no handlers on the loop
            loop.add_signal_handler(name, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await task


def main(venue: str, argv: Sequence[str] | None = None) -> None:
    """Serve `venue` until the client leaves or a signal comes.

    Raises:
        SystemExit: 2 when it refuses to start (one line on stderr says why), 4 when it cannot.
    """
    gc.disable()  # a start makes a hundred thousand objects and drops none: collecting them costs a tenth of it
    prog = f"venuekit-mcp-{venue}"
    environ = os.environ  # noqa: TID251  (the command is where the environment comes in)
    try:
        options = parse(venue, argv)
        asyncio.run(_until_stopped(_serve(options, environ)))
    except VenuekitError as wrong:
        refused = isinstance(wrong, UsageError)
        sys.stderr.write(f"{prog}: {wrong if refused else f'{wrong.code}: {wrong}'}\n")
        raise SystemExit(USAGE if refused else FAILED) from None
