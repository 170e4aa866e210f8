"""`venuekit actions`: what was done, what is in doubt, and a person who says what became of it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from acted import action, keep_action

from venuekit.cli.exits import OK, USAGE
from venuekit.model.action import ActionStatus


@pytest.fixture
def doubtful(recorded: Any) -> Any:
    asyncio.run(keep_action(recorded.store))
    return recorded


def test_what_is_in_doubt_is_seen_wherever_an_operator_looks(venuekit: Any, doubtful: Any) -> None:
    listed = venuekit("actions", "list", "--status", "doubt", config=doubtful.config)
    assert listed.code == OK
    for word in ("act1", "IN_DOUBT", "night-bot", "Lock 10 USD", "venuekit actions settle ID"):
        assert word in listed.out
    assert "1 actions have no answer: venuekit actions list" in venuekit("status", config=doubtful.config).out
    assert venuekit("status", "--json", config=doubtful.config).json["desks"][0]["actions_in_doubt"] == 1
    (store,) = [
        f for f in venuekit("doctor", "--json", config=doubtful.config).json["findings"] if f["check"] == "store"
    ]
    assert store["state"] == "warning"
    assert "lock act1" in store["message"]
    found = venuekit("audit", "search", "--kind", "action", config=doubtful.config)
    assert "IN_DOUBT lock: Lock 10 USD; The line went dead." in found.out


def test_one_action_is_shown_with_its_call_and_its_story(venuekit: Any, doubtful: Any) -> None:
    ran = venuekit("actions", "show", "act1", config=doubtful.config)
    assert ran.code == OK
    for word in ("IN_DOUBT: The line went dead.", "because", "r-1", "amount"):
        assert word in ran.out
    story = venuekit("actions", "show", "act1", "--json", config=doubtful.config).json["story"]
    assert [chapter["kind"] for chapter in story] == ["action"]


@pytest.mark.parametrize(("flag", "status"), [("--done", "DONE"), ("--no-done", "REJECTED")])
def test_a_person_settles_it_once(venuekit: Any, doubtful: Any, flag: str, status: str) -> None:
    ran = venuekit("actions", "settle", "act1", flag, "--note", "looked at the vault", config=doubtful.config)
    assert ran.code == OK
    assert f"Action act1 is {status}" in ran.out
    assert "says alice (cli, os user): looked at the vault" in ran.out
    again = venuekit("actions", "settle", "act1", "--done", "--json", config=doubtful.config)
    assert again.json["error"]["code"] == "ACTION_NOT_IN_DOUBT"
    assert "have no answer" not in venuekit("status", config=doubtful.config).out
    assert venuekit("audit", "verify", config=doubtful.config).code == OK


def test_it_says_which_action_and_what_is_meant(venuekit: Any, doubtful: Any) -> None:
    assert venuekit("actions", "show", "nothing", "--json", config=doubtful.config).json["error"]["code"] == (
        "UNKNOWN_ACTION"
    )
    assert venuekit("actions", "settle", "act1", config=doubtful.config).code == USAGE  # done, or not?
    assert venuekit("actions", "list", "--status", "lost", "--json", config=doubtful.config).json["error"]["field"] == (
        "status"
    )
    assert venuekit("actions", "list", "--status", "done", "--json", config=doubtful.config).json == {"actions": []}


def test_an_action_that_is_being_sent_is_not_settled_beside_its_desk(
    venuekit: Any, recorded: Any, desk_of: Any, beside: Any
) -> None:
    async def story() -> None:
        async with desk_of(recorded.config) as desk:
            desk._parts.actions_later._tools = {}  # the desk itself would find it, and call it in doubt
            assert await desk.store.put_action(None, action(status=ActionStatus.SENDING))
            ran = await beside("actions", "settle", "act1", "--done", "--json", config=recorded.config)
            assert ran.json["error"]["message"] == "The action act1 is being sent now."
        ran = await beside("actions", "settle", "act1", "--done", "--json", config=recorded.config)
        assert ran.json["action"]["status"] == "DONE"

    asyncio.run(story())
