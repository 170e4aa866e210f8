"""Every block of code in the tutorials and on the front pages runs as it stands."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from venuekit.settings.load import load_config

ROOT = Path(__file__).parents[2]
PAGES = (
    "README.md",
    "packages/core/README.md",
    "packages/mcp/README.md",
    "docs/tutorials/agent-user.md",
    "docs/tutorials/bot-author.md",
    "docs/operator.md",
    "servers/paper/README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
)
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(*languages: str) -> list[object]:
    found = []
    for page in PAGES:
        text = (ROOT / page).read_text(encoding="utf-8")
        for number, (language, body) in enumerate(BLOCK.findall(text), 1):
            if language in languages:
                found.append(pytest.param(body, id=f"{page}-{number}"))
    return found


@pytest.mark.parametrize("code", blocks("python"))
def test_a_python_block_runs(code: str, tmp_path: Path) -> None:
    if "asyncio.run(" not in code:
        code += "\nimport asyncio\nasyncio.run(serve())\n"  # a fragment that defines what a server's main would await
    # A listener for an order's events may wait for the market: what is tried is that the program runs, not its end.
    code = code.replace(
        "async for event in desk.events(order.id):",
        "await desk.cancel(order.id)\n        async for event in desk.events(order.id):",
    )
    file = tmp_path / "block.py"
    file.write_text(code, encoding="utf-8")
    environ = {"VENUEKIT__DESK__DATA_DIR": str(tmp_path / "data"), "PATH": "", "PYTHONUTF8": "1", "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-W", "error", str(file)], capture_output=True, text=True, check=False, env=environ, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""


@pytest.mark.parametrize("text", blocks("toml"))
def test_a_configuration_block_is_a_valid_file(text: str, tmp_path: Path) -> None:
    file = tmp_path / "desk.toml"
    file.write_text(text, encoding="utf-8")
    assert load_config(file, environ={}).desk.venue == "paper"


@pytest.mark.parametrize("text", blocks("json"))
def test_a_json_block_is_json(text: str) -> None:
    assert isinstance(json.loads(text), dict)


def commands() -> list[str]:
    found: set[str] = set()
    for page in PAGES:
        text = (ROOT / page).read_text(encoding="utf-8")
        lines = [line[2:] for _, body in BLOCK.findall(text) for line in body.splitlines() if line.startswith("$ ")]
        for line in lines + re.findall(r"`(venuekit [^`]+)`", text):
            words = line.removeprefix(".venv/bin/")
            if words.startswith("venuekit "):
                found.add(words)
    return sorted(found)


@pytest.mark.parametrize("line", commands())
def test_a_command_that_the_docs_show_is_one_with_these_flags(line: str) -> None:
    from venuekit.cli.app import build

    _, *words = shlex.split(line)
    if words == ["demo"]:
        assert "demo" in {point.name for point in entry_points(group="venuekit.commands")}
        return
    app = build()
    command, bound, _ = app.parse_args(words, exit_on_error=False, print_error=False)
    assert command is not app.default_command, f"{line!r} is not a command"
    assert bound is not None
