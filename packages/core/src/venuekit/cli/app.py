"""The `venuekit` command: finds the right file for a command, and turns errors into a line and an exit code."""

from __future__ import annotations

import asyncio
import difflib
import json
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from venuekit.cli.exits import FAILED, INTERRUPTED, OK, exit_code
from venuekit.cli.quick import halt_words
from venuekit.cli.switch import stop
from venuekit.errors import InternalError, UsageError, VenuekitError
from venuekit.watch.redact import redact, redact_text

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from cyclopts import App

#: Other distributions add commands here; each names a function that takes the arguments and returns an exit code.
PLUGINS = "venuekit.commands"

# name: (where it is, what it does). The help lists these without importing any.
_COMMANDS = {
    "venues": ("venuekit.cli.venues:venues", "Installed adapters, and what each can do."),
    "config": ("venuekit.cli.config:app", "The configuration: check."),
    "status": ("venuekit.cli.status:status", "Every desk at a glance."),
    "orders": ("venuekit.cli.orders:orders", "What is open; with an id, one order from its beginning."),
    "positions": ("venuekit.cli.orders:positions", "What is held."),
    "agents": ("venuekit.cli.agents:app", "Agents: what each was granted, and what is left of it today."),
    "approvals": (
        "venuekit.cli.approvals:app",
        "Orders and actions that wait for a person: list, show, approve, reject.",
    ),
    "actions": ("venuekit.cli.actions:app", "What was done with venues' own tools: list, show, settle."),
    "audit": ("venuekit.cli.audit:app", "The journal: tail, search, stats, verify, export, prune."),
    "halt": ("venuekit.cli.control:halt", "Stop trading at once; with --cancel-all, cancel every open order."),
    "reduce-only": ("venuekit.cli.control:reduce_only", "Let only orders go that make a position smaller."),
    "resume": ("venuekit.cli.control:resume", "Let orders go again."),
    "report": ("venuekit.cli.report:report", "Tell desks a figure that they limit, such as test coverage."),
    "hours": ("venuekit.cli.hours:hours", "Whether trading is open, why not, and what is next."),
    "risk": ("venuekit.cli.risk:app", "Limits: explain, and change them while desks run."),
    "client": ("venuekit.cli.install:app", "MCP hosts: install."),
    "doctor": ("venuekit.cli.doctor:doctor", "Whether everything that a desk needs is in order."),
    "chaos": ("venuekit.cli.chaos:chaos", "Seeded faults and crashes, and whether a desk comes through them whole."),
    "new": ("venuekit.cli.new:app", "Skeletons: adapter."),
}
_PLUGIN_HELP = {"demo": "A real MCP client trades on the paper exchange, in this terminal."}
_EPILOGUE = """Every command takes --json and --config FILE.
Exit codes: 0 done, 1 failed or not found, 2 wrong arguments or configuration, 3 refused, 4 unavailable or in doubt."""
_BUG = "This is a bug in venuekit; please report it."
_INSTALL = {"demo": "pip install venuekit-mcp venuekit-paper venuekit-mcp-paper"}


def build() -> App:
    """The command with all its subcommands, none of them imported yet."""
    from cyclopts import App  # noqa: PLC0415 - a halt does not wait for it

    from venuekit.version import VERSION  # noqa: PLC0415 - the same

    app = App(
        name="venuekit",
        help="One order model, one risk engine, one audit trail, any venue.",
        help_epilogue=_EPILOGUE,
        version=VERSION,
        result_action="return_value",
    )
    for name in sorted({*_PLUGIN_HELP, *_plugins()} - set(_COMMANDS)):
        app.command(lambda: None, name=name, help=_PLUGIN_HELP.get(name, "From another package."))
    for name, (path, text) in _COMMANDS.items():
        app.command(path, name=name, help=text)
    return app


def _plugins() -> dict[str, EntryPoint]:
    from importlib.metadata import entry_points  # noqa: PLC0415 - the same

    return {point.name: point for point in entry_points(group=PLUGINS)}


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command and exit with its code."""
    sys.exit(run(sys.argv[1:] if argv is None else list(argv)))


def run(argv: Sequence[str]) -> int:
    """Run the command with these arguments; returns the exit code. Errors become a line, never a traceback."""
    try:
        code = _answered(list(argv))
        sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()  # whoever read us has gone, as with `| head`; nothing is left to tell
        return OK
    except Exception as error:  # noqa: BLE001 - the last line of defence: a bug becomes a sentence, not a traceback
        return _report(argv, InternalError(f"Internal error: {type(error).__name__}: {error}.", fix=_BUG), FAILED)
    return code


def _answered(argv: list[str]) -> int:
    try:
        return _dispatch(argv)
    except VenuekitError as error:
        return _report(argv, error, exit_code(error))


def _dispatch(argv: list[str]) -> int:
    argv = _behind(argv)
    first = argv[0] if argv else ""
    if first and not first.startswith("-") and first not in _COMMANDS:
        if first in _PLUGIN_HELP or first in _plugins():
            return _plugin(first, argv[1:])
        raise _unknown(first)  # here, because the parser would import every command to make its suggestion
    if first == "halt" and (said := halt_words(argv[1:])) is not None:
        return asyncio.run(stop(*said))
    return _parsed(argv)


def _parsed(argv: list[str]) -> int:
    from cyclopts import CycloptsError  # noqa: PLC0415 - the same

    try:
        code = build()(argv, exit_on_error=False, print_error=False)
    except CycloptsError as error:
        words = " ".join(["venuekit", *(error.command_chain or ())])
        raise UsageError(str(error).strip(), fix=f"See: {words} --help") from error
    return code if isinstance(code, int) else OK


def _behind(argv: list[str]) -> list[str]:
    """The arguments with the options that every command has behind the command, where the parser looks for them."""
    if argv[:1] == ["--json"] and len(argv) > 1:
        return [*_behind(argv[1:]), *argv[:1]]
    if argv[:1] == ["--config"] and len(argv) > 2:
        return [*_behind(argv[2:]), *argv[:2]]
    return argv


def _unknown(word: str) -> UsageError:
    names = sorted({*_COMMANDS, *_PLUGIN_HELP, *_plugins()})
    near = difflib.get_close_matches(word, names, n=1)
    guess = f'Did you mean "{near[0]}"? ' if near else ""
    return UsageError(
        f"There is no command {word[:40]!r}.",
        fix=f"{guess}See: venuekit --help",
        field="command",
        details={"accepted": names},
    )


def _plugin(name: str, arguments: list[str]) -> int:
    point = _plugins().get(name)
    if point is None:
        raise UsageError(
            f"venuekit {name} is in a package that is not installed.", fix=f"Run: {_INSTALL[name]}", field="command"
        )
    code = point.load()(arguments)
    return code if isinstance(code, int) else OK


def _told(error: VenuekitError, discreet: Callable[[str], str]) -> object:
    return json.loads(discreet(json.dumps(error.to_dict(), ensure_ascii=False)))


def _report(argv: Sequence[str], error: VenuekitError, code: int) -> int:
    from venuekit.cli.output import discreet, printable  # noqa: PLC0415

    if "--json" in argv:
        print(json.dumps(redact({"error": _told(error, discreet)}), indent=2, ensure_ascii=False))
    print(printable(redact_text(str(error))), file=sys.stderr)
    return code
