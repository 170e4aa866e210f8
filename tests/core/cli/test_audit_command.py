"""Reading, proving and exporting the journal; whatever was done to the file, the row is named."""

from __future__ import annotations

import json
import re
import sqlite3
import stat
from pathlib import Path
from typing import Any

import pytest

from venuekit.cli.exits import FAILED, OK, UNAVAILABLE, USAGE
from venuekit.journal.export import verify_lines

ROW = {"time", "sequence", "time_ns", "kind", "desk", "subject", "agent_id", "body", "digest"}


def tamper(path: Path, *statements: str) -> None:
    database = sqlite3.connect(path)
    for statement in statements:
        database.execute(statement)
    database.commit()
    database.close()


def kinds(ran: Any) -> list[str]:
    return [row["kind"] for row in ran.json["rows"]]


def test_tail_shows_the_newest_rows_the_oldest_of_them_first(venuekit: Any, recorded: Any) -> None:
    ran = venuekit("audit", "tail", "-n", "3", config=recorded.config)
    assert ran.code == OK
    assert ran.lines[0].split() == ["ROW", "TIME", "KIND", "AGENT", "SUBJECT", "WHAT"]
    assert [line.split()[2] for line in ran.lines[1:]] == ["call", "session", "snapshot"]
    body = venuekit("audit", "tail", "-n", "3", "--json", config=recorded.config).json
    assert [set(row) for row in body["rows"]] == [ROW] * 3
    assert [row["sequence"] for row in body["rows"]] == [int(line.split()[0]) for line in ran.lines[1:]]


def test_every_kind_of_row_is_told_in_a_few_words(venuekit: Any, recorded: Any) -> None:
    told = {line.split()[2]: line for line in venuekit("audit", "tail", config=recorded.config).lines[1:]}
    assert told["call"].endswith("ok instrument=BTC-USD api_key=[redacted]")
    assert "BUY 0.02" in told["fill"]
    assert "RISK_REFUSED: The order is worth" in told["denied"]
    assert "PENDING asked: BUY 0.06 BTC" in told["approval"]
    assert told["snapshot"].endswith("3 live orders")
    assert told["session"].endswith("event=closed")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--kind", "fill"], ["fill"]),
        (["--kind", "fill", "--kind", "denied"], ["fill", "denied"]),
        (["--tool", "place_order"], ["call"]),
        (["--agent", "night-bot", "--kind", "approval"], ["approval"]),
        (["--agent", "nobody"], []),
        (["patience"], ["intent", "order", "snapshot"]),
        (["PATIENCE", "--kind", "intent"], ["intent"]),
        (["stop_price"], []),
        (["--since", "2100-01-01T00:00:00Z"], []),
        (["--until", "2020-01-01T00:00:00Z"], []),
        (["--kind", "fill", "--since", "2020-01-01T00:00:00Z", "--until", "2100-01-01T00:00:00+02:00"], ["fill"]),
        (["--desk", "paper:other"], []),
        (["--limit", "1"], ["snapshot"]),
    ],
)
def test_search_finds_what_matches_everything_given(
    venuekit: Any, recorded: Any, words: list[str], expected: list[str]
) -> None:
    assert kinds(venuekit("audit", "search", *words, "--json", config=recorded.config)) == expected


def test_search_by_subject_tells_the_life_of_one_order(venuekit: Any, recorded: Any) -> None:
    ran = venuekit("audit", "search", "--subject", recorded.orders["bought"], "--json", config=recorded.config)
    assert kinds(ran) == ["intent", "fill", "order"]


@pytest.mark.parametrize(
    ("words", "field"),
    [
        (["tail", "-n", "0"], "number"),
        (["tail", "--kind", "fills"], "kind"),
        (["search", "--limit", "-1"], "limit"),
        (["search", "--since", "yesterday"], "since"),
        (["search", "--until", "2026-11-21T10:00:00"], "until"),
        (["stats", "--since", ""], "since"),
    ],
)
def test_a_question_that_cannot_be_is_refused_by_its_field(
    venuekit: Any, recorded: Any, words: list[str], field: str
) -> None:
    ran = venuekit("audit", *words, "--json", config=recorded.config)
    assert ran.code == USAGE
    assert ran.json["error"]["field"] == field


