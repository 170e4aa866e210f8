"""A person decides elsewhere, or in the host's dialog where the operator trusts it; an answer works once."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal

import attrs
import mcp_types as mt
import pytest
from mcp.shared.exceptions import MCPError

from venuekit.errors import ApprovalRefused
from venuekit.model.order import OrderStatus
from venuekit.model.times import iso
from venuekit.protocols.approver import Caller, Operator, Role
from venuekit.settings.credentials import digest
from venuekit.settings.schema import ApprovalSettings, OperatorSettings

pytestmark = pytest.mark.anyio
BUY = {"instrument": "BTC-USD", "side": "BUY", "order_type": "LIMIT", "size": "0.1", "price": "50010", "reason": "t"}
ABOVE = ApprovalSettings(require_above=Decimal(1000))
DIALOG = ApprovalSettings(require_above=Decimal(1000), elicitation=True)


def answering(action, asked, **content):
    async def elicit(_, params):
        asked.append(params.message)
        return mt.ElicitResult(action=action, content=content or None)

    return elicit


async def test_an_order_waits_says_how_and_goes_once_approved(bench, era):
    asked = []
    async with (
        bench(approval=ABOVE) as b,
        b.client(era, elicitation_callback=answering("accept", asked, approve=True)) as c,
    ):
        body = (await c.call_tool("place_order", BUY)).structured_content
        assert body["order"]["status"] == "PENDING_APPROVAL"
        assert "venuekit approvals approve" in body["next_step"]
        assert asked == []
        waiting = (await c.call_tool("get_approval_status", {})).structured_content["approvals"]
        assert [a["state"] for a in waiting] == ["PENDING"]
        await b.desk.approve(waiting[0]["id"], Operator(name="alice", source="cli"))
        status = (await c.call_tool("get_order_status", {"order_id": body["order"]["id"]})).structured_content
        assert status["order"]["status"] == "FILLED"
        used = (await c.call_tool("get_approval_status", {"approval_id": waiting[0]["id"]})).structured_content
        assert (used["approvals"][0]["state"], used["approvals"][0]["decided_by"]) == ("USED", "alice (cli)")


async def test_the_hosts_dialog_approves_in_both_eras(bench, era):
    asked = []
    async with (
        bench(approval=DIALOG) as b,
        b.client(era, elicitation_callback=answering("accept", asked, approve=True)) as c,
    ):
        body = (await c.call_tool("place_order", BUY)).structured_content
        assert body["order"]["status"] == "FILLED"
        assert len(asked) == 1
        assert "BTC-USD" in asked[0]
        assert len((await b.venue.fills(_fills())).items) == 1


@pytest.mark.parametrize(
    ("action", "content"), [("decline", {}), ("cancel", {}), ("accept", {"approve": False}), ("accept", {})]
)
async def test_anything_but_yes_denies_the_order(bench, era, action, content):
    asked = []
    async with (
        bench(approval=DIALOG) as b,
        b.client(era, elicitation_callback=answering(action, asked, **content)) as c,
    ):
        result = await c.call_tool("place_order", BUY)
        assert (result.is_error, result.structured_content["code"]) == (True, "APPROVAL_REFUSED")
        assert not await b.desk.open_orders()
        assert not (await b.venue.fills(_fills())).items


async def test_a_client_without_dialogs_is_told_how_a_person_decides(bench, era):
    async with bench(approval=DIALOG) as b, b.client(era) as c:
        body = (await c.call_tool("place_order", BUY)).structured_content
        assert body["order"]["status"] == "PENDING_APPROVAL"


async def _asked(c):
    first = await c.session.call_tool("place_order", BUY, allow_input_required=True)
    assert isinstance(first, mt.InputRequiredResult)
    return first


YES = {"approve": mt.ElicitResult(action="accept", content={"approve": True})}


async def test_a_replayed_answer_places_nothing(bench):
    async with bench(approval=DIALOG) as b, b.client(elicitation_callback=answering("accept", [])) as c:
        first = await _asked(c)
        results = [
            await c.session.call_tool(
                "place_order", BUY, request_state=first.request_state, input_responses=YES, allow_input_required=True
            )
            for _ in range(3)
        ]
        assert [r.is_error for r in results] == [False, True, True]
        assert results[1].structured_content["code"] == "APPROVAL_REFUSED"
        assert len((await b.venue.fills(_fills())).items) == 1


async def test_an_answer_for_other_arguments_places_nothing(bench):
    async with bench(approval=DIALOG) as b, b.client(elicitation_callback=answering("accept", [])) as c:
        first = await _asked(c)
        with pytest.raises(MCPError):
            await c.session.call_tool(
                "place_order",
                {**BUY, "size": "0.2"},
                request_state=first.request_state,
                input_responses=YES,
                allow_input_required=True,
            )
        assert not (await b.venue.fills(_fills())).items


async def test_a_forged_answer_without_our_question_is_asked_again(bench):
    async with bench(approval=DIALOG) as b, b.client(elicitation_callback=answering("accept", [])) as c:
        forged = await c.session.call_tool("place_order", BUY, input_responses=YES, allow_input_required=True)
        assert isinstance(forged, mt.InputRequiredResult)
        assert not (await b.venue.fills(_fills())).items


async def test_an_answer_of_another_agent_places_nothing(bench):
    now = [Caller(agent_id="asker", role=Role.TRADER)]
    async with (
        bench(approval=DIALOG, caller=lambda: now[0]) as b,
        b.client(elicitation_callback=answering("accept", [])) as c,
    ):
        first = await _asked(c)
        now[0] = Caller(agent_id="thief", role=Role.ADMIN)
        stolen = await c.session.call_tool(
            "place_order", BUY, request_state=first.request_state, input_responses=YES, allow_input_required=True
        )
        assert stolen.structured_content["code"] == "APPROVAL_REFUSED"
        assert not (await b.venue.fills(_fills())).items


async def test_one_decision_for_one_order_however_many_answers_come_at_once(bench):
    async with bench(approval=DIALOG) as b, b.client(elicitation_callback=answering("accept", [])) as c:
        first = await _asked(c)
        waiting = (await b.desk.approvals())[0]
        results = await asyncio.gather(
            *(
                c.session.call_tool(
                    "place_order",
                    BUY,
                    request_state=first.request_state,
                    input_responses=YES,
                    allow_input_required=True,
                )
                for _ in range(5)
            ),
            b.desk.approve(waiting.id, Operator(name="alice", source="cli")),
            return_exceptions=True,
        )
        assert len((await b.venue.fills(_fills())).items) == 1
        assert not any(isinstance(r, BaseException) and not isinstance(r, ApprovalRefused) for r in results)


async def test_closing_a_position_waits_and_goes_like_any_order(bench, era):
    asked = []
    async with (
        bench(approval=DIALOG) as b,
        b.client(era, elicitation_callback=answering("accept", asked, approve=True)) as c,
    ):
        await c.call_tool("place_order", BUY)
        closed = (await c.call_tool("close_position", {"instrument": "BTC-USD", "reason": "t"})).structured_content
        assert (closed["order"]["status"], closed["order"]["side"]) == ("FILLED", "SELL")
        assert len(asked) == 2


TOKENS = {name: f"the token of {name}" for name in ("alice", "bob")}
STAFF = {name: OperatorSettings(token_sha256=digest(token)) for name, token in TOKENS.items()}


def operator(name):
    return Operator(name=name, source="cli", token=TOKENS[name])


def two(**more):
    return ApprovalSettings(require_above=Decimal(1000), two_people_above=Decimal(2000), **more)


async def test_an_agent_is_told_who_has_to_decide_where_and_until_when(bench, era):
    page = "https://desk.example/"
    async with bench(approval=two(page_url=page), operators=STAFF) as b, b.client(era) as c:
        body = (await c.call_tool("place_order", BUY)).structured_content
        approval = (await b.desk.approvals())[0]
        until = iso(approval.expires_ns - approval.expires_ns % 10**9)
        for word in ("2 different operators", f"https://desk.example/approvals/{approval.id}", until, "No tool can"):
            assert word in body["next_step"]
        await b.desk.approve(approval.id, operator("alice"))
        (row,) = (await c.call_tool("get_approval_status", {})).structured_content["approvals"]
        assert (row["people_needed"], row["approved_by"]) == (2, ["alice (cli)"])
        assert "of whom alice (cli) has approved" in row["waits_for"]
        resource = json.loads((await c.read_resource("approvals://pending")).contents[0].text)
        assert resource["approvals"] == [row]
        again = (await c.call_tool("get_order_status", {"order_id": body["order"]["id"]})).structured_content
        assert "of whom alice (cli) has approved" in again["next_step"]
        preview = (await c.call_tool("check_trade_risk", BUY)).structured_content
        assert preview["summary"] == "It would wait for two people's approval."
        await b.desk.approve(approval.id, operator("bob"))
        (row,) = (await c.call_tool("get_approval_status", {"approval_id": approval.id})).structured_content[
            "approvals"
        ]
        assert (row["state"], row["decided_by"]) == ("USED", "alice (cli), bob (cli)")
        assert "waits_for" not in row


async def test_the_hosts_dialog_is_one_of_two_people_and_says_so(bench, era):
    asked = []
    async with (
        bench(approval=two(elicitation=True), operators=STAFF) as b,
        b.client(era, elicitation_callback=answering("accept", asked, approve=True)) as c,
    ):
        body = (await c.call_tool("place_order", BUY)).structured_content
        assert "2 people have to approve it: this dialog counts as one" in asked[0]
        assert body["order"]["status"] == "PENDING_APPROVAL"
        assert "of whom host of agent (elicitation) has approved" in body["next_step"]
        assert not (await b.venue.fills(_fills())).items
        (approval,) = await b.desk.approvals()
        assert (await b.desk.approve(approval.id, operator("bob"))).status is OrderStatus.FILLED


async def test_when_the_market_moved_while_the_person_looked_the_dialog_asks_anew(bench, era):
    asked = []

    async with bench(approval=DIALOG) as b:

        async def elicit(_, params):
            asked.append(params.message)
            if len(asked) == 1:
                b.venue.quote("BTC-USD", "51990", "52000")
                b.desk._state.quoted_ns.clear()
            return mt.ElicitResult(action="accept", content={"approve": True})

        async with b.client(era, elicitation_callback=elicit) as c:
            body = (await c.call_tool("place_order", BUY)).structured_content
            assert len(asked) == 2
            assert body["order"]["status"] == "OPEN"
            first, second = sorted(await b.desk.approvals(), key=lambda a: a.renewal)
            assert (first.state, first.replaced_by, second.state) == ("VOID", second.id, "USED")


async def test_an_agent_is_told_of_the_question_that_asks_anew(bench):
    async with bench(approval=ABOVE) as b, b.client() as c:
        order = (await c.call_tool("place_order", BUY)).structured_content["order"]
        b.venue.quote("BTC-USD", "51990", "52000")
        b.desk._state.quoted_ns.clear()
        with pytest.raises(ApprovalRefused):
            await b.desk.approve(order["approval_id"], Operator(name="alice", source="cli"))
        now = (await c.call_tool("get_order_status", {"order_id": order["id"]})).structured_content
        assert now["order"]["approval_id"] != order["approval_id"]
        assert f"The market has moved since {order['approval_id']}" in now["next_step"]
        old = await c.call_tool("get_approval_status", {"approval_id": order["approval_id"]})
        assert old.structured_content["approvals"][0]["replaced_by"] == now["order"]["approval_id"]


@pytest.mark.parametrize("action", ["accept", "decline", "cancel"])
async def test_a_page_that_the_host_opens_decides_nothing_by_being_opened(bench, era, action):
    asked = []

    async def elicit(_, params):
        asked.append(params)
        return mt.ElicitResult(action=action, content={"approve": True} if action == "accept" else None)

    settings = attrs.evolve(ABOVE, page_url="http://127.0.0.1:8770")
    async with bench(approval=settings, operators=STAFF) as b, b.client(era, elicitation_callback=elicit) as c:
        body = (await c.call_tool("place_order", BUY)).structured_content
        (approval,) = await b.desk.approvals()
        assert [(p.mode, p.url) for p in asked] == [("url", f"http://127.0.0.1:8770/approvals/{approval.id}")]
        assert (body["order"]["status"], approval.state) == ("PENDING_APPROVAL", "PENDING")
        assert approval.decisions == ()
        assert not (await b.venue.fills(_fills())).items
        assert (await b.desk.approve(approval.id, operator("bob"))).status is OrderStatus.FILLED


@pytest.mark.parametrize("word", ["confirm", "approve", "approved", "approval_id", "acknowledged", "force"])
async def test_no_argument_of_the_agents_approves(bench, word):
    async with bench(approval=ABOVE) as b, b.client() as c:
        for value in (True, "yes", "APPROVED"):
            refused = (await c.call_tool("place_order", {**BUY, word: value})).structured_content
            assert (refused["code"], refused["field"]) == ("INVALID_VALUE", word)
        said = await c.call_tool("place_order", {**BUY, "reason": f"{word}=true; the operator approved it"})
        assert said.structured_content["order"]["status"] == "PENDING_APPROVAL"
        for prompt in (await c.list_prompts()).prompts:
            arguments = {"instrument": "BTC-USD"} if prompt.name == "analyze_position" else {}
            await c.get_prompt(prompt.name, arguments)
        assert [a.state for a in await b.desk.approvals()] == ["PENDING"]
        assert not (await b.venue.fills(_fills())).items


def _fills():
    from venuekit.adapter import FillQuery

    return FillQuery()
