"""Transactions whose answer is lost, late or no: nothing is done twice, nothing is lost, and it is known in the end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pairs_at_work import FED, QUICK, Worker, held, keyed
from polymarket_doubled import table_of

from venuekit.adapter import NANOS, OutcomeUnknown, Rejected, Unavailable, VenueContext
from venuekit.watch.clock import SystemClock
from venuekit.watch.redact import redact
from venuekit_doubles.polymarket import Account, Fault, Pace, PolymarketDouble, WalletKind
from venuekit_polymarket.adapter import PolymarketVenue

pytestmark = pytest.mark.anyio
#: Nothing is waited for long: what is not confirmed at once is in doubt.
HASTY: dict[str, Any] = {**QUICK, "transaction_wait_seconds": 0.02, "timeout_seconds": 1.0}
KINDS = list(WalletKind)
#: Answers that came, and cannot be read.
UNREADABLE = (Fault.AFTER_TRUNCATED, Fault.AFTER_THIN, Fault.AFTER_HTML_WITH_200)


class Later(SystemClock):
    """A clock that can be put forward."""

    seconds = 0

    def now_ns(self) -> int:
        return super().now_ns() + self.seconds * NANOS


@pytest.fixture
def quick() -> Iterator[PolymarketDouble]:
    with PolymarketDouble(pace=Pace(settle=0.005, delay=None, moving=False)) as running:
        yield running


class Session:
    """A connected venue in a folder, so that it can be closed and opened again."""

    def __init__(
        self, double: PolymarketDouble, account: Account, folder: Any, clock: SystemClock, **more: Any
    ) -> None:
        options = table_of(double, account, **{**HASTY, **keyed(account), **more})
        self.context = VenueContext(clock=clock, data_dir=folder, account="main", options=options)

    async def __aenter__(self) -> Worker:
        self.venue = PolymarketVenue(self.context)
        await self.venue.connect()
        return Worker(self.venue)

    async def __aexit__(self, *_: object) -> None:
        await self.venue.close()


def sends(account: Account) -> str:
    """The endpoint that takes what a wallet sends."""
    return "eth_sendRawTransaction" if account.kind is WalletKind.EOA else "relayer_submit"


def sent(double: PolymarketDouble, account: Account) -> int:
    """How many transactions were taken."""
    return sum(1 for t in double.venue.transactions.all if t.wallet == account.wallet)


@pytest.mark.parametrize(
    ("kind", "fault"),
    [
        *((kind, Fault.AFTER_RESET) for kind in KINDS),
        *((kind, fault) for kind in (WalletKind.EOA, WalletKind.SAFE) for fault in (Fault.AFTER_SILENCE, *UNREADABLE)),
    ],
)
async def test_an_answer_lost_after_it_was_taken_is_found_by_what_was_signed(
    quick: PolymarketDouble, kind: WalletKind, fault: Fault, tmp_path: Any
) -> None:
    account = quick.add_account(Account.named("deaf", kind))
    quick.fail(sends(account), fault)
    async with Session(quick, account, tmp_path, SystemClock(), transaction_wait_seconds=5.0) as worker:
        done = await worker.do("split_position", FED, "7")
    assert [c.change for c in done.changes] == [-7, 7, 7]
    assert held(quick, account) == (99_993, 7, 7)
    assert sent(quick, account) == 1


@pytest.mark.parametrize("kind", KINDS)
async def test_what_is_confirmed_late_is_in_doubt_until_it_is_found_out_also_by_another_process(
    double: PolymarketDouble, kind: WalletKind, tmp_path: Any
) -> None:
    account = double.add_account(Account.named("late", kind))
    double.split(FED, "10", account)
    async with Session(double, account, tmp_path, SystemClock()) as worker:
        reference = dict(await worker.prepare("merge_positions", FED, "4"))
        with pytest.raises(OutcomeUnknown) as doubt:
            await worker.send(reference)
        assert doubt.value.details["digest"] == reference["digest"]
        assert await worker.find_out({**reference, **doubt.value.details}) is None
        with pytest.raises(Unavailable, match="not known yet"):
            await worker.prepare("merge_positions", FED, "4")
        assert held(double, account) == (99_990, 10, 10)
    async with Session(double, account, tmp_path, SystemClock()) as next_one:
        assert await next_one.find_out(reference) is None
        with pytest.raises(Unavailable, match="not known yet"):
            await next_one.prepare("merge_positions", FED, "4")
    assert redact(reference) == reference, "a record keeps all of it"
    assert account.private_key[2:] not in repr(reference)
    assert not [value for value in reference.values() if len(value) > 100], "a signature is as good as the act"
    for _ in range(3):
        double.settle()
    async with Session(double, account, tmp_path, SystemClock()) as another:
        done = await another.find_out(reference)  # the relayer's id was never written down
        assert done is not None
        assert [c.change for c in done.changes] == [4, -4, -4]
        assert await another.find_out(reference) == done
    assert held(double, account) == (99_994, 6, 6)
    assert sent(double, account) == 1


@pytest.mark.parametrize("kind", KINDS)
async def test_what_the_chain_undoes_is_refused_and_may_be_done_again(
    quick: PolymarketDouble, kind: WalletKind, tmp_path: Any
) -> None:
    account = quick.add_account(Account.named("unlucky", kind))
    quick.fail_transactions("out of gas")
    async with Session(quick, account, tmp_path, SystemClock(), transaction_wait_seconds=5.0) as worker:
        reference = await worker.prepare("split_position", FED, "7")
        with pytest.raises(Rejected, match="undone the transaction") as refused:
            await worker.send(reference)
        assert refused.value.details["venue_code"] == "REVERTED"
        assert held(quick, account) == (100_000, 0, 0)
        with pytest.raises(Rejected, match="undone"):
            await worker.find_out(reference)
        await worker.do("split_position", FED, "7")
    assert held(quick, account) == (99_993, 7, 7)


@pytest.mark.parametrize("kind", [WalletKind.PROXY, WalletKind.SAFE, WalletKind.DEPOSIT])
async def test_what_the_relayer_never_got_is_void_when_it_cannot_come_any_more(
    quick: PolymarketDouble, kind: WalletKind, tmp_path: Any
) -> None:
    account, clock = quick.add_account(Account.named("unheard", kind)), Later()
    quick.fail("relayer_submit", Fault.SILENCE)
    async with Session(quick, account, tmp_path, clock) as worker:
        reference = await worker.prepare("split_position", FED, "7")
        with pytest.raises(OutcomeUnknown):
            await worker.send(reference)
        for clock.seconds in (0, 800):
            assert await worker.find_out(reference) is None
        quick.fail("relayer_transactions", Fault.SERVER_ERROR, Fault.SERVER_ERROR)
        clock.seconds = 1000
        assert await worker.find_out(reference) is None, "nobody said so"
        with pytest.raises(Rejected, match="never done"):
            await worker.find_out(reference)
        clock.seconds = 0
        assert await worker.prepare("split_position", FED, "7"), "the market is free again"
    assert sent(quick, account) == 0


async def test_what_the_node_never_got_is_void_when_its_number_is_anothers(
    quick: PolymarketDouble, tmp_path: Any
) -> None:
    account = quick.account
    quick.fail("eth_sendRawTransaction", Fault.SILENCE)
    async with Session(quick, account, tmp_path, SystemClock()) as worker:
        reference = await worker.prepare("split_position", FED, "7")
        with pytest.raises(OutcomeUnknown):
            await worker.send(reference)
        assert await worker.find_out(reference) is None
    async with Session(quick, account, tmp_path, SystemClock(), transaction_wait_seconds=5.0) as another:
        await another.do("split_position", FED, "5")
        with pytest.raises(Rejected, match="never done"):
            await another.find_out(reference)
    assert held(quick, account) == (99_995, 5, 5)


@pytest.mark.parametrize("kind", [WalletKind.EOA, WalletKind.DEPOSIT])
@pytest.mark.parametrize("fault", [Fault.SERVER_ERROR, Fault.RESET, Fault.BAD_GATEWAY_HTML])
async def test_an_answer_that_says_nothing_is_not_taken_for_a_refusal(
    quick: PolymarketDouble, kind: WalletKind, fault: Fault, tmp_path: Any
) -> None:
    account = quick.add_account(Account.named("unsure", kind))
    quick.fail(sends(account), fault)
    async with Session(quick, account, tmp_path, SystemClock()) as worker:
        with pytest.raises(OutcomeUnknown):
            await worker.do("split_position", FED, "7")
    assert sent(quick, account) == 0


@pytest.mark.parametrize("fault", [Fault.RATE_LIMITED, Fault.UNAUTHORIZED])
async def test_a_plain_refusal_leaves_no_doubt(quick: PolymarketDouble, fault: Fault, tmp_path: Any) -> None:
    account = quick.add_account(Account.named("refused", WalletKind.SAFE))
    quick.fail("relayer_submit", fault)
    async with Session(quick, account, tmp_path, SystemClock(), transaction_wait_seconds=5.0) as worker:
        with pytest.raises((Rejected, Unavailable)):
            await worker.do("split_position", FED, "7")
        await worker.do("split_position", FED, "7")
    assert held(quick, account) == (99_993, 7, 7)


async def test_a_node_that_has_not_taken_it_leaves_no_doubt(quick: PolymarketDouble, tmp_path: Any) -> None:
    async with Session(quick, quick.account, tmp_path, SystemClock(), transaction_wait_seconds=5.0) as worker:
        reference = await worker.prepare("split_position", FED, "7")
        quick.give_gas_money(quick.account.address, "0.001")
        with pytest.raises(Rejected, match="insufficient funds"):
            await worker.send(reference)
        quick.give_gas_money(quick.account.address, "10")
        reference = await worker.prepare("split_position", FED, "7")
        async with Session(quick, quick.account, tmp_path / "..", SystemClock(), transaction_wait_seconds=5.0) as other:
            await other.do("split_position", FED, "1")
        with pytest.raises(Rejected, match="nonce too low"):
            await worker.send(reference)
        await worker.do("split_position", FED, "7")
    assert held(quick, quick.account) == (99_992, 8, 8)


async def test_two_at_once_are_one_after_the_other(double: PolymarketDouble, tmp_path: Any) -> None:
    async with Session(double, double.account, tmp_path, SystemClock()) as worker:
        await worker.prepare("split_position", FED, "7")
        with pytest.raises(Unavailable, match="on its way"):
            await worker.prepare("split_position", "will-alpha-be-nominated-in-2028", "7")


async def test_a_wallet_that_another_program_uses_is_tried_again_later(double: PolymarketDouble, tmp_path: Any) -> None:
    account = double.add_account(Account.named("shared", WalletKind.DEPOSIT))
    async with Session(double, account, tmp_path, SystemClock()) as worker:
        reference = await worker.prepare("split_position", FED, "7")
        async with Session(double, account, tmp_path / "..", SystemClock()) as other:
            with pytest.raises(OutcomeUnknown):
                await other.do("split_position", FED, "1")
        with pytest.raises(Unavailable, match="wallet busy"):
            await worker.send(reference)
    for _ in range(3):
        double.settle()
    assert held(double, account) == (99_999, 1, 1)


async def test_a_confirmed_transaction_is_done_though_the_node_is_gone(quick: PolymarketDouble, tmp_path: Any) -> None:
    account = quick.add_account(Account.named("blind", WalletKind.SAFE))
    async with Session(quick, account, tmp_path, SystemClock(), transaction_wait_seconds=5.0) as worker:
        reference = await worker.prepare("split_position", FED, "7")
        quick.fail("eth_getTransactionReceipt", Fault.SERVER_ERROR)
        quick.fail("rpc", Fault.SERVER_ERROR)
        done = await worker.send(reference)
    assert done.state == "CONFIRMED"
    assert {c.change for c in done.changes} == {None}
    assert held(quick, account) == (99_993, 7, 7)
