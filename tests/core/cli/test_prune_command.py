"""`venuekit audit prune` as an operator uses it: proved, copied, sealed, told; and what it refuses."""

from __future__ import annotations

import gzip
import json
import sqlite3
import stat
from pathlib import Path
from typing import Any

import pytest

from venuekit.cli.exits import FAILED, OK, USAGE

FAR = ["--before", "2100-01-01"]


def rows(venuekit: Any, config: Path) -> int:
    verified = venuekit("audit", "verify", "--json", config=config).json
    assert verified["ok"], verified["problem"]
    return int(verified["rows"])


def test_old_rows_go_into_a_file_that_proves_them_and_joins_what_is_left(
    venuekit: Any, recorded: Any, tmp_path: Path
) -> None:
    had = rows(venuekit, recorded.config)
    file = tmp_path / "old.jsonl.gz"
    ran = venuekit("audit", "prune", *FAR, "--export", str(file), "--by", "ann", config=recorded.config)
    assert (ran.code, ran.err) == (OK, "")
    assert f"rows up to row {had} removed" in ran.out
    assert "old.jsonl.gz, sha256 " in ran.out
    assert len(gzip.decompress(file.read_bytes()).splitlines()) == had
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    verified = venuekit("audit", "verify", config=recorded.config)
    assert f"after {had} that were pruned" in verified.out
    joins = venuekit("audit", "verify", "--file", str(file), config=recorded.config)
    assert f"It joins the store: its end is the cut that row {had + 1} of the store seals." in joins.out
    alone = venuekit("audit", "verify", "--alone", "--file", str(file), "--json", config=recorded.config).json
    assert (alone["ok"], alone["rows"], alone["pruned"]) == (True, had, 0)
    told = venuekit("audit", "tail", "-n", "1", config=recorded.config).lines[1]
    assert "action=prune by=ann source=cli removed=" in told


def test_orders_positions_and_status_are_as_before(venuekit: Any, recorded: Any) -> None:
    asked = [["orders"], ["orders", "--all"], ["positions"], ["approvals", "list"], ["status"]]

    def answers() -> list[Any]:
        return [venuekit(*words, "--json", config=recorded.config).json for words in asked]

    before = answers()
    for position in before[2]["positions"]:
        position["updated_ns"] = 0  # a holding that was written down does not say when it came about
    assert venuekit("audit", "prune", *FAR, "--no-export", config=recorded.config).code == OK
    after = answers()
    for told in (before[-1], after[-1]):
        for desk in told["desks"]:
            desk.pop("last_row_ns", None), desk.pop("last_ns", None), desk.pop("rows", None)
    assert after == before


def test_it_goes_on_from_the_last_cut_into_the_folder_that_is_configured(
    venuekit: Any, recorded: Any, tmp_path: Path
) -> None:
    folder = tmp_path / "exports"
    recorded.config.write_text(
        f'{recorded.config.read_text()}\n[audit]\nkeep_days = 1\nexport_folder = "{folder}"\n', encoding="utf-8"
    )
    first = venuekit("audit", "prune", *FAR, "--json", config=recorded.config).json
    second = venuekit("audit", "prune", *FAR, "--json", config=recorded.config).json
    assert (first["export"]["first"], second["export"]["first"]) == (1, first["cut"] + 1)
    files = [
        option for file in sorted(folder.iterdir(), key=lambda f: f.stat().st_mtime_ns) for option in ("--file", file)
    ]
    both = venuekit("audit", "verify", *map(str, files), config=recorded.config)
    assert (both.code, "It joins the store" in both.out) == (OK, True)
    again = venuekit("audit", "prune", "--before", "2000-01-01", config=recorded.config)
    assert (again.code, again.out) == (OK, "")
    assert "No row before 2000-01-01" in again.err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "--before DATE or --keep-days N"),
        (["--before", "soon"], "before"),
        (["--keep-days", "0", "--no-export"], "keep-days must be 1 or more"),
        (FAR, "--export FILE"),
        ([*FAR, "--export", "/no/such/folder/x.jsonl"], "cannot be written"),
    ],
)
def test_what_is_not_said_is_asked_for_and_nothing_is_removed(
    venuekit: Any, recorded: Any, words: list[str], says: str
) -> None:
    had = rows(venuekit, recorded.config)
    ran = venuekit("audit", "prune", *words, config=recorded.config)
    assert ran.code == USAGE
    assert says in ran.err
    assert rows(venuekit, recorded.config) == had


def test_a_file_that_is_there_is_not_replaced(venuekit: Any, recorded: Any, tmp_path: Path) -> None:
    file = tmp_path / "mine.jsonl"
    file.write_text("mine")
    assert venuekit("audit", "prune", *FAR, "--export", str(file), config=recorded.config).code == USAGE
    assert file.read_text() == "mine"


def test_a_chain_that_is_broken_is_not_pruned(venuekit: Any, recorded: Any, tmp_path: Path) -> None:
    database = sqlite3.connect(recorded.store)
    database.execute("UPDATE journal SET body = replace(body, 'BUY', 'SELL') WHERE kind = 'fill'")
    database.commit()
    database.close()
    ran = venuekit("audit", "prune", *FAR, "--export", str(tmp_path / "x.jsonl"), config=recorded.config)
    assert ran.code == FAILED
    assert "Nothing was removed" in ran.out
    assert not (tmp_path / "x.jsonl").exists()


def test_a_broken_off_export_is_gone_on_with(venuekit: Any, recorded: Any, tmp_path: Path) -> None:
    whole, part = tmp_path / "whole.jsonl", tmp_path / "part.jsonl"
    assert venuekit("audit", "export", str(whole), config=recorded.config).code == OK
    part.write_bytes(whole.read_bytes()[:2000])
    assert venuekit("audit", "export", str(part), config=recorded.config).code == USAGE
    assert venuekit("audit", "export", str(part), "--resume", config=recorded.config).code == OK
    assert part.read_bytes() == whole.read_bytes()
    part.write_bytes(whole.read_bytes()[:1500].replace(b"BTC", b"ETH"))
    assert "cannot be gone on with" in venuekit("audit", "export", str(part), "--resume", config=recorded.config).err
    packed = venuekit("audit", "export", str(tmp_path / "x.jsonl.gz"), "--resume", config=recorded.config)
    assert packed.code == USAGE


def test_an_export_of_some_time_proves_itself_and_joins(venuekit: Any, recorded: Any, tmp_path: Path) -> None:
    listed = venuekit("audit", "tail", "-n", "6", "--json", config=recorded.config).json["rows"]
    since, until = listed[0]["time"], listed[-1]["time"]
    file = tmp_path / "some.jsonl.gz"
    ran = venuekit("audit", "export", str(file), "--since", since, "--until", until, config=recorded.config)
    assert ran.code == OK
    lines = [json.loads(line) for line in gzip.decompress(file.read_bytes()).splitlines()]
    assert lines[0]["cut"] == lines[1]["sequence"] - 1
    assert lines[1]["time"] >= since
    assert lines[-1]["time"] < until
    assert (
        "It joins the store: its end is row"
        in venuekit("audit", "verify", "--file", str(file), config=recorded.config).out
    )
    file.write_bytes(file.read_bytes()[:-20])
    assert venuekit("audit", "verify", "--file", str(file), config=recorded.config).code == FAILED
