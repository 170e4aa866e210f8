"""Adding a server to a host's configuration loses nothing and surprises nobody."""

from __future__ import annotations

import json
import shlex
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from venuekit.cli.client import Host, InstallPlan, Places, describe, install, server_command
from venuekit.errors import ConfigError, InvalidValue, UsageError

Which = Callable[[str], str | None]
FILES = {
    "claude-desktop": "config/Claude/claude_desktop_config.json",
    "cursor": "home/.cursor/mcp.json",
    "vscode": "project/.vscode/mcp.json",
}
SECTION = {"claude-desktop": "mcpServers", "cursor": "mcpServers", "vscode": "servers"}


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(config_home=tmp_path / "config", home=tmp_path / "home", project=tmp_path / "project")


@pytest.fixture
def which(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Which:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "nowhere" / "python"))
    return lambda name: f"/opt/tools/{name}" if name == "venuekit-mcp-paper" else None


def put(tmp_path: Path, host: str, text: str) -> Path:
    file = tmp_path / FILES[host]
    file.parent.mkdir(parents=True)
    file.write_bytes(text.encode())
    return file


@pytest.mark.parametrize("host", FILES)
def test_without_write_nothing_is_touched_and_the_diff_shows_the_stanza(
    host: str, places: Places, which: Which, tmp_path: Path
) -> None:
    plan = install(host, places=places, which=which)
    assert not (tmp_path / FILES[host]).exists()
    assert plan.changes
    assert not plan.written
    assert '+    "venuekit-paper": {' in plan.diff()
    assert "--write" in describe(plan)


@pytest.mark.parametrize("host", FILES)
def test_a_fresh_file_gets_the_form_that_the_host_reads(
    host: str, places: Places, which: Which, tmp_path: Path
) -> None:
    plan = install(host, mode="read_only", write=True, places=places, which=which)
    assert plan.written
    assert plan.backup is None
    entry = json.loads((tmp_path / FILES[host]).read_text())[SECTION[host]]["venuekit-paper"]
    assert entry.pop("type", None) == ("stdio" if host == "vscode" else None)
    assert entry == {"command": "/opt/tools/venuekit-mcp-paper", "args": ["--mode", "read_only", "--agent-id", host]}


def test_other_servers_order_indentation_and_letters_stay(places: Places, which: Which, tmp_path: Path) -> None:
    text = '{\n    "theme": "dünkel",\n    "mcpServers": {\n        "z": {"command": "z"},\n        "a": {"command": "a"}\n    }\n}\n'
    file = put(tmp_path, "cursor", text)
    plan = install("cursor", write=True, places=places, which=which)
    after = file.read_text(encoding="utf-8")
    assert list(json.loads(after)["mcpServers"]) == ["z", "a", "venuekit-paper"]
    assert '\n    "theme": "dünkel",\n' in after
    assert plan.backup is not None
    assert plan.backup.read_text(encoding="utf-8") == text


def test_windows_line_ends_tabs_and_a_byte_order_mark_stay(places: Places, which: Which, tmp_path: Path) -> None:
    file = put(tmp_path, "cursor", '\ufeff{\r\n\t"mcpServers": {}\r\n}\r\n')
    install("cursor", write=True, places=places, which=which)
    after = file.read_bytes().decode()
    assert after.startswith('\ufeff{\r\n\t"mcpServers"')
    assert "\n" not in after.replace("\r\n", "")


def test_an_environment_given_by_hand_survives_a_new_mode(places: Places, which: Which, tmp_path: Path) -> None:
    before = {"mcpServers": {"venuekit-paper": {"command": "old", "args": [], "env": {"A": "1"}}}}
    file = put(tmp_path, "cursor", json.dumps(before))
    install("cursor", mode="live", write=True, places=places, which=which)
    entry = json.loads(file.read_text())["mcpServers"]["venuekit-paper"]
    assert entry["env"] == {"A": "1"}
    assert "live" in entry["args"]


def test_doing_it_twice_changes_nothing_the_second_time(places: Places, which: Which, tmp_path: Path) -> None:
    install("cursor", write=True, places=places, which=which)
    second = install("cursor", write=True, places=places, which=which)
    assert not second.changes
    assert not second.written
    assert "nothing to change" in describe(second)
    assert [p.name for p in (tmp_path / "home/.cursor").iterdir()] == ["mcp.json"]


