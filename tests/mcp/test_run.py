"""The server's command: exact words only, one line for a refusal to start, and nobody without a token."""

from __future__ import annotations

import hashlib
import os
import socket
import subprocess
import sys
from pathlib import Path

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from venuekit.errors import ConfigError
from venuekit.protocols.approver import Mode, Role
from venuekit.settings.schema import AgentSettings, DeskConfig, DeskSettings, OperatorSettings
from venuekit_mcp import http
from venuekit_mcp.http import tokens_of
from venuekit_mcp.run import configuration, flag_help, own_caller, parse

WORDS = {m.value for m in Mode}


@given(st.one_of(st.text(max_size=12), st.sampled_from(sorted(WORDS)).map(lambda w: w.upper())))
@example("LIVE")
@example("live ")
@example(" live")
@example("live\n")
@example("")
@example("true")
@example("1")
@example("ｌｉｖｅ")
@example("shadow,live")
def test_only_the_exact_words_choose_a_mode(text: str) -> None:
    if text in WORDS:
        assert parse("paper", [f"--mode={text}"]).mode.value == text
    else:
        with pytest.raises(ConfigError) as refused:
            parse("paper", [f"--mode={text}"])
        assert refused.value.field == "--mode"


def test_without_a_mode_it_only_reads() -> None:
    assert parse("paper", []).mode is Mode.READ_ONLY


def test_a_server_that_was_given_an_operators_token_refuses_to_start() -> None:
    environ = {**os.environ, "VENUEKIT_OPERATOR_TOKEN": "the token of ann, and of nobody else"}
    ran = subprocess.run(
        [sys.executable, "-m", "venuekit_mcp_paper"], env=environ, input="", capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stdout) == (2, "")
    assert len(ran.stderr.splitlines()) == 1
    assert "VENUEKIT_OPERATOR_TOKEN" in ran.stderr
    assert "the token of ann" not in ran.stderr


def test_an_operators_token_is_no_agents() -> None:
    token = "the token of ann, and of nobody else"
    config = DeskConfig(operators={"ann": OperatorSettings(token_sha256=hashlib.sha256(token.encode()).hexdigest())})
    with pytest.raises(ConfigError, match="operator's token"):
        tokens_of(config, "TOKEN", {"TOKEN": token})
    assert tokens_of(config, "TOKEN", {"TOKEN": "an agent's own token"}).caller(token) is None


@pytest.mark.parametrize(
    ("flags", "field"),
    [
        (["--role=boss"], "--role"),
        (["--role=Trader"], "--role"),
        (["--no-auth", "--host=0.0.0.0"], "--no-auth"),
        (["--port=70000"], "--port"),
        (["--port=-1"], "--port"),
    ],
)
def test_a_wrong_flag_is_named(flags: list[str], field: str) -> None:
    with pytest.raises(ConfigError) as refused:
        parse("paper", flags)
    assert refused.value.field == field


@pytest.mark.parametrize(
    "flags", [["--modes=live"], ["--mod=live"], ["--transport=sse"], ["--port=x"], ["--seed=x"], ["live"]]
)
def test_an_unknown_flag_or_word_refuses_to_start_in_one_line(
    flags: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parse("paper", flags)
    assert ended.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_only_the_simulated_venue_has_a_seed_and_accounts() -> None:
    names = {flag.partition(" ")[0] for flag, _ in flag_help("acme")}
    assert {"--mode", "--role", "--agent-id", "--config", "--transport", "--host", "--port"} <= names
    assert {"--toolsets", "--profile", "--help", "--version"} <= names
    assert {flag.partition(" ")[0] for flag, _ in flag_help("paper")} - names == {"--seed", "--account"}


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--mode", "LIVE"], "--mode"),
        (["--toolsets", "core,nope"], "nope"),
        (["--config", "nowhere.toml"], "nowhere.toml"),
        (["--transport", "http", "--token-env", "NOT_SET"], "NOT_SET"),
    ],
)
def test_the_command_refuses_to_start_with_one_line_and_code_2(tmp_path: Path, flags: list[str], words: str) -> None:
    command = [sys.executable, "-m", "venuekit_mcp_paper", *flags]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        env=environment(tmp_path),
    )
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("venuekit-mcp-paper: ")
    assert words in line


def environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "VENUEKIT__DESK__DATA_DIR": str(folder)}


def test_a_configuration_for_another_venue_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "desk.toml"
    file.write_text('[desk]\nvenue = "coinbase"\n', encoding="utf-8")
    with pytest.raises(ConfigError, match="coinbase"):
        configuration(parse("paper", ["--config", str(file)]), {})


def test_a_configuration_never_switches_the_command_to_live(tmp_path: Path) -> None:
    file = tmp_path / "desk.toml"
    file.write_text('[desk]\nvenue = "paper"\nmode = "live"\n', encoding="utf-8")
    assert configuration(parse("paper", ["--config", str(file)]), {}).desk.mode is Mode.READ_ONLY


CONFIG = DeskConfig(
    desk=DeskSettings(venue="paper", agent_id="one", role=Role.TRADER),
    agents={
        "one": AgentSettings(role=Role.ADMIN),
        "two": AgentSettings(role=Role.VIEWER, token_sha256=hashlib.sha256(b"second-agents-token").hexdigest().upper()),
    },
)


def test_an_agents_table_may_only_make_it_stricter() -> None:
    assert own_caller(CONFIG, "mcp-stdio").role is Role.TRADER
    strict = attrs.evolve(CONFIG, agents={"one": AgentSettings(role=Role.VIEWER, mode=Mode.READ_ONLY)})
    assert (own_caller(strict, "x").role, own_caller(strict, "x").mode) == (Role.VIEWER, Mode.READ_ONLY)


def test_tokens_name_their_agents_and_a_wrong_one_names_nobody() -> None:
    tokens = tokens_of(CONFIG, "MINE", {"MINE": "first-agents-token"})
    first, second = tokens.caller("first-agents-token"), tokens.caller("second-agents-token")
    assert first is not None
    assert second is not None
    assert [(c.agent_id, c.role, c.source) for c in (first, second)] == [
        ("one", Role.TRADER, "mcp-http"),
        ("two", Role.VIEWER, "mcp-http"),
    ]
    for wrong in ("", "first-agents-token ", "First-agents-token", hashlib.sha256(b"second-agents-token").hexdigest()):
        assert tokens.caller(wrong) is None


@pytest.mark.parametrize("token", ["", "short", "x" * 15])
def test_a_short_token_refuses_to_start(token: str) -> None:
    with pytest.raises(ConfigError, match="16"):
        tokens_of(CONFIG, "MINE", {"MINE": token})


def test_small_answers_leave_at_once() -> None:
    with http._listening("127.0.0.1", 0) as listening:  # asyncio sets TCP_NODELAY only on sockets that say TCP
        assert listening.proto == socket.IPPROTO_TCP
        with pytest.raises(ConfigError) as taken:
            http._listening("127.0.0.1", listening.getsockname()[1])
        assert taken.value.field == "--port"


def test_without_any_token_one_is_made_and_shown_once(capsys: pytest.CaptureFixture[str]) -> None:
    tokens = tokens_of(DeskConfig(), None, {})
    shown = capsys.readouterr().err.rpartition(" ")[2].strip()
    assert len(shown) >= 32
    assert tokens.caller(shown) is not None
    assert shown not in repr(tokens)
