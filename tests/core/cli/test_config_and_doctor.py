"""A configuration and its surroundings are looked at as a desk would, and what is wrong is named with its remedy."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from venuekit.cli import doctor as doctor_file
from venuekit.cli.exits import FAILED, OK, UNAVAILABLE, USAGE

SECRET = "hunter2hunter2"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "desk.toml"


def test_a_good_configuration_says_what_a_desk_would_be(venuekit: Any, empty: Path) -> None:
    ran = venuekit("config", "check", str(empty))
    assert ran.code == OK
    assert "paper (paper), account default" in ran.out
    assert "The configuration is good." in ran.err
    body = venuekit("config", "check", "--json", config=empty).json
    assert set(body) == {"ok", "file", "venue", "account", "environment", "mode", "store", "set", "warnings"}
    assert body["ok"] is True
    assert body["mode"] == "shadow"
    assert body["set"]["risk.max_order_notional"] == f"file {empty}:7"


def test_checking_makes_nothing(venuekit: Any, empty: Path) -> None:
    venuekit("config", "check", config=empty)
    assert [p.name for p in empty.parent.iterdir()] == ["desk.toml"]


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("[risk]\nmax_order_notinal = '1'", "risk.max_order_notinal"),
        ("[risk]\nmax_order_notional = '1,000'", "risk.max_order_notional"),
        ("[desk]\nmode = 'Live'", "desk.mode"),
        ("[desk]\naccount = '../other'", "desk.account"),
        ("[venues.paper]\nsed = 7", "venues.paper.sed"),
        ("[venues.paper]\npace = 'fast'", "venues.paper.pace"),
        ("[[hours]]\ntimezone = 'Mars/Base'", "hours[0].timezone"),
        ("[store]\nsynchronous = 'off'", "store.synchronous"),
        ("[agents.bot]\nrole = 'root'", "agents.bot.role"),
    ],
)
def test_a_mistake_is_named_by_its_place(venuekit: Any, file: Path, text: str, field: str) -> None:
    file.write_text(text, encoding="utf-8")
    ran = venuekit("config", "check", str(file), "--json")
    assert ran.code == USAGE
    assert ran.json["error"]["code"] == "CONFIG_INVALID"
    assert ran.json["error"]["field"] == field


def test_a_venue_without_an_adapter_is_named_with_the_command_that_installs_it(venuekit: Any, file: Path) -> None:
    file.write_text("[desk]\nvenue = 'kraken'", encoding="utf-8")
    ran = venuekit("config", "check", str(file))
    assert ran.code == USAGE
    assert "pip install venuekit-kraken" in ran.err


def test_a_secret_that_others_can_read_is_warned_of_and_never_shown(venuekit: Any, file: Path) -> None:
    file.write_text(f'[venues.other]\napi_secret = "{SECRET}"\n', encoding="utf-8")
    file.chmod(0o644)
    ran = venuekit("config", "check", str(file))
    assert ran.code == OK
    assert "venues.other.api_secret" in ran.err
    assert "chmod 600" in ran.err
    assert SECRET not in ran.out + ran.err
    file.chmod(0o600)
    assert "Warning" not in venuekit("config", "check", str(file)).err


def test_a_secret_that_is_not_set_is_named_by_its_variable(venuekit: Any, file: Path) -> None:
    file.write_text('[venues.other]\napi_secret = "${VENUE_SECRET}"\n', encoding="utf-8")
    ran = venuekit("config", "check", str(file))
    assert ran.code == USAGE
    assert "VENUE_SECRET" in ran.err


def test_the_doctor_finds_a_fresh_machine_in_order(venuekit: Any) -> None:
    ran = venuekit("doctor")
    assert ran.code == OK
    body = venuekit("doctor", "--json").json
    assert body["ok"] is True
    assert {f["check"] for f in body["findings"]} == {
        "python",
        "packages",
        "adapters",
        "configuration",
        "venue",
        "disk",
        "store",
    }
    assert all(set(f) == {"check", "state", "message", "fix"} for f in body["findings"])


def test_the_doctor_connects_when_given_a_venue(venuekit: Any, empty: Path) -> None:
    body = venuekit("doctor", "paper", "--json", config=empty).json
    found = {f["check"]: f for f in body["findings"]}
    assert found["connection"]["state"] == "ok"
    assert "VIEW, TRADE" in found["connection"]["message"]
    assert "clock" in found


@pytest.mark.anyio
async def test_the_doctor_does_not_mind_a_desk_that_is_open(
    beside: Any, empty: Path, desk_of: Callable[..., Any]
) -> None:
    async with desk_of(empty):
        ran = await beside("doctor", "paper", config=empty)
    assert ran.code == OK, ran.out


def test_the_doctor_names_a_configuration_that_cannot_be(venuekit: Any, file: Path) -> None:
    file.write_text("[risk]\nmax_open_orders = 'many'", encoding="utf-8")
    ran = venuekit("doctor", "--json", config=file)
    assert ran.code == FAILED
    (bad,) = (f for f in ran.json["findings"] if f["state"] == "failed")
    assert "risk.max_open_orders" in bad["message"]


def test_a_venue_that_is_configured_wrongly_is_said_once(venuekit: Any, file: Path) -> None:
    file.write_text('[desk]\nvenue = "paper"\n[venues.paper]\nseeds = 7\n')
    findings = venuekit("doctor", "paper", "--json", config=file).json["findings"]
    assert [f["check"] for f in findings if f["state"] == "failed"] == ["venue"]


def test_the_doctor_names_a_folder_that_cannot_be_written(venuekit: Any, file: Path) -> None:
    file.write_text(f'[desk]\ndata_dir = "{file}/below"', encoding="utf-8")
    ran = venuekit("doctor", "--json", config=file)
    assert ran.code == FAILED
    (bad,) = (f for f in ran.json["findings"] if f["state"] == "failed")
    assert bad["check"] == "disk"
    assert "data_dir" in bad["fix"]


def test_the_doctor_names_a_store_whose_chain_is_broken(venuekit: Any, recorded: Any) -> None:
    database = sqlite3.connect(recorded.store)
    database.execute("UPDATE journal SET desk = 'x' WHERE sequence = 5")
    database.commit()
    database.close()
    ran = venuekit("doctor", config=recorded.config)
    assert ran.code == FAILED
    assert "row 5 was altered" in ran.out


def test_the_doctor_warns_of_little_room(venuekit: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_file, "_LITTLE_DISK", 2**80)
    ran = venuekit("doctor")
    assert ran.code == OK
    assert "warning  disk" in ran.out
    assert "make room" in ran.out


def test_a_store_in_a_place_that_cannot_be_is_unavailable_for_writing(venuekit: Any, file: Path) -> None:
    file.write_text(f'[desk]\ndata_dir = "{file}/below"', encoding="utf-8")
    ran = venuekit("halt", "--json", config=file)
    assert ran.code == UNAVAILABLE
    assert ran.json["error"]["code"] == "JOURNAL_UNAVAILABLE"


def test_a_desk_that_cannot_have_its_folder_says_which_setting_names_another(file: Path) -> None:
    import asyncio

    from venuekit import ConfigError, open_desk

    file.write_text(f'[desk]\ndata_dir = "{file}/below"', encoding="utf-8")

    async def attempt() -> None:
        async with open_desk(file, environ={}):
            raise AssertionError

    with pytest.raises(ConfigError, match="data_dir") as refused:
        asyncio.run(attempt())
    assert refused.value.field == "desk.data_dir"


def test_a_store_while_another_process_writes_can_be_looked_at(venuekit: Any, recorded: Any) -> None:
    other = sqlite3.connect(recorded.store, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        assert venuekit("status", config=recorded.config).code == OK
        assert venuekit("audit", "verify", config=recorded.config).code == OK
    finally:
        other.execute("ROLLBACK")
        other.close()


def test_a_store_of_a_newer_version_is_refused_with_the_fix(venuekit: Any, recorded: Any) -> None:
    database = sqlite3.connect(recorded.store)
    database.execute("PRAGMA user_version = 99")
    database.close()
    ran = venuekit("status", "--json", config=recorded.config)
    assert ran.code == USAGE
    assert "Upgrade venuekit" in json.loads(ran.out)["error"]["fix"]
