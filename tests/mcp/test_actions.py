"""A venue's own tool that acts: it waits as an order does, tells its result when called again, and is done once."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import mcp_types as mt
import pytest

from venuekit.model.action import ActionStatus
from venuekit.protocols.approver import Caller, Operator, Role
from venuekit.settings.schema import ApprovalSettings

pytestmark = pytest.mark.anyio
GIFT = {"to": "ann", "amount": "50", "reason": "her birthday"}
ABOVE = ApprovalSettings(require_above=Decimal(20))
DIALOG = ApprovalSettings(require_above=Decimal(20), elicitation=True)
TOOLS = ("core", "gifts", "simulation")
ANN = Operator(name="ann", source="cli")


async def give(c, **more):
    return await c.call_tool("give_away", GIFT | more)


async def test_it_is_done_at_once_where_nobody_has_to_be_asked(bench, era):
    async with bench(toolsets=TOOLS) as b, b.client(era) as c:
        body = (await give(c)).structured_content
        assert (body["status"], body["result"]) == ("DONE", {"to": "ann", "total": "50"})
        assert (body["summary"]["text"], body["next_step"]) == ("Give 50 USD to ann", "")
        assert b.desk.factory.gifts[0].to == "ann"
        (action,) = await b.desk.actions()
        assert (action.reason, action.agent_id) == ("her birthday", "agent")


async def test_it_waits_says_how_and_gives_its_result_when_called_again(bench, era):
    async with bench(approval=ABOVE, toolsets=TOOLS) as b, b.client(era) as c:
        body = (await give(c)).structured_content
        assert body["status"] == "PENDING_APPROVAL"
        assert f"venuekit approvals approve {body['approval_id']}" in body["next_step"]
        assert f"action_id {body['action_id']}" in body["next_step"]
        (waiting,) = (await c.call_tool("get_approval_status", {})).structured_content["approvals"]
        assert (waiting["tool"], waiting["order_id"], waiting["notional"]) == ("give_away", body["action_id"], "50")
        assert (await give(c)).structured_content == body
        await b.desk.approve(waiting["id"], ANN)
        for again in ({}, {"action_id": body["action_id"]}, {"amount": "50.00"}):
            told = (await give(c, **again)).structured_content
            assert (told["status"], told["result"]["total"]) == ("DONE", "50")
            assert "nothing more now. Another action_id does it once more." in told["next_step"]
        assert len(b.desk.factory.gifts) == 1


async def test_the_hosts_dialog_approves_it_in_both_eras(bench, era):
    asked = []

    async def yes(_, params):
        asked.append(params.message)
        return mt.ElicitResult(action="accept", content={"approve": True})

    async with bench(approval=DIALOG, toolsets=TOOLS) as b, b.client(era, elicitation_callback=yes) as c:
        body = (await give(c)).structured_content
        assert body["status"] == "DONE"
        assert asked == ["Approve this action? Give 50 USD to ann, up to 50 USD"]


async def test_the_hosts_dialog_denies_it_in_both_eras(bench, era):
    async def no(_, params):
        return mt.ElicitResult(action="decline")

    async with bench(approval=DIALOG, toolsets=TOOLS) as b, b.client(era, elicitation_callback=no) as c:
        denied = await give(c)
        assert (denied.is_error, denied.structured_content["code"]) == (True, "APPROVAL_REFUSED")
        again = (await give(c)).structured_content
        assert (again["status"], b.desk.factory.gifts) == ("DENIED", [])
        assert "Nothing was done" in again["next_step"]


async def test_a_replayed_answer_does_nothing(bench):
    async def yes(_, params):
        return mt.ElicitResult(action="accept", content={"approve": True})

    async with bench(approval=DIALOG, toolsets=TOOLS) as b, b.client(elicitation_callback=yes) as c:
        first = await c.session.call_tool("give_away", GIFT, allow_input_required=True)
        assert isinstance(first, mt.InputRequiredResult)
        answers = {"approve": mt.ElicitResult(action="accept", content={"approve": True})}
        results = [
            await c.session.call_tool(
                "give_away",
                GIFT,
                request_state=first.request_state,
                input_responses=answers,
                allow_input_required=True,
            )
            for _ in range(3)
        ]
        assert [r.is_error for r in results] == [False, True, True]
        assert len(b.desk.factory.gifts) == 1


async def test_what_has_no_answer_is_told_with_the_way_to_find_out(bench, era):
    async with bench(toolsets=TOOLS) as b, b.client(era) as c:
        doubt = await give(c, to="somebody silent", action_id="g1")
        assert doubt.is_error
        error = doubt.structured_content
        assert error["code"] == "OUTCOME_UNKNOWN"
        assert error["fix"].startswith("Do not send it again. Ask them.")
        assert (error["details"]["letter"], error["details"]["action_id"]) == ("l-1", "g1")
        again = (await give(c, to="somebody silent", action_id="g1")).structured_content
        assert again["status"] == "IN_DOUBT"
        assert "do not do it in another way" in again["next_step"]
        other = await give(c, to="somebody silent", action_id="g2")
        assert other.structured_content["code"] == "RISK_REFUSED"
        assert len(b.desk.factory.gifts) == 1
        assert b.desk.status().actions_in_doubt == 1


async def test_a_no_of_the_venue_and_a_wrong_argument_are_errors_with_a_code(bench):
    async with bench(toolsets=TOOLS) as b, b.client() as c:
        assert (await give(c, to="nobody")).structured_content["code"] == "REJECTED"
        wrong = (await give(c, amount="much")).structured_content
        assert (wrong["code"], wrong["field"]) == ("INVALID_VALUE", "amount")
        reused = await give(c, action_id="once")
        assert reused.structured_content["status"] == "DONE"
        assert (await give(c, action_id="once", amount="1")).structured_content["code"] == "ACTION_ID_REUSED"
        assert [a.status for a in await b.desk.actions()] == [ActionStatus.DONE, ActionStatus.REJECTED]


async def test_it_is_listed_as_what_it_is_and_only_to_traders(bench):
    async with bench(toolsets=TOOLS) as b, b.client() as c:
        tools = {t.name: t for t in (await c.list_tools()).tools}
        marks = tools["give_away"].annotations
        assert (marks.read_only_hint, marks.destructive_hint, marks.idempotent_hint) == (False, True, False)
        assert set(tools["give_away"].input_schema["properties"]) == {"to", "amount", "reason", "action_id"}
        assert tools["give_away"].input_schema["required"] == ["to", "amount"]
        assert "action_id" not in tools["nudge_market"].input_schema["properties"]  # it moves the simulation only
    viewer = Caller(agent_id="agent", role=Role.VIEWER, source="mcp-stdio")
    async with bench(toolsets=TOOLS, caller=viewer) as b, b.client() as c:
        assert "give_away" not in {t.name for t in (await c.list_tools()).tools}


async def test_two_calls_at_once_are_done_once(bench):
    async with bench(toolsets=TOOLS) as b, b.client() as c:
        results = await asyncio.gather(*(give(c, action_id="same") for _ in range(4)))
        assert {r.structured_content["status"] for r in results} == {"DONE"}
        assert len(b.desk.factory.gifts) == 1


async def test_capabilities_say_that_every_action_waits_only_where_that_is_so(bench):
    async with bench(toolsets=TOOLS) as b, b.client() as c:
        notes = (await c.call_tool("get_capabilities", {})).structured_content["notes"]
        assert not [n for n in notes if "wait for a person, each call" in n]
        b.desk._parts.checks.always_asks = True  # as in live mode at a real venue
        notes = (await c.call_tool("get_capabilities", {})).structured_content["notes"]
        assert [n for n in notes if "wait for a person, each call" in n]
        assert (await give(c, amount="1")).structured_content["status"] == "PENDING_APPROVAL"
