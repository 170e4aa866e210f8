"""What an operator sees of a desk that is closed: tables for people, one JSON document for programs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from venuekit.cli.exits import FAILED, OK, USAGE


def column(lines: list[str], name: str) -> list[str]:
    """The cells below a heading, as far as they line up with it."""
    start = lines[0].index(name)
    return [line[start:].split("  ")[0].strip() for line in lines[1:]]


def test_status_names_the_store_the_state_and_what_needs_a_person(venuekit: Any, recorded: Any) -> None:
    ran = venuekit("status", config=recorded.config)
    assert ran.code == OK
    assert ran.lines[0] == f"store    sqlite:///{recorded.store}"
    assert ran.lines[1] == "trading  ACTIVE"
    assert re.search(r"^paper:default +closed +shadow +ACTIVE +3 +0 +1 +", ran.out, re.MULTILINE)
    assert "venuekit approvals list" in ran.out


def test_status_as_json(venuekit: Any, recorded: Any) -> None:
    body = venuekit("status", "--json", config=recorded.config).json
    assert set(body) == {"store", "version", "control", "limits", "figures", "desks"}
    assert body["control"]["state"] == "ACTIVE"
    (desk,) = body["desks"]
    assert desk.pop("since_ns") < desk.pop("last_row_ns")
    assert desk == {
        "desk": "paper:default",
        "session_open": False,
        "running": False,
        "holder": None,
        "trading_state": "ACTIVE",
        "mode": "shadow",
        "environment": "paper",
        "open_orders": 3,
        "in_doubt": 0,
        "actions_in_doubt": 0,
        "pending_approvals": 1,
        "pace": [],
        "breakers": [],
    }


def test_orders_are_those_that_are_not_done(venuekit: Any, recorded: Any) -> None:
    ran = venuekit("orders", config=recorded.config)
    assert ran.code == OK
    assert column(ran.lines, "ORDER") == [recorded.orders[n] for n in ("resting", "large", "stop")]
    assert column(ran.lines, "STATUS") == ["OPEN", "PENDING_APPROVAL", "PENDING_TRIGGER"]
    assert set(column(ran.lines, "AGENT")) == {"night-bot"}


def test_all_orders_are_the_done_ones_too_the_last_changed_first(venuekit: Any, recorded: Any) -> None:
    body = venuekit("orders", "--all", "--json", config=recorded.config).json
    assert {o["id"]: o["status"] for o in body["orders"]}[recorded.orders["bought"]] == "FILLED"
    times = [o["updated_ns"] for o in body["orders"]]
    assert times == sorted(times, reverse=True)
    assert len(venuekit("orders", "--all", "--limit", "1", "--json", config=recorded.config).json["orders"]) == 1


def test_an_order_as_json_has_exact_numbers_as_text(venuekit: Any, recorded: Any) -> None:
    (order,) = (
        o
        for o in venuekit("orders", "--json", config=recorded.config).json["orders"]
        if o["id"] == recorded.orders["resting"]
    )
    assert set(order) >= {"desk", "id", "venue_order_id", "client_order_id", "status", "side", "type", "reason"}
    assert order["desk"] == "paper:default"
    assert float(order["size"]) == 0.01
    assert isinstance(order["price"], str)
    assert order["post_only"] is True


def test_one_order_is_told_from_its_beginning_by_our_id_or_the_venues(venuekit: Any, recorded: Any) -> None:
    by_ours = venuekit("orders", recorded.orders["bought"], config=recorded.config)
    assert by_ours.code == OK
    assert [line.split()[1] for line in by_ours.lines[-3:]] == ["intent", "fill", "order"]
    body = venuekit("orders", recorded.orders["bought"], "--json", config=recorded.config).json
    assert body["order"]["status"] == "FILLED"
    assert [row["kind"] for row in body["history"]] == ["intent", "fill", "order"]
    theirs = venuekit("orders", body["order"]["venue_order_id"], "--json", config=recorded.config).json
    assert theirs == body


def test_a_refused_order_says_why(venuekit: Any, recorded: Any) -> None:
    ran = venuekit("orders", recorded.orders["refused"], config=recorded.config)
    assert ran.code == OK
    assert "one order may be worth 10000" in ran.out


def test_an_unknown_order_is_not_found(venuekit: Any, recorded: Any) -> None:
    ran = venuekit("orders", "nosuch", config=recorded.config)
    assert (ran.code, ran.out) == (FAILED, "")
    assert "venuekit orders --all" in ran.err


def test_positions_are_the_sum_of_the_fills(venuekit: Any, recorded: Any) -> None:
    ran = venuekit("positions", config=recorded.config)
    assert ran.code == OK
    assert re.search(r"^paper:default +BTC-USD +0\.020* ", ran.out, re.MULTILINE)
    (position,) = venuekit("positions", "--json", config=recorded.config).json["positions"]
    assert set(position) == {
        "desk",
        "venue",
        "account",
        "instrument",
        "size",
        "average_entry_price",
        "realized_pnl",
        "fees_paid",
        "updated_ns",
    }


@pytest.mark.parametrize("words", [("orders",), ("positions",), ("orders", "--all")])
def test_another_desk_has_none_of_it(venuekit: Any, recorded: Any, words: tuple[str, ...]) -> None:
    ran = venuekit(*words, "--desk", "paper:other", config=recorded.config)
    assert (ran.code, ran.out) == (OK, "")
    assert ran.err.startswith("No ")


def test_venues_lists_what_is_installed(venuekit: Any) -> None:
    ran = venuekit("venues")
    assert ran.code == OK
    assert "paper" in column(ran.lines, "VENUE")
    (paper,) = (v for v in venuekit("venues", "--json").json["venues"] if v["name"] == "paper")
    assert set(paper) == {"name", "title", "environment", "capabilities", "options", "tools"}


def test_one_venue_says_all_that_it_can_do(venuekit: Any) -> None:
    ran = venuekit("venues", "paper")
    assert ran.code == OK
    for word in ("idempotent_submit", "STOP_LIMIT", "GTD", "own_fills", "seed"):
        assert word in ran.out
    assert venuekit("venues", "paper", "--json").json["venue"]["name"] == "paper"


def test_an_adapter_that_is_not_installed_is_named_with_those_that_are(venuekit: Any) -> None:
    ran = venuekit("venues", "papr")
    assert ran.code == USAGE
    listed = ran.err.partition("installed: ")[2].partition(".")[0].split(", ")
    assert "paper" in listed
    assert listed == sorted(listed)
    assert "Did you mean 'paper'?" in ran.err


def test_explain_says_of_every_limit_its_value_its_source_and_what_it_refused(venuekit: Any, recorded: Any) -> None:
    rows = {r["name"]: r for r in venuekit("risk", "explain", "--json", config=recorded.config).json["parameters"]}
    assert rows["risk.max_order_notional"]["code"].endswith("order_limits.MaxOrderNotional.check")
    assert rows["risk.max_order_notional"]["value"] == "10000"
    assert rows["risk.max_order_notional"]["source"] == f"file {recorded.config}:7"
    assert rows["risk.max_order_notional"]["refused_agents"] == {"night-bot": 1}
    assert rows["risk.price_collar"]["source"] == "default"
    table = venuekit("risk", "explain", config=recorded.config)
    assert table.code == OK
    assert {line.split()[0] for line in table.lines if "." in line.split(" ")[0]} >= {n for n in rows if "." in n}
    assert "Refusals are counted since 20" in table.out
    assert venuekit("risk", "set", "max_order_notional", "500", "--reason", "news", config=recorded.config).code == OK
    changed = venuekit("risk", "explain", config=recorded.config).out
    assert "500 (configured: 10000)" in changed
    assert "changed to 500 by alice at 20" in changed


def test_explain_counts_the_refusals_of_one_desk(venuekit: Any, recorded: Any) -> None:
    rows = venuekit("risk", "explain", "--desk", "paper:other", "--json", config=recorded.config).json["parameters"]
    assert {r["refused_count"] for r in rows} == {0}


def test_explain_shows_the_limits_that_an_agent_has_without_a_file(venuekit: Any) -> None:
    rows = {r["name"]: r for r in venuekit("risk", "explain", "--agent", "--json").json["parameters"]}
    assert rows["risk.max_order_notional"]["value"] == "10000"
    assert rows["risk.max_order_notional"]["source"] == "default for agents"


def test_explain_names_the_variable_that_a_value_comes_from(
    venuekit: Any, empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VENUEKIT__RISK__MAX_OPEN_ORDERS", "3")
    rows = {r["name"]: r for r in venuekit("risk", "explain", "--json", config=empty).json["parameters"]}
    assert rows["risk.max_open_orders"]["value"] == "3"
    assert rows["risk.max_open_orders"]["source"] == "environment VENUEKIT__RISK__MAX_OPEN_ORDERS"
