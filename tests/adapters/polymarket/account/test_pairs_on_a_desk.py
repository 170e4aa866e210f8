"""Splitting, merging and redeeming from a live desk: a person approves each, and it is done once whatever is lost."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pairs_at_work import ALPHA, FED, QUICK, held, keyed
from polymarket_doubled import table_of

import mcp
from venuekit import Mode, open_desk
from venuekit.adapter import InsufficientFunds, OutcomeUnknown, Unsupported
from venuekit.desk.desk import Desk
from venuekit.errors import ApprovalRefused
from venuekit.model.action import Action, ActionStatus
from venuekit.protocols.approver import Operator
from venuekit.registry import register, unregister
from venuekit.settings.schema import ApprovalSettings, DeskConfig, DeskSettings
from venuekit_doubles.polymarket import Account, Fault, Pace, PolymarketDouble, WalletKind
from venuekit_mcp import build_server
from venuekit_polymarket import factory

pytestmark = pytest.mark.anyio
D = Decimal
TOOLS = ("core", "positions")
ANN = Operator(name="ann", source="cli")


@pytest.fixture
def quick() -> Iterator[PolymarketDouble]:
    with PolymarketDouble(pace=Pace(settle=0.005, delay=None, moving=False)) as running:
        yield running


@pytest.fixture(autouse=True)
def _registered() -> Iterator[None]:
    register(factory)
    yield
    unregister("polymarket")


@asynccontextmanager
async def live(double: PolymarketDouble, account: Account, folder: Path, **more: Any) -> AsyncIterator[Desk]:
    """A desk that trades with an account's wallet."""
    config = DeskConfig(
        desk=DeskSettings(venue="polymarket", mode=Mode.LIVE, data_dir=str(folder)),
        approval=ApprovalSettings(require_above=D(1000)),
    )
    options = {**table_of(double, account), **QUICK, **keyed(account), **more}
    async with open_desk(config, environ={}, venue_options=options) as desk:
        yield desk


async def approved(desk: Desk, tool: str, **arguments: Any) -> Action:
    """Asked for, shown to a person, approved."""
    waits = await desk.act(tool, arguments, reason="to quote both sides")
    assert waits.status is ActionStatus.PENDING_APPROVAL
    assert waits.approval_id is not None
    done = await desk.approve(waits.approval_id, ANN)
    assert isinstance(done, Action)
    return done


@pytest.mark.parametrize(
    ("kind", "slug"), [*((kind, FED) for kind in WalletKind), (WalletKind.EOA, ALPHA), (WalletKind.DEPOSIT, ALPHA)]
)
async def test_nothing_is_sent_before_a_person_says_so_and_then_it_is_done_once(
    quick: PolymarketDouble, kind: WalletKind, slug: str, tmp_path: Path
) -> None:
    account = quick.add_account(Account.named("careful", kind), D(1000))
    async with live(quick, account, tmp_path) as desk:
        waits = await desk.act("split_position", {"market": slug, "amount": D(25)})
        assert waits.status is ActionStatus.PENDING_APPROVAL
        assert quick.venue.transactions.all == []
        [approval] = await desk.approvals()
        assert approval.summary.startswith(f"Split 25 pUSD into 25 Yes and 25 No of {slug}")
        assert waits.approval_id is not None
        done = await desk.approve(waits.approval_id, ANN)
        assert isinstance(done, Action)
        assert done.status is ActionStatus.DONE
        assert done.result is not None
        assert done.result["transaction_hash"] == quick.venue.transactions.all[0].hash
        assert held(quick, account, slug) == (975, 25, 25)
        again = await desk.act("split_position", {"market": slug, "amount": D(25)})
        assert again.status is ActionStatus.DONE
        await approved(desk, "merge_positions", market=f"{slug}:NO", amount=D(5))
        quick.resolve(slug, "1")
        await approved(desk, "redeem_positions", market=slug)
        assert held(quick, account, slug) == (1000, 0, 0)
        assert len(quick.venue.transactions.all) == 3
        assert desk.store.verify().ok


