"""A plain halt is read without the parser, to the same effect, and imports little: in an emergency time counts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import attrs
import pytest

from venuekit.cli.app import build
from venuekit.cli.options import DEFAULT
from venuekit.cli.quick import halt_words
from venuekit.cli.switch import Cancelling, Words

HEAVY = (
    "cyclopts",
    "cattrs",
    "rich",
    "importlib.metadata",
    "importlib.resources",
    "psycopg",
    "venuekit.model.events",
    "mcp",
)


@pytest.mark.parametrize(
    "line",
    [
        [],
        ["--cancel-all"],
        ["--reason", "bad news", "--by", "ann", "--json"],
        ["--reason=a=b", "--wait", "0.5", "--open-desk", "--force", "--cancel-all"],
        ["--desk", "paper:default", "--config", "x/desk.toml"],
        ["--venue=paper", "--wait=7"],
    ],
)
def test_what_is_read_quickly_is_what_the_parser_reads(line: list[str]) -> None:
    quick = halt_words(line)
    assert quick is not None
    _, bound, _ = build().parse_args(["halt", *line], exit_on_error=False, print_error=False)
    parsed: dict[str, Any] = dict(bound.arguments)
    options = parsed.pop("options", DEFAULT)
    said = {name: parsed.pop(name) for name in ("by", "reason", "desk", "venue") if name in parsed}
    assert quick == (Words(**said, json=options.json, config=options.config), Cancelling(**parsed))


@pytest.mark.parametrize(
    "line",
    [
        ["--help"],
        ["now"],
        ["--reason"],
        ["--reason", ""],
        ["--reason", "--json"],
        ["--wait", "soon"],
        ["--json", "--json"],
        ["--json=yes"],
        ["--no-json"],
        ["--by", "a", "--by", "b"],
    ],
)
def test_whatever_is_not_plain_is_left_to_the_parser(line: list[str]) -> None:
    assert halt_words(line) is None


def test_every_option_of_halt_is_read_quickly() -> None:
    names = {f.name for kind in (Words, Cancelling) for f in attrs.fields(kind)}
    words = [f"--{name.replace('_', '-')}" for name in names]
    flags = {"--cancel-all", "--open-desk", "--force", "--json"}
    for word in words:
        assert halt_words([word] if word in flags else [word, "1"]) is not None


def test_a_halt_waits_for_no_parser_and_no_table_and_holds(tmp_path: Path) -> None:
    config = tmp_path / "desk.toml"
    config.write_text(f'[desk]\nvenue = "paper"\ndata_dir = "{tmp_path}/data"\n')
    code = (
        "import sys; from venuekit.cli.app import run; code = run(sys.argv[1:]); "
        f"print([m for m in {HEAVY!r} if m in sys.modules]); sys.exit(code)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, "halt", "--by", "ann", "--config", str(config)],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines() == [
        "HALTED by ann. Orders are refused on every desk; cancels still go.",
        "[]",
    ]