def test_stats_count_the_rows_of_a_day_by_kind_and_agent(venuekit: Any, recorded: Any) -> None:
    body = venuekit("audit", "stats", "--json", config=recorded.config).json
    assert all(set(day) == {"day", "kind", "agent_id", "count"} for day in body["days"])
    counts = {(day["kind"], day["agent_id"]): day["count"] for day in body["days"]}
    assert counts["fill", "night-bot"] == 1
    assert counts["intent", "night-bot"] == 3
    total = len(venuekit("audit", "tail", "-n", "1000", "--json", config=recorded.config).json["rows"])
    assert sum(counts.values()) == total
    ran = venuekit("audit", "stats", config=recorded.config)
    assert ran.code == OK
    assert re.match(r"\d{4}-\d\d-\d\d +approval +night-bot +1", ran.lines[1])
    none = venuekit("audit", "stats", "--since", "2100-01-01T00:00:00Z", config=recorded.config)
    assert (none.code, none.out) == (OK, "")


def test_verify_of_a_whole_chain_says_so_with_its_head(venuekit: Any, recorded: Any) -> None:
    ran = venuekit("audit", "verify", config=recorded.config)
    assert ran.code == OK
    assert re.fullmatch(r"The chain is whole: \d+ rows\.\nhead [0-9a-f]{64}\n", ran.out)
    body = venuekit("audit", "verify", "--json", config=recorded.config).json
    assert set(body) == {"ok", "rows", "head", "problem", "sequence", "pruned", "kept"}
    assert body["ok"] is True
    assert body["head"] in ran.out


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("UPDATE journal SET body = replace(body, '0.02', '0.03') WHERE sequence = 2", 2),
        ("UPDATE journal SET agent_id = 'someone' WHERE sequence = 4", 4),
        ("DELETE FROM journal WHERE sequence = 3", 3),
        ("UPDATE journal SET sequence = 3 + 1000 WHERE sequence = 3", 3),
    ],
)
def test_verify_names_the_first_row_that_was_altered_or_removed(
    venuekit: Any, recorded: Any, change: str, named: int
) -> None:
    tamper(recorded.store, change)
    ran = venuekit("audit", "verify", config=recorded.config)
    assert ran.code == FAILED
    assert f"row {named} " in ran.out
    assert "backup" in ran.err
    body = venuekit("audit", "verify", "--json", config=recorded.config)
    assert (body.code, body.json["ok"], body.json["sequence"]) == (FAILED, False, named)


def test_verify_names_the_first_of_two_rows_that_changed_places(venuekit: Any, recorded: Any) -> None:
    tamper(
        recorded.store,
        "UPDATE journal SET sequence = -1 WHERE sequence = 3",
        "UPDATE journal SET sequence = 3 WHERE sequence = 4",
        "UPDATE journal SET sequence = 4 WHERE sequence = -1",
    )
    assert venuekit("audit", "verify", "--json", config=recorded.config).json["sequence"] == 3


def test_verify_names_the_row_of_a_flipped_byte(venuekit: Any, recorded: Any) -> None:
    content = bytearray(recorded.store.read_bytes())
    row = venuekit("audit", "search", "--kind", "fill", "--json", config=recorded.config).json["rows"][0]
    at = content.index(row["digest"].encode())
    content[at - 20] ^= 1
    recorded.store.write_bytes(bytes(content))
    ran = venuekit("audit", "verify", "--json", config=recorded.config)
    assert (ran.code, ran.json["sequence"]) == (FAILED, row["sequence"])


def test_verify_notices_rows_that_were_cut_off_at_the_end(venuekit: Any, recorded: Any) -> None:
    tamper(recorded.store, "DELETE FROM journal WHERE sequence > 10")
    ran = venuekit("audit", "verify", "--json", config=recorded.config)
    assert (ran.code, ran.json["sequence"]) == (FAILED, 11)
    assert "cut off" in ran.json["problem"]


def test_verify_of_what_is_no_database_says_so(venuekit: Any, recorded: Any) -> None:
    recorded.store.write_bytes(b"not a database, " * 512)
    ran = venuekit("audit", "verify", config=recorded.config)
    assert ran.code == FAILED
    assert "damaged" in ran.out
    status = venuekit("status", config=recorded.config)
    assert (status.code, status.out) == (UNAVAILABLE, "")
    assert "venuekit audit verify" in status.err


def test_verify_where_nothing_was_recorded_fails_and_makes_nothing(venuekit: Any, empty: Path) -> None:
    ran = venuekit("audit", "verify", config=empty)
    assert (ran.code, ran.out) == (FAILED, "")
    assert "nothing was recorded yet" in ran.err
    assert venuekit("audit", "verify", "--json", config=empty).json["ok"] is False
    assert not (empty.parent / "data").exists()


def test_a_head_kept_elsewhere_must_still_be_there(venuekit: Any, recorded: Any) -> None:
    row = venuekit("audit", "tail", "-n", "5", "--json", config=recorded.config).json["rows"][0]
    assert venuekit("audit", "verify", "--expected-head", row["digest"], config=recorded.config).code == OK
    ran = venuekit("audit", "verify", "--expected-head", "f" * 64, config=recorded.config)
    assert ran.code == FAILED
    assert "none has the digest" in ran.out


