"""What holds for every command: help, one JSON document, exit codes, one line instead of a traceback, no secrets."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from venuekit import errors
from venuekit.cli import app, exits
from venuekit.version import VERSION

COMMANDS = [
    ("venues",),
    ("venues", "paper"),
    ("config", "check"),
    ("status",),
    ("orders",),
    ("orders", "--all"),
    ("positions",),
    ("approvals", "list"),
    ("approvals", "list", "--state", "all"),
    ("audit", "tail"),
    ("audit", "search", "buy"),
    ("audit", "stats"),
    ("audit", "export"),
    ("risk", "explain"),
    ("risk", "explain", "--agent"),
    ("doctor",),
    ("halt",),
    ("resume",),
    ("client", "install", "cursor"),
]
NEEDS_ROWS = [("audit", "verify"), ("approvals", "show", "{approval}"), ("orders", "{order}")]

#: They do not read the configuration, or report it as a finding.
UNCONFIGURED = ("venues", "client", "doctor")


def words(command: tuple[str, ...], recorded: Any) -> list[str]:
    return [word.format(approval=recorded.approval, order=recorded.orders["stop"]) for word in command]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("filled", [False, True], ids=["on nothing", "on a store"])
def test_every_command_answers_and_in_json_with_exactly_one_object(
    venuekit: Any, request: pytest.FixtureRequest, command: tuple[str, ...], filled: bool
) -> None:
    config = request.getfixturevalue("recorded").config if filled else request.getfixturevalue("empty")
    ran = venuekit(*command, "--json", config=config)
    assert ran.code == exits.OK, ran
    assert isinstance(ran.json, dict)
    assert venuekit(*command, config=config).code == exits.OK


@pytest.mark.parametrize("command", [*COMMANDS, *NEEDS_ROWS], ids=" ".join)
def test_no_command_shows_a_secret(venuekit: Any, recorded: Any, command: tuple[str, ...]) -> None:
    with recorded.config.open("a") as file:
        file.write('\n[venues.other]\napi_secret = "hunter2hunter2"\n')
    for flags in ([], ["--json"]):
        ran = venuekit(*words(command, recorded), *flags, config=recorded.config)
        assert ran.code == exits.OK, ran
        assert "hunter2" not in ran.out + ran.err


@pytest.mark.parametrize("command", [c for c in (*COMMANDS, *NEEDS_ROWS) if c[0] not in UNCONFIGURED], ids=" ".join)
def test_a_bad_configuration_is_one_line_and_one_document(
    venuekit: Any, recorded: Any, tmp_path: Path, command: tuple[str, ...]
) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_text("[desk]\nvenu = 'paper'\n")
    ran = venuekit(*words(command, recorded), "--json", config=bad)
    assert ran.code == exits.USAGE
    assert ran.json["error"]["field"] == "desk.venu"
    assert ran.err == f"{bad}: unknown key desk.venu. Did you mean venue?\n"


@pytest.mark.parametrize("command", [("--help",), ("audit", "verify", "--help"), ("halt", "-h"), ()], ids=" ".join)
def test_help_is_on_standard_output_and_no_error(venuekit: Any, command: tuple[str, ...]) -> None:
    ran = venuekit(*command)
    assert (ran.code, ran.err) == (exits.OK, "")
    assert ran.out.startswith("Usage: venuekit")


def test_the_version_is_the_packages(venuekit: Any) -> None:
    assert venuekit("--version").out.strip() == VERSION


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (["statsu"], 'Did you mean "status"'),
        (["approvals", "aprove", "x"], 'Did you mean "approve"'),
        (["orders", "--al"], "--al"),
        (["halt", "--wait", "soon"], "--wait"),
        (["approvals", "show"], "venuekit approvals show --help"),
        (["client", "install"], "venuekit client install --help"),
        (["resume", "now"], "now"),
    ],
    ids=lambda words: " ".join(words) if isinstance(words, list) else "",
)
def test_wrong_words_are_one_line_that_points_to_the_help(venuekit: Any, command: list[str], says: str) -> None:
    ran = venuekit(*command)
    assert (ran.code, ran.out) == (exits.USAGE, "")
    assert ran.err.count("\n") == 1
    assert says in ran.err
    assert "--help" in ran.err
    assert venuekit(*command, "--json").json["error"]["code"] == "USAGE"


def test_a_bug_becomes_a_sentence_without_a_traceback_and_without_secrets(
    venuekit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: list[str]) -> int:
        raise RuntimeError("cannot sign with api_key=hunter2hunter2")

    monkeypatch.setattr(app, "_dispatch", broken)
    ran = venuekit("status", "--json")
    assert ran.code == exits.FAILED
    assert ran.json["error"]["code"] == "INTERNAL_ERROR"
    assert "RuntimeError" in ran.err
    assert "hunter2" not in ran.out + ran.err
    assert "Traceback" not in ran.err


def test_ctrl_c_exits_as_shells_expect(venuekit: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: list[str]) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(app, "_dispatch", interrupted)
    ran = venuekit("status")
    assert (ran.code, ran.out, ran.err) == (exits.INTERRUPTED, "", "")


def test_a_reader_that_has_seen_enough_is_no_error(recorded: Any) -> None:
    command = f"{sys.executable} -c 'from venuekit.cli.app import main; main()' audit export --config {recorded.config}"
    done = subprocess.run(
        ["sh", "-c", f"{{ {command}; echo code $? >&2; }} | head -c 1 >/dev/null"],
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.stderr == "code 0\n"


def test_a_command_of_another_package_is_called_with_its_words(
    venuekit: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "someones.py").write_text("def greet(words):\n    print('hello', *words)\n    return 7\n")
    monkeypatch.syspath_prepend(tmp_path)
    point = EntryPoint("greet", "someones:greet", app.PLUGINS)
    monkeypatch.setattr(app, "_plugins", lambda: {"greet": point})
    ran = venuekit("greet", "you", "--json")
    assert (ran.code, ran.out) == (7, "hello you --json\n")
    assert "greet" in venuekit("--help").out


def test_a_command_whose_package_is_missing_says_how_to_install_it(
    venuekit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "_plugins", dict)
    ran = venuekit("demo", "--json")
    assert ran.code == exits.USAGE
    assert "pip install venuekit-mcp" in ran.json["error"]["fix"]


def every_error() -> list[type[errors.VenuekitError]]:
    found, todo = [], [errors.VenuekitError]
    while todo:
        kind = todo.pop()
        found.append(kind)
        todo += kind.__subclasses__()
    return sorted(
        (k for k in found if k.__module__ == errors.__name__ and k is not errors.VenuekitError),
        key=lambda k: k.__name__,
    )


@pytest.mark.parametrize("kind", every_error(), ids=lambda kind: kind.__name__)
def test_an_errors_exit_code_follows_what_the_caller_does_next(kind: type[errors.VenuekitError]) -> None:
    error = kind("x", retry_after=1.0) if kind is errors.RateLimited else kind("x")  # type: ignore[call-arg]
    code = exits.exit_code(error)
    if isinstance(error, errors.Unavailable | errors.OutcomeUnknown | errors.JournalUnavailable):
        assert code == exits.UNAVAILABLE
    elif isinstance(error, errors.Refused | errors.Rejected):
        assert code == exits.REFUSED
    elif isinstance(error, errors.UnknownOrder | errors.UnknownApproval | errors.StoreDamaged | errors.InternalError):
        assert code == exits.FAILED
    else:
        assert code == exits.USAGE


def test_the_operators_page_lists_every_exit_code() -> None:
    page = (Path(__file__).parents[3] / "docs/operator.md").read_text(encoding="utf-8")
    listed = {line.split("|")[1].strip() for line in page.splitlines() if line.startswith("|")}
    codes = {str(value) for name, value in vars(exits).items() if name.isupper()}
    assert codes <= listed


def test_what_came_from_elsewhere_cannot_move_the_cursor_or_forge_a_line(venuekit: Any, recorded: Any) -> None:
    ran = venuekit("orders", "\x1b[2J\x1b[31mFAKE\u202egnp", config=recorded.config)
    assert ran.code == exits.FAILED
    assert "\x1b" not in ran.err
    assert "\u202e" not in ran.err
    assert json.dumps(ran.err).count("\\n") == 1


def test_options_that_every_command_has_may_stand_before_it(venuekit: Any, recorded: Any) -> None:
    before = venuekit("--json", "--config", str(recorded.config), "orders", "--all")
    assert before == venuekit("orders", "--all", "--json", config=recorded.config)
    assert venuekit("--config", str(recorded.config), "positions").out


@pytest.mark.parametrize(
    ("command", "field"),
    [
        (["approvals", "list", "--limit", "0"], "limit"),
        (["orders", "--all", "--limit", "-3"], "limit"),
        (["audit", "tail", "-n", "1000001"], "number"),
        (["halt", "--wait", "nan"], "wait"),
        (["halt", "--wait", "inf"], "wait"),
        (["halt", "--wait=-1"], "wait"),
        (["approvals", "approve", "{approval}", "--wait", "nan"], "wait"),
    ],
    ids=lambda words: " ".join(words) if isinstance(words, list) else "",
)
def test_a_number_that_cannot_be_is_refused_before_anything_is_done(
    venuekit: Any, recorded: Any, command: list[str], field: str
) -> None:
    ran = venuekit(*words(tuple(command), recorded), "--json", config=recorded.config)
    assert ran.code == exits.USAGE
    assert ran.json["error"]["field"] == field
    status = venuekit("status", "--json", config=recorded.config).json
    assert status["control"]["state"] == "ACTIVE"
    assert status["desks"][0]["pending_approvals"] == 1
