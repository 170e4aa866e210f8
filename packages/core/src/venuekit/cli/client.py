"""Adding a venuekit server to an MCP host's own configuration: shown first, written only when asked."""

from __future__ import annotations

import difflib
import json
import os
import re
import shlex
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

import attrs
import platformdirs

from venuekit.cli.literals import host_secrets
from venuekit.errors import ConfigError, InvalidValue, UsageError
from venuekit.model.identity import checked_name
from venuekit.protocols.approver import Mode
from venuekit.watch.redact import redact_text

_Word = TypeVar("_Word", bound=StrEnum)
SERVER_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")


class Host(StrEnum):
    """A program that talks to MCP servers and whose configuration we know."""

    CLAUDE_DESKTOP = "claude-desktop"
    CLAUDE_CODE = "claude-code"
    CURSOR = "cursor"
    VSCODE = "vscode"


@attrs.frozen(kw_only=True)
class Places:
    """Where hosts keep their files; a value, so that every operating system can be tried on one."""

    #: ``~/.config``, ``~/Library/Application Support`` or ``%APPDATA%``.
    config_home: Path
    home: Path
    #: The folder whose ``.vscode`` is meant.
    project: Path

    @classmethod
    def of_this_machine(cls, project: Path | None = None) -> Places:
        """The real ones."""
        return cls(
            config_home=Path(platformdirs.user_config_dir(appauthor=False, roaming=True)),
            home=Path.home(),
            project=project or Path.cwd(),
        )

    def file_of(self, host: Host) -> Path | None:
        """The host's file; None for a host that is configured by its own command."""
        match host:
            case Host.CLAUDE_DESKTOP:
                return self.config_home / "Claude" / "claude_desktop_config.json"
            case Host.CURSOR:
                return self.home / ".cursor" / "mcp.json"
            case Host.VSCODE:
                return self.project / ".vscode" / "mcp.json"
            case Host.CLAUDE_CODE:
                return None


@attrs.frozen(kw_only=True)
class InstallPlan:
    """What would change, or has been changed."""

    host: Host
    #: The server's key in the host's list.
    key: str
    #: What the host will run.
    command: Sequence[str]
    #: The host's file, or None when `shell` is the way.
    file: Path | None
    #: A command for the user to run, for hosts that keep their own configuration.
    shell: str = ""
    before: str = ""
    after: str = ""
    #: Set once written, when there was a file before.
    backup: Path | None = None
    written: bool = False

    @property
    def changes(self) -> bool:
        """Whether the file would be, or was, different afterwards."""
        return self.file is not None and self.before != self.after

    def diff(self) -> str:
        """The change as a unified diff, without the secrets of other servers; empty when there is none."""
        name = str(self.file)
        lines = difflib.unified_diff(
            self.before.splitlines(), self.after.splitlines(), f"{name} (now)", f"{name} (with {self.key})", lineterm=""
        )
        return redact_text("\n".join(lines), also=host_secrets(self.before.removeprefix("\ufeff")))

    def to_dict(self) -> dict[str, object]:
        """The plan for ``--json``."""
        return {
            "host": self.host.value,
            "key": self.key,
            "command": list(self.command),
            "file": None if self.file is None else str(self.file),
            "shell": self.shell,
            "diff": self.diff(),
            "changes": self.changes,
            "written": self.written,
            "backup": None if self.backup is None else str(self.backup),
        }


def server_command(script: str, which: Callable[[str], str | None] = shutil.which) -> list[str]:
    """How to start `script`, by absolute path, because hosts have a short PATH.

    The script beside the running interpreter comes first, then one on PATH, then ``uvx``.

    Raises:
        UsageError: neither the script nor uvx can be found.
    """
    beside = Path(sys.executable).parent / (f"{script}.exe" if sys.platform == "win32" else script)
    if beside.is_file():
        return [str(beside)]
    if found := which(script):
        return [str(Path(found).absolute())]
    if uvx := which("uvx"):
        return [str(Path(uvx).absolute()), script]
    raise UsageError(f"{script} is not installed.", fix=f"Run: pip install {script}", field="server")