async def test_an_agent_asks_and_a_person_decides(quick: PolymarketDouble, tmp_path: Path) -> None:
    account = quick.add_account(Account.named("advised", WalletKind.DEPOSIT), D(1000))
    wanted = {"market": FED, "amount": "25", "reason": "to quote both sides"}
    async with live(quick, account, tmp_path) as desk, mcp.Client(build_server(desk, toolsets=TOOLS)) as client:
        for more in ({"approved": True}, {"confirm": True}, {"approval_id": "apr_1"}):
            assert (await client.call_tool("split_position", wanted | more)).is_error
        waits = (await client.call_tool("split_position", wanted)).structured_content
        assert waits is not None
        assert waits["status"] == "PENDING_APPROVAL"
        assert quick.venue.transactions.all == []
        await desk.approve(waits["approval_id"], ANN)
        done = (await client.call_tool("split_position", wanted)).structured_content
        assert done is not None
        assert (done["status"], done["action_id"]) == ("DONE", waits["action_id"])
        assert done["result"]["transaction_hash"] == quick.venue.transactions.all[0].hash
        assert [row["change"] for row in done["result"]["changes"]] == ["-25", "25", "25"]
        assert done["result"]["changes"][1]["outcome"] == {"untrusted": True, "text": "Yes"}
    assert held(quick, account) == (975, 25, 25)


async def test_what_cannot_be_done_asks_nobody(quick: PolymarketDouble, tmp_path: Path) -> None:
    async with live(quick, quick.account, tmp_path) as desk:
        with pytest.raises(InsufficientFunds):
            await desk.act("merge_positions", {"market": FED, "amount": D(5)})
        assert await desk.approvals() == []


async def test_what_was_approved_and_reads_otherwise_now_is_not_sent(quick: PolymarketDouble, tmp_path: Path) -> None:
    quick.split(FED, "10")
    quick.resolve(FED, "1")
    async with live(quick, quick.account, tmp_path) as desk:
        waits = await desk.act("redeem_positions", {"market": FED})
        quick.give(quick.account.wallet, "5", quick.market(FED).tokens[0])
        assert waits.approval_id is not None
        with pytest.raises(ApprovalRefused):
            await desk.approve(waits.approval_id, ANN)
    assert quick.venue.transactions.all == []


@pytest.mark.parametrize("kind", [WalletKind.EOA, WalletKind.PROXY])
async def test_a_lost_answer_is_found_out_by_the_next_process(
    double: PolymarketDouble, kind: WalletKind, tmp_path: Path
) -> None:
    account = double.add_account(Account.named("interrupted", kind))
    double.fail("eth_sendRawTransaction" if kind is WalletKind.EOA else "relayer_submit", Fault.AFTER_RESET)
    async with live(double, account, tmp_path, transaction_wait_seconds=0.02) as desk:
        waits = await desk.act("split_position", {"market": FED, "amount": D(25)}, action_id="quote-both-sides")
        assert waits.approval_id is not None
        with pytest.raises(OutcomeUnknown):
            await desk.approve(waits.approval_id, ANN)
        doubtful = await desk.act("split_position", {"market": FED, "amount": D(25)}, action_id="quote-both-sides")
        assert doubtful.status is ActionStatus.IN_DOUBT
    for _ in range(3):
        double.settle()
    async with live(double, account, tmp_path) as desk:
        known = await desk.act("split_position", {"market": FED, "amount": D(25)}, action_id="quote-both-sides")
        assert known.status is ActionStatus.DONE
        assert known.result is not None
        assert [D(row["change"]) for row in known.result["changes"]] == [-25, 25, 25]
    assert held(double, account) == (99_975, 25, 25)
    assert len(double.venue.transactions.all) == 1


async def test_no_record_has_a_key_or_a_signature(quick: PolymarketDouble, tmp_path: Path) -> None:
    account = quick.add_account(Account.named("planted", WalletKind.DEPOSIT))
    async with live(quick, account, tmp_path) as desk:
        await approved(desk, "split_position", market=FED, amount=D(25))
        kept = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert b"split_position" in kept
    [sent] = quick.venue.transactions.all
    for secret in (account.private_key[2:], account.relayer_key.key, account.credentials.secret, sent.signature[2:]):
        assert secret.encode() not in kept


async def test_in_shadow_mode_nothing_is_sent(quick: PolymarketDouble, tmp_path: Path) -> None:
    environ = {f"VENUEKIT__VENUES__POLYMARKET__{n.upper()}": str(v) for n, v in table_of(quick, quick.account).items()}
    environ["VENUEKIT__DESK__DATA_DIR"] = str(tmp_path)
    async with open_desk("polymarket", mode=Mode.SHADOW, environ=environ) as desk:
        with pytest.raises(Unsupported):
            await desk.act("split_position", {"market": FED, "amount": D(25)})
    assert quick.venue.transactions.all == []
