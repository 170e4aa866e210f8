"""The official client alone splits, merges and redeems at the double, with every kind of wallet, by relayer or node."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest
from official import client, everything
from polymarket._internal.environment import PRODUCTION_CONFIG
from polymarket.auth import ApiKey, BuilderApiKey, RelayerApiKey
from polymarket.calls import ctf_redeem_positions_call
from polymarket.errors import PolymarketError, RequestRejectedError, TransactionFailedError
from polymarket.types import EvmAddress

from venuekit_doubles.polymarket import Account, Fault, Pace, PolymarketDouble, WalletKind

pytestmark = pytest.mark.anyio
D = Decimal
FED, ALPHA, RAIN = "fed-cuts-in-december", "will-alpha-be-nominated-in-2028", "rain-in-london-tomorrow"
M = 1_000_000


@pytest.fixture
def quick() -> Iterator[PolymarketDouble]:
    """Transactions go on by themselves."""
    with PolymarketDouble(pace=Pace(settle=0.01, delay=None, moving=False)) as running:
        yield running


def relayer_key(account: Account) -> ApiKey | None:
    if account.kind is WalletKind.EOA:
        return None
    key = account.relayer_key
    return RelayerApiKey(key=key.key, address=key.address)


def held(double: PolymarketDouble, account: Account, slug: str) -> tuple[Decimal, ...]:
    """pUSD, and shares of both outcomes."""
    return tuple(double.balance(account.wallet, asset) for asset in ("", *double.market(slug).tokens))


@pytest.mark.parametrize("kind", list(WalletKind))
async def test_every_wallet_splits_merges_and_redeems_in_markets_of_every_contract(
    quick: PolymarketDouble, kind: WalletKind
) -> None:
    account = quick.add_account(Account.named("splitter", kind), D(1000))
    async with client(quick, account, key=relayer_key(account)) as trader:
        for slug, payout in ((FED, "1"), (ALPHA, "0"), (RAIN, "0.5")):
            before = quick.balance(account.wallet)
            condition = quick.market(slug).condition_id
            await (await trader.split_position(condition_id=condition, amount=100 * M + 1)).wait()
            assert held(quick, account, slug) == (before - D("100.000001"), D("100.000001"), D("100.000001"))
            outcome = await (await trader.merge_positions(condition_id=condition, amount=40 * M)).wait()
            assert held(quick, account, slug) == (before - D("60.000001"), D("60.000001"), D("60.000001"))
            assert outcome.transaction_hash.startswith("0x")
            quick.resolve(slug, payout)
            await (await trader.redeem_positions(condition_id=condition)).wait()
            lost = D("0.000001") if payout == "0.5" else D(0)  # half of a millionth is nobody's
            assert held(quick, account, slug) == (before - lost, 0, 0)
        activity = await everything(trader.list_activity(user=account.wallet))
    kinds = [entry.type for entry in activity]
    # Position ids are redeemed by outcome; without a relayer each is a transaction of its own.
    assert [kinds.count(name) for name in ("SPLIT", "MERGE", "REDEEM")] == [3, 3, 4]
    assert outcome.transaction_hash in {entry.transaction_hash for entry in activity}


async def test_a_builders_signed_requests_open_the_relayer_too(quick: PolymarketDouble) -> None:
    account = quick.add_account(Account.named("builder", WalletKind.DEPOSIT), D(100))
    key = account.builder_key
    right = BuilderApiKey(key=key.key, secret=key.secret, passphrase=key.passphrase)
    async with client(quick, account, key=right) as trader:
        await (await trader.split_position(condition_id=quick.market(FED).condition_id, amount=M)).wait()
    assert held(quick, account, FED) == (99, 1, 1)
    wrong = BuilderApiKey(key=key.key, secret="c2VjcmV0", passphrase=key.passphrase)
    async with client(quick, account, key=wrong) as stranger:
        with pytest.raises(RequestRejectedError, match="invalid authorization"):
            await stranger.split_position(condition_id=quick.market(FED).condition_id, amount=M)
    assert held(quick, account, FED) == (99, 1, 1)


@pytest.mark.parametrize("kind", list(WalletKind))
async def test_what_the_chain_undoes_moves_nothing_and_says_so(quick: PolymarketDouble, kind: WalletKind) -> None:
    account = quick.add_account(Account.named("unlucky", kind), D(100))
    quick.fail_transactions("out of gas")
    async with client(quick, account, key=relayer_key(account)) as trader:
        condition = quick.market(FED).condition_id
        with pytest.raises(TransactionFailedError, match="reverted" if kind is WalletKind.EOA else "out of gas"):
            await (await trader.split_position(condition_id=condition, amount=M)).wait()
        assert held(quick, account, FED) == (100, 0, 0)
        await (await trader.split_position(condition_id=condition, amount=M)).wait()
    assert held(quick, account, FED) == (99, 1, 1)


@pytest.mark.parametrize(
    ("allowed", "shares", "words"),
    [("0", True, "exceeds allowance"), ("100", False, "not token owner or approved")],
)
async def test_a_contract_takes_no_more_than_it_was_allowed(
    quick: PolymarketDouble, allowed: str, shares: bool, words: str
) -> None:
    account = quick.add_account(Account.named("careful", WalletKind.SAFE), D(100), approved=False)
    quick.allow(account.wallet, PRODUCTION_CONFIG.collateral_adapter, allowed, shares=shares)
    quick.give(account.wallet, "5", quick.market(FED).tokens[0])
    quick.give(account.wallet, "5", quick.market(FED).tokens[1])
    async with client(quick, account, key=relayer_key(account)) as trader:
        condition = quick.market(FED).condition_id
        work = trader.merge_positions if not shares else trader.split_position
        with pytest.raises(TransactionFailedError, match=words):
            await (await work(condition_id=condition, amount=5 * M)).wait()
        assert held(quick, account, FED) == (100, 5, 5)
        await trader.setup_trading_approvals()
        await (await work(condition_id=condition, amount=5 * M)).wait()
    assert held(quick, account, FED) in ((95, 10, 10), (105, 0, 0))


async def test_a_market_that_is_open_pays_nobody(quick: PolymarketDouble) -> None:
    account = quick.add_account(Account.named("early", WalletKind.PROXY), D(100))
    quick.split(FED, "10", account)
    market = quick.market(FED)
    async with client(quick, account, key=relayer_key(account)) as trader:
        # The client itself looks for closed markets only; the call is the same.
        call = ctf_redeem_positions_call(
            ctf=EvmAddress(PRODUCTION_CONFIG.collateral_adapter),
            collateral=EvmAddress(PRODUCTION_CONFIG.collateral_token),
            condition_id=market.condition_id,
        )
        handle = await trader.execute_transaction(calls=[call])
        with pytest.raises(TransactionFailedError, match="result for condition not received yet"):
            await handle.wait()
    assert held(quick, account, FED) == (90, 10, 10)


async def test_an_answer_lost_after_the_relayer_took_it_does_not_undo_it(quick: PolymarketDouble) -> None:
    account = quick.add_account(Account.named("deaf", WalletKind.DEPOSIT), D(100))
    quick.fail("relayer_submit", Fault.AFTER_RESET)
    async with client(quick, account, key=relayer_key(account)) as trader:
        with pytest.raises(PolymarketError):
            await trader.split_position(condition_id=quick.market(FED).condition_id, amount=M)
    await quick.until(lambda: not quick.venue.transactions.waiting(account.wallet))
    assert held(quick, account, FED) == (99, 1, 1)


async def test_an_answer_lost_after_the_node_took_it_does_not_undo_it(quick: PolymarketDouble) -> None:
    quick.fail("eth_sendRawTransaction", Fault.AFTER_RESET)
    async with client(quick) as trader:
        with pytest.raises(PolymarketError):
            await trader.split_position(condition_id=quick.market(FED).condition_id, amount=M)
    await quick.until(lambda: not quick.venue.transactions.waiting(quick.account.wallet))
    assert held(quick, quick.account, FED) == (99_999, 1, 1)


async def test_an_own_address_without_pol_sends_nothing(quick: PolymarketDouble) -> None:
    quick.give_gas_money(quick.account.address, "0.001")
    async with client(quick) as trader:
        with pytest.raises(RequestRejectedError, match="insufficient funds for gas"):
            await trader.split_position(condition_id=quick.market(FED).condition_id, amount=M)
    assert held(quick, quick.account, FED) == (100_000, 0, 0)