def install(  # every argument is a flag of the command line
    host: str,
    *,
    server: str = "paper",
    mode: str = Mode.READ_ONLY.value,
    config: Path | None = None,
    account: str | None = None,
    write: bool = False,
    places: Places | None = None,
    which: Callable[[str], str | None] = shutil.which,
) -> InstallPlan:
    """Plan the change that adds `server` to `host`, and with `write` make it.

    A file that exists is backed up beside itself and replaced in one step; other servers in it stay as
    they are.

    Raises:
        InvalidValue: an unknown host or mode, or a server or account name that cannot be one.
        UsageError: the server is not installed.
        ConfigError: the host's file cannot be understood or written; it has not been touched.
    """
    chosen = _member(Host, host, "host")
    word = _member(Mode, mode, "mode")
    if not SERVER_NAME.fullmatch(server):
        raise InvalidValue(
            f"{server[:40]!r} cannot be a server's name.",
            field="server",
            fix="Pass a venue's name; venuekit venues lists them.",
            details={"accepted": "lower-case letters, digits and hyphens"},
        )
    key = f"venuekit-{server}"
    command = [*server_command(f"venuekit-mcp-{server}", which), "--mode", word.value, "--agent-id", chosen.value]
    if account is not None:
        command += ["--account", checked_name(account, field="account")]
    if config is not None:
        command += ["--config", str(config.absolute())]
    file = (places or Places.of_this_machine()).file_of(chosen)
    if file is None:
        return InstallPlan(host=chosen, key=key, command=command, file=None, shell=_claude_code(key, command))
    before = _read(file)
    plan = InstallPlan(
        host=chosen,
        key=key,
        command=command,
        file=file,
        before=before,
        after=_merged(file, before, chosen, key, command),
    )
    return _written(plan, file) if write and plan.changes else plan


def describe(plan: InstallPlan) -> str:
    """The plan in words, for the terminal."""
    if plan.file is None:
        return f"Run this:\n\n{plan.shell}"
    if not plan.changes:
        return f"{plan.file} has {plan.key} already; nothing to change."
    if not plan.written:
        return f"{plan.diff()}\n\nNothing has been written. Add --write to do it."
    kept = f" The file as it was: {plan.backup}." if plan.backup else ""
    return f"{plan.diff()}\n\nWritten.{kept} Restart {plan.host.value} to load it."


def _member(kind: type[_Word], value: str, field: str) -> _Word:
    words = [m.value for m in kind]
    if value not in words:
        raise InvalidValue(
            f"{field} must be one of {', '.join(words)}; {value[:40]!r} is not.",
            field=field,
            details={"accepted": words},
        )
    return kind(value)


def _claude_code(key: str, command: Sequence[str]) -> str:
    return shlex.join(["claude", "mcp", "add", key, "--", *command])


def _read(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as why:
        raise ConfigError(f"{file} cannot be read: {why}.", fix="The file has not been touched.", field="host") from why


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {twice!r} is there twice")
    return table


def _merged(file: Path, text: str, host: Host, key: str, command: Sequence[str]) -> str:
    entry: dict[str, Any] = {"command": command[0], "args": list(command[1:])}
    section = "mcpServers"
    if host is Host.VSCODE:
        section, entry = "servers", {"type": "stdio", **entry}
    stanza = json.dumps({section: {key: entry}}, indent=2)
    fix = f"The file has not been touched. Repair it, or add this by hand:\n{stanza}"
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    body = text.removeprefix("\ufeff")
    try:
        tree = json.loads(body, object_pairs_hook=_no_duplicates) if body.strip() else {}
    except ValueError as why:
        raise ConfigError(f"{file} is not valid JSON: {why}.", fix=fix, field="host") from why
    servers = tree.setdefault(section, {}) if isinstance(tree, dict) else None
    if not isinstance(servers, dict):
        raise ConfigError(f"{file} has no object at {section!r} where servers could go.", fix=fix, field="host")
    known = servers.get(key)
    wanted = {**known, **entry} if isinstance(known, dict) else entry  # keeps env and the like
    if known == wanted:
        return text
    servers[key] = wanted
    new = json.dumps(tree, indent=_indent(body), ensure_ascii=False) + "\n"
    return mark + (new.replace("\n", "\r\n") if "\r\n" in body else new)


def _indent(text: str) -> str | int:
    first = re.search(r"\n([ \t]+)\S", text)
    return first.group(1) if first else 2


def _written(plan: InstallPlan, file: Path) -> InstallPlan:
    target = file.resolve()  # a link stays a link
    scratch: Path | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        backup = _back_up(target) if target.exists() else None
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        scratch = Path(name)
        with os.fdopen(handle, "wb") as out:
            out.write(plan.after.encode("utf-8"))
            out.flush()
            os.fsync(out.fileno())
        if backup is not None:
            shutil.copymode(target, scratch)
        if _read(target) != plan.before:
            raise ConfigError(
                f"{file} was changed by someone else just now.", fix="Run the command again.", field="host"
            )
        scratch.replace(target)
    except OSError as why:
        raise ConfigError(f"{file} cannot be written: {why}.", fix="The file has not been touched.") from why
    finally:
        if scratch is not None:
            scratch.unlink(missing_ok=True)
    return attrs.evolve(plan, written=True, backup=backup)


def _back_up(target: Path) -> Path:
    number = 1
    while (copy := target.with_name(f"{target.name}.backup-{number}")).exists():
        number += 1
    shutil.copy2(target, copy)
    return copy