@pytest.mark.parametrize(
    "text",
    [
        '{"mcpServers": {',
        "// mine\n{}",
        "[]",
        '{"mcpServers": []}',
        '{"mcpServers": null}',
        '{"a": 1, "a": 2}',
        "\x00",
        "3",
    ],
)
def test_a_file_that_cannot_be_understood_is_refused_and_untouched(
    text: str, places: Places, which: Which, tmp_path: Path
) -> None:
    file = put(tmp_path, "cursor", text)
    with pytest.raises(ConfigError) as caught:
        install("cursor", write=True, places=places, which=which)
    assert file.read_bytes() == text.encode()
    assert [p.name for p in file.parent.iterdir()] == ["mcp.json"]
    assert str(file) in caught.value.message
    assert "has not been touched" in caught.value.fix
    assert "venuekit-paper" in caught.value.fix, "the stanza to paste is part of the next step"


def test_bytes_that_are_no_text_are_refused(places: Places, which: Which, tmp_path: Path) -> None:
    file = put(tmp_path, "cursor", "")
    file.write_bytes(b"\xff\xfe{")
    with pytest.raises(ConfigError, match="cannot be read"):
        install("cursor", write=True, places=places, which=which)


def test_an_empty_file_counts_as_an_empty_configuration(places: Places, which: Which, tmp_path: Path) -> None:
    file = put(tmp_path, "cursor", "\n")
    install("cursor", write=True, places=places, which=which)
    assert "venuekit-paper" in file.read_text()


def test_a_change_by_someone_else_in_between_is_not_overwritten(
    places: Places, which: Which, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = put(tmp_path, "cursor", "{}")
    real = Path.read_bytes
    reads = []

    def racing(self: Path) -> bytes:
        if self == file:
            reads.append(self)
            if len(reads) == 2:
                file.write_text('{"theirs": 1}')
        return real(self)

    monkeypatch.setattr(Path, "read_bytes", racing)
    with pytest.raises(ConfigError, match="changed by someone else"):
        install("cursor", write=True, places=places, which=which)
    assert file.read_text() == '{"theirs": 1}'
    assert not list(file.parent.glob(".mcp.json.*"))


@pytest.mark.skipif(sys.platform == "win32", reason="permission bits and links are POSIX here")
def test_a_link_stays_a_link_and_permissions_stay(places: Places, which: Which, tmp_path: Path) -> None:
    real = tmp_path / "dotfiles.json"
    real.write_text("{}")
    real.chmod(0o600)
    link = tmp_path / FILES["cursor"]
    link.parent.mkdir(parents=True)
    link.symlink_to(real)
    install("cursor", write=True, places=places, which=which)
    assert link.is_symlink()
    assert "venuekit-paper" in real.read_text()
    assert stat.S_IMODE(real.stat().st_mode) == 0o600


def test_claude_code_gets_a_command_to_run_and_no_file(places: Places, which: Which, tmp_path: Path) -> None:
    plan = install(
        "claude-code", mode="shadow", config=Path("/etc/my desk.toml"), write=True, places=places, which=which
    )
    assert plan.file is None
    assert not plan.written
    assert list(tmp_path.iterdir()) == []
    words = shlex.split(plan.shell)
    assert words[:5] == ["claude", "mcp", "add", "venuekit-paper", "--"]
    assert words[5:] == list(plan.command)
    assert words[-2:] == ["--config", "/etc/my desk.toml"]
    assert plan.shell in describe(plan)


@pytest.mark.parametrize(
    ("field", "call"),
    [
        ("host", {"host": "notepad"}),
        ("mode", {"host": "cursor", "mode": "LIVE"}),
        ("mode", {"host": "cursor", "mode": "live "}),
        ("server", {"host": "cursor", "server": "../x"}),
        ("server", {"host": "cursor", "server": "paper\n"}),
    ],
)
def test_words_that_are_not_exact_are_refused_by_name(
    field: str, call: dict[str, str], places: Places, which: Which
) -> None:
    with pytest.raises(InvalidValue) as caught:
        install(places=places, which=which, **call)
    assert caught.value.field == field
    assert caught.value.details["accepted"]


def test_a_server_that_is_not_installed_is_run_by_uvx_or_refused_with_the_command(places: Places, which: Which) -> None:
    assert server_command("venuekit-mcp-x", lambda name: "/bin/uvx" if name == "uvx" else None) == [
        "/bin/uvx",
        "venuekit-mcp-x",
    ]
    with pytest.raises(UsageError) as caught:
        install("cursor", server="x", places=places, which=which)
    assert caught.value.fix == "Run: pip install venuekit-mcp-x"


def test_the_script_beside_the_interpreter_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = "venuekit-mcp-paper.exe" if sys.platform == "win32" else "venuekit-mcp-paper"
    (tmp_path / name).touch()
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    assert server_command("venuekit-mcp-paper", lambda _: "/elsewhere") == [str(tmp_path / name)]


def test_the_real_places_are_the_ones_that_hosts_document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / ".config"))
    places = Places.of_this_machine(project=tmp_path)
    desktop = places.file_of(Host.CLAUDE_DESKTOP)
    assert desktop is not None
    expected = {
        "linux": tmp_path / ".config/Claude/claude_desktop_config.json",
        "darwin": tmp_path / "Library/Application Support/Claude/claude_desktop_config.json",
    }
    if sys.platform in expected:
        assert desktop == expected[sys.platform]
        assert places.file_of(Host.CURSOR) == tmp_path / ".cursor/mcp.json"


