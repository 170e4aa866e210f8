"""What is committed under servers/ is what the generator writes now."""

from __future__ import annotations

from pathlib import Path

import pytest

from venuekit_mcp.generate import differences, generated, main

SERVERS = Path(__file__).parents[2] / "servers"


@pytest.mark.parametrize("venue", sorted(p.name for p in SERVERS.iterdir() if (p / "pyproject.toml").is_file()))
def test_the_server_is_as_generated(venue: str) -> None:
    drift = differences(generated(venue), SERVERS / venue)
    assert drift == [], "The committed server is not what the adapter gives now; run: nox -s generate"


def test_generating_twice_gives_the_same_bytes() -> None:
    assert generated("paper") == generated("paper")


def test_the_command_says_what_differs_and_how_to_mend_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["paper", "--out", str(tmp_path), "--check"]) == 1
    said = capsys.readouterr().err
    assert f"missing: {tmp_path / 'paper' / 'server.json'}" in said
    assert "run: nox -s generate" in said
    assert not (tmp_path / "paper").exists()


def test_a_venue_that_is_not_installed_is_refused_with_the_command_that_installs_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["nowhere", "--out", str(tmp_path)]) == 2
    assert "pip install venuekit-nowhere" in capsys.readouterr().err
