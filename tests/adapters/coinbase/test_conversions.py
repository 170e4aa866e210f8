"""Taking a conversion quote, against the double: a person decides, it is done once, and a lost answer is looked for."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from coinbase_desk import a_double, options
from scripted_coinbase import scripted

from venuekit import Mode, Operator, open_desk
from venuekit.adapter import InvalidValue, OutcomeUnknown, Rejected
from venuekit.desk.desk import Desk
from venuekit.errors import ApprovalRefused, ModeRefused
from venuekit.model.action import Action, ActionStatus
from venuekit.settings.schema import ApprovalSettings, DeskConfig, DeskSettings
from venuekit_coinbase import factory
from venuekit_coinbase.conversions import CommitConversion
from venuekit_doubles.coinbase import CoinbaseDouble, Fault

pytestmark = pytest.mark.anyio
D = Decimal
ANN = Operator(name="ann", source="cli")
TOOLS = {extra.name: extra for extra in factory.extras}
ARGUMENTS = {"source": "USD", "target": "BTC"}


@pytest.fixture(scope="module")
def double() -> Iterator[CoinbaseDouble]:
    with a_double() as running:
        yield running


@asynccontextmanager
async def live(double: CoinbaseDouble, folder: Path, **approval: Any) -> AsyncIterator[Desk]:
    config = DeskConfig(
        desk=DeskSettings(venue="coinbase", mode=Mode.LIVE, data_dir=str(folder)),
        approval=ApprovalSettings(require_above=D(1000), **approval),
    )
    try:
        async with open_desk(config, environ={}, venue_options=options(double)) as desk:
            yield desk
    finally:
        double.faults.clear()


async def quoted(desk: Desk, amount: str = "100") -> dict[str, str]:
    quote = await desk.call_extra("quote_conversion", {**ARGUMENTS, "amount": D(amount)})
    return {**ARGUMENTS, "quote_id": quote.quote_id}


async def usd(desk: Desk) -> Decimal:
    return next(b.total for b in await desk.balances() if b.asset == "USD")


async def test_a_quote_is_taken_once_a_person_approved_its_very_terms(double: CoinbaseDouble, tmp_path: Path) -> None:
    async with live(double, tmp_path) as desk:
        before, asked = await usd(desk), await quoted(desk)
        double.forget()
        waits = await desk.act("commit_conversion", asked, reason="rebalancing")
        assert waits.status is ActionStatus.PENDING_APPROVAL
        assert "convert_commit" not in {a.endpoint for a in double.mutating}
        approval = await desk.approval(waits.approval_id or "")
        assert approval.summary.startswith("Convert 100 USD into 0.00")
        assert approval.summary.endswith(f" BTC (quote {asked['quote_id']}, fee 0), up to 100 USD")
        done = await desk.approve(approval.id, ANN)
        assert isinstance(done, Action)
        assert done.result is not None
        assert (done.status, done.result["status"], done.result["gave"]) == (ActionStatus.DONE, "COMPLETED", "100")
        assert before - await usd(desk) == 100
        again = await desk.act("commit_conversion", asked)
        assert again == done
        with pytest.raises(Rejected, match="TRADE_STATUS_COMPLETED"):
            await desk.act("commit_conversion", asked, action_id="another")
        assert before - await usd(desk) == 100


async def test_what_a_person_rejects_is_not_taken(double: CoinbaseDouble, tmp_path: Path) -> None:
    async with live(double, tmp_path) as desk:
        before, asked = await usd(desk), await quoted(desk)
        waits = await desk.act("commit_conversion", asked)
        await desk.reject(waits.approval_id or "", ANN, note="no")
        with pytest.raises(ApprovalRefused, match="no"):
            await desk.call_extra("commit_conversion", asked)
        assert await usd(desk) == before


@pytest.mark.parametrize("fault", [Fault.AFTER_RESET, Fault.AFTER_SERVER_ERROR, Fault.AFTER_TRUNCATED])
async def test_an_answer_that_is_lost_is_found_by_the_quote_and_nothing_is_taken_twice(
    double: CoinbaseDouble, tmp_path: Path, fault: Fault
) -> None:
    async with live(double, tmp_path, actions_without_approval=True) as desk:
        before, asked = await usd(desk), await quoted(desk, "70")
        double.forget()
        double.faults.add("convert_commit", fault)
        with pytest.raises(OutcomeUnknown) as told:
            await desk.act("commit_conversion", asked, action_id="mine")
        assert told.value.details["quote_id"] == asked["quote_id"]
        done = await desk.act("commit_conversion", asked, action_id="mine")  # which looks, and sends nothing
        assert done.status is ActionStatus.DONE
        assert [a.endpoint for a in double.mutating].count("convert_commit") == 1
        assert before - await usd(desk) == 70


async def test_a_request_that_was_lost_stays_in_doubt_for_a_minute(double: CoinbaseDouble, tmp_path: Path) -> None:
    async with live(double, tmp_path, actions_without_approval=True) as desk:
        asked = await quoted(desk, "30")
        double.faults.add("convert_commit", Fault.RESET)
        with pytest.raises(OutcomeUnknown):
            await desk.act("commit_conversion", asked, action_id="mine")
        doubtful = await desk.act("commit_conversion", asked, action_id="mine")
        assert doubtful.status is ActionStatus.IN_DOUBT
        reference = {**doubtful.reference, "sent_ns": str(int(doubtful.reference["sent_ns"]) - 61 * 10**9)}
        with pytest.raises(Rejected, match="as not taken a minute later"):
            await TOOLS["commit_conversion"].find_out(desk._parts.venue, CommitConversion(**asked), reference)  # type: ignore[misc]


async def test_what_cannot_be_taken_is_told_before_anybody_is_asked(double: CoinbaseDouble, tmp_path: Path) -> None:
    async with live(double, tmp_path) as desk:
        asked = await quoted(desk)
        for wrong, field in (
            ({"quote_id": "unknown-1"}, "quote_id"),
            ({"quote_id": "../../orders"}, "quote_id"),
            ({"source": "BTC", "target": "USD"}, "source"),
            ({"target": "XYZ"}, "target"),
        ):
            with pytest.raises(InvalidValue) as refused:
                await desk.act("commit_conversion", {**asked, **wrong})
            assert refused.value.field == field
        assert await desk.approvals() == []


async def test_a_desk_that_only_reads_takes_no_quote(double: CoinbaseDouble, tmp_path: Path) -> None:
    config = DeskConfig(desk=DeskSettings(venue="coinbase", mode=Mode.READ_ONLY, data_dir=str(tmp_path)))
    async with open_desk(config, environ={}, venue_options=options(double)) as desk:
        with pytest.raises(ModeRefused):
            await desk.act("commit_conversion", await quoted(desk))


@pytest.mark.parametrize(
    ("trade", "outcome"),
    [
        ({"status": "TRADE_STATUS_STARTED"}, "STARTED"),
        ({"status": "TRADE_STATUS_CANCELED", "cancellation_reason": {"message": "too late"}}, Rejected),
        ({"status": "TRADE_STATUS_UNSPECIFIED"}, OutcomeUnknown),
        ({}, OutcomeUnknown),
    ],
)
async def test_every_status_of_a_trade_is_what_it_is(tmp_path: Path, trade: dict[str, Any], outcome: Any) -> None:
    commit = TOOLS["commit_conversion"].call
    async with scripted(tmp_path, {"/convert/trade/q-1": {"trade": trade}}) as (venue, _):
        work = commit(venue, CommitConversion(quote_id="q-1", **ARGUMENTS), {"from": "a", "to": "b"})
        if isinstance(outcome, str):
            assert (await work).status == outcome
        else:
            with pytest.raises(outcome):
                await work
