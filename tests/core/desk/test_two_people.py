"""Above a second threshold two different operators decide, each by their own token; any one of them can stop it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import attrs
import pytest
from desks import Bench, limit, rows

from venuekit import errors
from venuekit.desk.desk import Desk
from venuekit.model.order import OrderStatus
from venuekit.protocols.approver import Operator
from venuekit.protocols.journal import Approval, ApprovalState, EntryKind
from venuekit.settings.credentials import digest
from venuekit.settings.schema import AgentSettings, ApprovalSettings, DeskConfig, OperatorSettings

pytestmark = pytest.mark.anyio
D = Decimal


def person(name: str, *, source: str = "cli") -> Operator:
    return Operator(name=name, source=source, token=f"the token of {name}")


ANN, BOB, CY = person("ann"), person("bob"), person("cy")
HOST = Operator(name="host of local", source="elicitation")


def config(bench: Bench, **approval: Any) -> DeskConfig:
    settings: dict[str, Any] = {"require_above": D(100), "two_people_above": D(150), **approval}
    operators = {n: OperatorSettings(token_sha256=digest(f"the token of {n}").upper()) for n in ("ann", "bob", "cy")}
    agents = {"bot": AgentSettings(token_sha256=digest("the token of bot"))}
    return bench.config(approval=ApprovalSettings(**settings), operators=operators, agents=agents)


@pytest.fixture
async def desk(bench: Bench) -> AsyncIterator[Desk]:
    async with bench.open(config(bench)) as opened:
        yield opened


async def ask(desk: Desk, size: str = "2") -> Approval:
    order = await desk.submit(limit(client_order_id="mine", size=D(size)))
    assert order.status is OrderStatus.PENDING_APPROVAL
    return await desk.approval(order.approval_id or "")


async def status(desk: Desk) -> OrderStatus:
    return (await desk.order("mine")).status


async def test_the_second_threshold_itself_takes_one_person_and_a_step_above_two(desk: Desk) -> None:
    assert (await ask(desk, "1.530")).people == 1  # 149.94
    assert (await desk.preview(limit(size=D("1.531")))).reason == "it would wait for two people's approval"
    order = await desk.submit(limit(size=D("1.531")))
    assert (await desk.approval(order.approval_id or "")).people == 2


async def test_the_first_approval_is_kept_and_shown_and_sends_nothing(bench: Bench, desk: Desk) -> None:
    approval = await ask(desk)
    assert (await desk.approve(approval.id, ANN, note="fine")).status is OrderStatus.PENDING_APPROVAL
    await bench.clock.advance(1)
    now = await desk.approval(approval.id)
    assert (now.state, now.progress, now.decided_by) == (ApprovalState.PENDING, "1 of 2, by ann (cli)", "")
    (said,) = now.decisions
    assert (said.by, said.proof, said.note, said.approve) == ("ann", "token", "fine", True)
    assert bench.venue.sent() == []


async def test_the_second_person_sends_it_and_both_are_on_record(bench: Bench, desk: Desk) -> None:
    approval = await ask(desk)
    await desk.approve(approval.id, ANN)
    assert (await desk.approve(approval.id, person("bob", source="http"))).status is OrderStatus.OPEN
    used = await desk.approval(approval.id)
    assert (used.state, used.decided_by) == (ApprovalState.USED, "ann (cli), bob (http)")
    assert [(r.body["state"], len(r.body["decisions"])) for r in rows(desk, EntryKind.APPROVAL)] == [
        ("PENDING", 0),
        ("PENDING", 1),
        ("APPROVED", 2),
        ("USED", 2),
    ]
    assert len(bench.venue.sent()) == 1
    assert desk.store.verify().ok


@pytest.mark.parametrize("again", [ANN, person("ann", source="http"), attrs.evolve(ANN, name="Ann")])
async def test_the_same_person_does_not_count_twice_at_whichever_door(
    bench: Bench, desk: Desk, again: Operator
) -> None:
    approval = await ask(desk)
    await desk.approve(approval.id, ANN)
    with pytest.raises(errors.ApprovalRefused, match=r"ann .cli. has approved it already; 1 of 2"):
        await desk.approve(approval.id, again)
    assert (await desk.approval(approval.id)).progress == "1 of 2, by ann (cli)"
    assert bench.venue.sent() == []


@pytest.mark.parametrize("who", [BOB, ANN])
async def test_anybody_stops_it_also_after_an_approval_and_after_their_own(
    bench: Bench, desk: Desk, who: Operator
) -> None:
    approval = await ask(desk)
    await desk.approve(approval.id, ANN)
    await desk.reject(approval.id, who, note="no")
    assert (await desk.order("mine")).status_reason == f"approval REJECTED by {who.name} (cli): no"
    with pytest.raises(errors.ApprovalRefused, match="REJECTED"):
        await desk.approve(approval.id, CY)
    assert bench.venue.sent() == []


async def test_one_who_rejected_cannot_be_one_of_the_two(desk: Desk) -> None:
    approval = await ask(desk)
    await desk.reject(approval.id, ANN)
    for who in (ANN, BOB):
        with pytest.raises(errors.ApprovalRefused, match="REJECTED"):
            await desk.approve(approval.id, who)
    assert await status(desk) is OrderStatus.DENIED


async def test_the_first_approval_gives_no_more_time(bench: Bench, desk: Desk) -> None:
    approval = await ask(desk)
    bench.clock.tick(299)
    await desk.approve(approval.id, ANN)
    bench.clock.tick(1)
    with pytest.raises(errors.ApprovalRefused, match="EXPIRED"):
        await desk.approve(approval.id, BOB)
    await bench.clock.advance(1)
    assert await status(desk) is OrderStatus.DENIED
    assert bench.venue.sent() == []


@pytest.mark.parametrize(
    ("who", "why"),
    [
        (attrs.evolve(ANN, token=""), "nobody's"),
        (attrs.evolve(ANN, token="a guess"), "nobody's"),
        (attrs.evolve(ANN, name="bob"), "not bob's"),
        (Operator(name="ann", source="cli", token="the token of bot"), "agent bot's"),
        (HOST, "dialog does not decide"),
    ],
)
async def test_without_their_own_token_nobody_decides_anything(desk: Desk, who: Operator, why: str) -> None:
    approval = await ask(desk)
    for deciding in (desk.approve(approval.id, who), desk.reject(approval.id, who)):
        with pytest.raises(errors.PermissionRefused, match=why):
            await deciding
    assert await desk.approval(approval.id) == approval


def test_a_token_is_not_shown_with_its_operator() -> None:
    assert "the token" not in repr(ANN)


async def test_a_token_in_a_note_is_not_kept(desk: Desk) -> None:
    approval = await ask(desk)
    await desk.approve(approval.id, ANN, note=f"oops: {ANN.token}")
    assert ANN.token not in str(rows(desk))


async def test_the_hosts_dialog_counts_as_one_person_however_often_it_answers(bench: Bench) -> None:
    async with bench.open(config(bench, elicitation=True)) as desk:
        approval = await ask(desk)
        await desk.approve(approval.id, HOST)
        with pytest.raises(errors.ApprovalRefused, match="dialog counts as one person"):
            await desk.approve(approval.id, attrs.evolve(HOST, name="host of another"))
        assert bench.venue.sent() == []
        assert (await desk.approve(approval.id, ANN)).status is OrderStatus.OPEN


async def test_two_people_at_the_same_moment_are_two_and_send_one_order(bench: Bench, desk: Desk) -> None:
    approval = await ask(desk)
    ended = await asyncio.gather(*(desk.approve(approval.id, who) for who in (ANN, BOB)))
    assert [o.status for o in ended] == [OrderStatus.PENDING_APPROVAL, OrderStatus.OPEN]
    assert len(bench.venue.sent()) == 1


async def test_the_first_approval_survives_a_crash(bench: Bench) -> None:
    async with bench.open(config(bench)) as desk:
        approval = await ask(desk)
        await desk.approve(approval.id, ANN)
        crashed = bench.after_crash(config(bench))
    async with bench.open(crashed) as desk:
        with pytest.raises(errors.ApprovalRefused, match="already"):
            await desk.approve(approval.id, ANN)
        assert (await desk.approve(approval.id, BOB)).status is OrderStatus.OPEN
        assert len(bench.venue.sent()) == 1


async def test_an_operator_who_asked_as_an_agent_is_not_one_of_the_two(bench: Bench) -> None:
    from venuekit.protocols.approver import Caller, Role

    async with bench.open(config(bench)) as desk:
        order = await desk.submit(limit(size=D(2)), caller=Caller(agent_id="ANN", role=Role.TRADER))
        with pytest.raises(errors.ApprovalRefused, match="cannot approve it too"):
            await desk.approve(order.approval_id or "", ANN)
        await desk.reject(order.approval_id or "", ANN)


async def test_limits_are_changed_by_the_holder_of_a_token_alone(desk: Desk) -> None:
    with pytest.raises(errors.PermissionRefused):
        await desk.limits.set("max_order_notional", "9", attrs.evolve(ANN, token="a guess"), reason="mischief")
    await desk.limits.set("max_order_notional", "9", ANN, reason="news")
    with pytest.raises(errors.PermissionRefused):
        await desk.limits.unset("max_order_notional", attrs.evolve(ANN, token=""))
    assert await desk.limits.unset("max_order_notional", ANN)