def test_an_anchor_file_remembers_the_head_from_one_verify_to_the_next(
    venuekit: Any, recorded: Any, tmp_path: Path
) -> None:
    anchor = tmp_path / "anchor.json"

    def verified() -> int:
        code: int = venuekit("audit", "verify", "--anchor", str(anchor), config=recorded.config).code
        return code

    assert verified() == OK
    kept = anchor.read_text()
    assert verified() == OK
    tamper(recorded.store, "DELETE FROM journal WHERE sequence > 10")
    for beside in recorded.store.parent.glob("*-anchor*"):
        beside.unlink()
    assert venuekit("audit", "verify", config=recorded.config).code == OK, "cut where nothing remembers"
    assert verified() == FAILED
    assert anchor.read_text() == kept


@pytest.mark.parametrize("text", ["", "[]", '{"head": "xyz", "rows": 1}', "\x00"])
def test_a_file_that_is_no_anchor_is_neither_believed_nor_replaced(
    venuekit: Any, recorded: Any, tmp_path: Path, text: str
) -> None:
    anchor = tmp_path / "notes.txt"
    anchor.write_text(text)
    ran = venuekit("audit", "verify", "--anchor", str(anchor), config=recorded.config)
    assert ran.code == USAGE
    assert "is not an anchor" in ran.err
    assert anchor.read_text() == text


def test_an_export_is_every_row_and_proves_itself(venuekit: Any, recorded: Any, tmp_path: Path) -> None:
    file = tmp_path / "journal.jsonl"
    ran = venuekit("audit", "export", str(file), config=recorded.config)
    assert ran.code == OK
    lines = file.read_text(encoding="utf-8").splitlines()
    assert f"{len(lines)} rows written" in ran.out
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    whole = venuekit("audit", "verify", "--json", config=recorded.config).json
    assert venuekit("audit", "verify", "--file", str(file), "--json").json == whole
    assert venuekit("audit", "export", config=recorded.config).lines == lines
    assert verify_lines(lines).head == whole["head"]


def test_a_changed_export_is_named_by_its_row(venuekit: Any, recorded: Any, tmp_path: Path) -> None:
    file = tmp_path / "journal.jsonl"
    venuekit("audit", "export", str(file), config=recorded.config)
    file.write_text(file.read_text().replace("0.02", "0.03"))
    ran = venuekit("audit", "verify", "--file", str(file), "--json")
    assert (ran.code, ran.json["sequence"]) == (FAILED, 2)


def test_an_export_to_a_file_that_is_there_replaces_nothing(venuekit: Any, recorded: Any, tmp_path: Path) -> None:
    file = tmp_path / "journal.jsonl"
    file.write_text("mine")
    ran = venuekit("audit", "export", str(file), config=recorded.config)
    assert ran.code == USAGE
    assert "File exists" in ran.err
    assert file.read_text() == "mine"


def test_an_export_as_one_document_has_the_same_rows(venuekit: Any, recorded: Any) -> None:
    lines = venuekit("audit", "export", config=recorded.config).lines
    body = venuekit("audit", "export", "--json", config=recorded.config).json
    assert body["rows"] == [json.loads(line) for line in lines]


def test_an_export_that_is_not_there_is_a_wrong_argument(venuekit: Any, tmp_path: Path) -> None:
    ran = venuekit("audit", "verify", "--file", str(tmp_path / "nowhere.jsonl"))
    assert ran.code == USAGE
    assert "cannot be read" in ran.err


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE journal SET body = '{' WHERE kind IN ('order', 'session', 'fill')",
        "UPDATE journal SET body = '[]' WHERE kind = 'order'",
        """UPDATE journal SET body = replace(body, '"OPEN"', '"AJAR"')""",
        """UPDATE journal SET body = replace(body, '"price":"', '"price":"x')""",
        "UPDATE journal SET kind = 'letter'",
        "UPDATE approvals SET body = '{'",
        "INSERT INTO control VALUES (1, 1, 'null')",
    ],
)
def test_a_store_that_was_tampered_with_is_told_in_our_words_by_every_command(
    venuekit: Any, recorded: Any, change: str
) -> None:
    tamper(recorded.store, change)
    commands = [["status"], ["orders"], ["orders", "--all"], ["positions"], ["approvals", "list"], ["audit", "tail"]]
    for words in [*commands, ["orders", recorded.orders["bought"]], ["risk", "explain"]]:
        ran = venuekit(*words, "--json", config=recorded.config)
        assert "Internal error" not in ran.err
        if ran.code == UNAVAILABLE:
            assert "venuekit audit verify" in ran.json["error"]["fix"]
    assert venuekit("audit", "verify", config=recorded.config).code == FAILED