def test_the_plan_has_everything_a_script_needs(places: Places, which: Which) -> None:
    plan: InstallPlan = install("vscode", places=places, which=which)
    body = json.loads(json.dumps(plan.to_dict()))
    assert body["host"] == "vscode"
    assert body["changes"] is True
    assert body["written"] is False
    assert body["command"][0] == "/opt/tools/venuekit-mcp-paper"


@pytest.mark.parametrize("host", FILES)
def test_the_command_shows_first_and_writes_when_asked(venuekit: Any, host: str) -> None:
    shown = venuekit("client", "install", host, "--server", "paper", "--mode", "shadow")
    assert shown.code == 0
    assert "Nothing has been written. Add --write to do it." in shown.out
    body = venuekit("client", "install", host, "--mode", "shadow", "--write", "--json").json
    assert set(body) == {"host", "key", "command", "file", "shell", "diff", "changes", "written", "backup"}
    assert body["written"] is True
    assert body["command"][-4:] == ["--mode", "shadow", "--agent-id", host]
    assert "nothing to change" in venuekit("client", "install", host, "--mode", "shadow").out


def test_a_server_only_looks_unless_another_mode_is_asked_for(venuekit: Any) -> None:
    command = venuekit("client", "install", "cursor", "--json").json["command"]
    assert command[command.index("--mode") + 1] == "read_only"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[desk]\nvenu = 'paper'", "unknown key desk.venu"),
        ("[desk]\nvenue = 'kraken'", "is for kraken, and the server for paper"),
        (None, "Cannot read"),
    ],
)
def test_a_configuration_with_which_the_server_would_not_start_is_not_installed(
    venuekit: Any, tmp_path: Path, text: str | None, says: str
) -> None:
    config = tmp_path / "desk.toml"
    if text is not None:
        config.write_text(text)
    ran = venuekit("client", "install", "cursor", "--write", config=config)
    assert (ran.code, ran.out) == (2, "")
    assert says in ran.err
    assert not (tmp_path / "home").exists()


def test_what_other_servers_were_given_in_confidence_is_written_and_not_shown(
    places: Places, which: Which, tmp_path: Path
) -> None:
    others = {
        "a": {"command": "a", "env": {"OPENAI": 'sk-"quoted"-1234', "MODE": "on"}},
        "b": {"url": "https://host/mcp", "headers": {"X-Auth": "Basic c2VjcmV0OnNlY3JldA=="}},
        "c": {"command": "c", "args": ["--key", "x"], "apiKey": "abcdefgh12345678"},
    }
    file = put(tmp_path, "cursor", json.dumps({"mcpServers": others}))
    plan = install("cursor", write=True, places=places, which=which)
    for secret in ("quoted", "c2VjcmV0", "abcdefgh"):
        assert secret not in describe(plan)
        assert secret not in json.dumps(plan.to_dict())
    assert "venuekit-paper" in plan.diff()
    assert json.loads(file.read_text())["mcpServers"]["a"] == others["a"]


def test_a_second_host_can_have_an_account_of_its_own(venuekit: Any) -> None:
    command = venuekit("client", "install", "cursor", "--account", "cursor", "--json").json["command"]
    assert command[command.index("--account") + 1] == "cursor"
    assert venuekit("client", "install", "cursor", "--account", "--write").code == 2
    assert venuekit("client", "install", "cursor", "--account", "../x").code == 2
