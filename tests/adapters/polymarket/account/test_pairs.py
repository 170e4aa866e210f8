"""pUSD into shares of both outcomes and back, and shares of a resolved market into what they pay, for every wallet."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from decimal import Decimal
from typing import Any

import pytest
from pairs_at_work import ALPHA, FED, QUICK, RAIN, Worker, held, keyed
from polymarket_doubled import connected

from venuekit.adapter import (
    ConfigError,
    InstrumentNotTrading,
    InsufficientFunds,
    InvalidSize,
    LimitOrder,
    Rejected,
    Side,
    Unavailable,
    VenuekitError,
    VenuePermission,
)
from venuekit_doubles.polymarket import Account, Pace, PolymarketDouble, WalletKind
from venuekit_doubles.polymarket.contracts import COLLATERAL_ADAPTER, NEG_RISK_COLLATERAL_ADAPTER, ROUTER
from venuekit_doubles.polymarket.execution import Reverted

pytestmark = pytest.mark.anyio
D = Decimal


@pytest.fixture
def quick() -> Iterator[PolymarketDouble]:
    """Transactions go on by themselves."""
    with PolymarketDouble(pace=Pace(settle=0.005, delay=None, moving=False)) as running:
        yield running


@pytest.mark.parametrize(
    ("kind", "slug", "payout"),
    [
        *((kind, FED, "1") for kind in WalletKind),
        *((kind, ALPHA, "0") for kind in WalletKind),
        (WalletKind.EOA, RAIN, "1"),
        (WalletKind.SAFE, RAIN, "1"),
    ],
)
async def test_every_wallet_splits_merges_and_redeems_exactly(
    quick: PolymarketDouble, kind: WalletKind, slug: str, payout: str
) -> None:
    account = quick.add_account(Account.named("holder", kind), D(1000))
    yes, no = quick.market(slug).tokens
    async with connected(quick, account, **QUICK, **keyed(account)) as venue:
        worker = Worker(venue)
        split = await worker.do("split_position", f"{slug}:YES", "100.000001")
        assert held(quick, account, slug) == (D("899.999999"), D("100.000001"), D("100.000001"))
        assert [(c.asset, c.change, c.balance) for c in split.changes] == [
            ("pUSD", D("-100.000001"), D("899.999999")),
            (yes, D("100.000001"), D("100.000001")),
            (no, D("100.000001"), D("100.000001")),
        ]
        assert (split.state, split.market) == ("CONFIRMED", slug)
        assert bool(split.relayer_id) is (kind is not WalletKind.EOA)
        sizes = {p.instrument: p.size for p in await venue.positions()}
        assert (sizes[yes], sizes[no]) == (D("100.000001"), D("100.000001"))
        merged = await worker.do("merge_positions", quick.market(slug).condition_id, "40")
        assert [c.change for c in merged.changes] == [40, -40, -40]
        assert held(quick, account, slug) == (D("939.999999"), D("60.000001"), D("60.000001"))
        quick.resolve(slug, payout)
        redeemed = await worker.do("redeem_positions", slug)
        wins, left = (yes, no) if payout == "1" else (no, yes), D("60.000001")
        changes = {c.asset: c.change for c in redeemed.changes}
        assert (changes["pUSD"], changes[wins[0]]) == (left, -left)
        # Without a relayer, position ids are redeemed in one transaction each: those that pay nothing stay.
        stays = left if kind is WalletKind.EOA and slug == RAIN else D(0)
        assert quick.balance(account.wallet, wins[1]) == stays
        assert quick.balance(account.wallet) == 1000
    kinds = [transfer.kind.value for transfer in await _transfers(quick, account)]
    assert sorted(kinds) == ["MERGE", "MINT", "RESOLUTION"]  # all within a second


async def _transfers(double: PolymarketDouble, account: Account) -> list[object]:
    async with connected(double, account) as venue:
        return list((await venue.transfers(limit=10)).items)


async def test_what_is_told_to_the_person_is_exact_and_stands_still(quick: PolymarketDouble) -> None:
    quick.split(FED, "10")
    async with connected(quick, quick.account, **QUICK) as venue:
        worker = Worker(venue)
        split = await worker.explain("split_position", FED, "25.5")
        assert split.sentence == "Split 25.5 pUSD into 25.5 Yes and 25.5 No of fed-cuts-in-december"
        assert (split.worth, split.currency, split.reduces) == (D("25.5"), "pUSD", False)
        assert tuple(split.instruments) == quick.market(FED).tokens
        assert split == await worker.explain("split_position", FED, "25.50")
        merge = await worker.explain("merge_positions", FED, "4")
        assert merge.sentence == "Merge 4 Yes and 4 No of fed-cuts-in-december into 4 pUSD"
        assert (merge.worth, merge.reduces) == (4, True)
        quick.give(quick.account.wallet, "5", quick.market(FED).tokens[0])
        quick.resolve(FED, "1")
        redeem = await worker.explain("redeem_positions", FED)
        assert redeem.sentence == "Redeem every share of fed-cuts-in-december: burn 15 Yes and 10 No, for 15 pUSD"
        assert (redeem.worth, redeem.reduces) == (15, True)
    assert held(quick, quick.account) == (99_990, 15, 10)


async def _refused(worker: Worker, name: str, market: str = FED, amount: str = "") -> VenuekitError:
    """The refusal, the same before a person is asked and before anything would be sent."""
    with pytest.raises(VenuekitError) as asked:
        await worker.explain(name, market, amount)
    with pytest.raises(VenuekitError) as prepared:
        await worker.prepare(name, market, amount)
    assert str(asked.value) == str(prepared.value)
    return asked.value


async def test_what_is_not_there_is_refused_with_what_is(quick: PolymarketDouble) -> None:
    quick.split(FED, "10")
    yes, no = quick.market(FED).tokens
    async with connected(quick, quick.account, **QUICK) as venue:
        worker = Worker(venue)
        refused = await _refused(worker, "split_position", amount="99990.000001")
        assert isinstance(refused, InsufficientFunds)
        assert refused.details["available"] == "99990"
        refused = await _refused(worker, "merge_positions", amount="10.5")
        assert refused.details["available"] == "10"
        quick.give(quick.account.wallet, "5", yes)
        refused = await _refused(worker, "merge_positions", amount="12")
        assert "No can be merged" in refused.message
        refused = await _refused(worker, "redeem_positions")
        assert isinstance(refused, InstrumentNotTrading)
        assert "not resolved" in refused.message
        for amount in ("0", "-1"):
            assert (await _refused(worker, "split_position", amount=amount)).field == "amount"
        fine = await _refused(worker, "split_position", amount="1.0000001")
        assert isinstance(fine, InvalidSize)
        assert "1 or 1.000001" in fine.fix
        quick.give(quick.account.wallet, "-15", yes)
        quick.resolve(FED, "1")
        refused = await _refused(worker, "redeem_positions")
        assert "pay nothing" in refused.message
        refused = await _refused(worker, "split_position", amount="1")
        assert "resolved" in refused.message
        quick.give(quick.account.wallet, "-10", no)
        assert "no shares" in (await _refused(worker, "redeem_positions")).message
    assert not [a for a in quick.requests if a.path == "/relayer/submit"]
    assert quick.venue.transactions.all == []


@pytest.mark.parametrize(
    ("slug", "contract"),
    [(FED, COLLATERAL_ADAPTER), (ALPHA, NEG_RISK_COLLATERAL_ADAPTER), (RAIN, ROUTER)],
)
async def test_a_contract_that_may_not_take_it_is_named_with_the_remedy(
    quick: PolymarketDouble, slug: str, contract: str
) -> None:
    account = quick.add_account(Account.named("unapproved", WalletKind.SAFE), approved=False)
    quick.split(slug, "10", account)
    async with connected(quick, account, **QUICK, **keyed(account)) as venue:
        worker = Worker(venue)
        quick.allow(account.wallet, contract, "4.5")
        refused = await _refused(worker, "split_position", slug, "5")
        assert contract in refused.message
        assert "4.5 pUSD" in refused.message
        assert "venue's site" in refused.fix
        refused = await _refused(worker, "merge_positions", slug, "5")
        assert contract in refused.message
        assert "no shares" in refused.message
        quick.allow(account.wallet, contract, "4.5", shares=True)
        await worker.do("split_position", slug, "4.5")
        await worker.do("merge_positions", slug, "5")
    assert held(quick, account, slug) == (D("99990.5"), D("9.5"), D("9.5"))


async def test_only_settled_shares_that_are_in_no_order_are_merged(quick: PolymarketDouble) -> None:
    quick.split(FED, "10")
    yes = quick.market(FED).tokens[0]
    async with connected(quick, quick.account, **QUICK) as venue:
        worker = Worker(venue)
        await venue.submit(LimitOrder(instrument=yes, side=Side.SELL, price=D("0.9"), size=D(6), client_order_id="a"))
        refused = await _refused(worker, "merge_positions", amount="5")
        assert refused.details["available"] == "4"
        assert "cancel the orders" in refused.fix
        await worker.do("merge_positions", FED, "4")
        await venue.submit(
            LimitOrder(instrument=yes, side=Side.BUY, price=D("0.01"), size=D(9_000_000), client_order_id="b")
        )
        refused = await _refused(worker, "split_position", amount="99990")
        assert refused.details["available"] == "9994"
    assert held(quick, quick.account) == (99_994, 6, 6)


async def test_shares_that_are_bought_and_not_settled_are_not_merged() -> None:
    with PolymarketDouble(pace=Pace(settle=None, delay=None, moving=False)) as double:
        yes, no = double.market(FED).tokens
        double.give(double.account.wallet, "20", no)
        double.order(no, Side.BUY, "0.38", "20")
        async with connected(double, double.account, **QUICK) as venue:
            worker = Worker(venue)
            await venue.submit(
                LimitOrder(instrument=yes, side=Side.BUY, price=D("0.62"), size=D(20), client_order_id="a")
            )
            refused = await _refused(worker, "merge_positions", amount="5")
            assert "not settled" in refused.message
            assert refused.details["unsettled"] == "20"
            double.settle()
            explained = await worker.explain("merge_positions", FED, "5")
            assert explained.worth == 5


async def test_a_wallet_that_cannot_send_says_why_before_anybody_is_asked(quick: PolymarketDouble) -> None:
    safe = quick.add_account(Account.named("keyless", WalletKind.SAFE))
    async with connected(quick, safe, **QUICK) as venue:
        refused = await _refused(Worker(venue), "split_position", amount="1")
        assert isinstance(refused, VenuePermission)
        assert "POLYMARKET_RELAYER_API_KEY" in refused.fix
    quick.undeploy(safe.wallet)
    async with connected(quick, safe, **QUICK, **keyed(safe)) as venue:
        refused = await _refused(Worker(venue), "split_position", amount="1")
        assert isinstance(refused, Rejected)
        assert "nothing here ever does" in refused.fix
    quick.give_gas_money(quick.account.address, "0.001")
    async with connected(quick, quick.account, **QUICK) as venue:
        with pytest.raises(InsufficientFunds, match="POL"):
            await Worker(venue).prepare("split_position", FED, "1")
    async with connected(quick, **QUICK) as venue:
        refused = await _refused(Worker(venue), "split_position", amount="1")
        assert "POLYMARKET_PRIVATE_KEY" in refused.fix
    assert quick.venue.transactions.all == []


async def test_a_relayer_key_that_is_wrong_sends_nothing_and_is_in_no_message(quick: PolymarketDouble) -> None:
    safe = quick.add_account(Account.named("miskeyed", WalletKind.SAFE))
    wrong = "11111111-2222-3333-4444-555555555555"
    async with connected(quick, safe, **QUICK, relayer_api_key=wrong) as venue:
        with pytest.raises(VenuePermission) as refused:
            await Worker(venue).do("split_position", FED, "1")
    assert wrong not in str(refused.value.to_dict())
    assert held(quick, safe) == (100_000, 0, 0)


async def test_a_builders_key_opens_the_relayer_as_well(quick: PolymarketDouble) -> None:
    account = quick.add_account(Account.named("built", WalletKind.DEPOSIT))
    key = account.builder_key
    builder = {
        "builder_api_key": key.key,
        "builder_api_secret": key.secret,
        "builder_api_passphrase": key.passphrase,
    }
    async with connected(quick, account, **QUICK, **builder) as venue:
        await Worker(venue).do("split_position", FED, "3")
    assert held(quick, account) == (99_997, 3, 3)
    with pytest.raises(ConfigError, match="builder_api_passphrase"):
        async with connected(quick, account, builder_api_key="k", builder_api_secret="cw=="):
            pass


async def test_nothing_is_redeemed_while_trades_are_not_settled(double: PolymarketDouble) -> None:
    yes, no = double.market(FED).tokens
    double.split(FED, "10")
    double.give(double.other.wallet, "20", no)
    double.order(no, Side.BUY, "0.38", "20")
    async with connected(double, double.account, **QUICK) as venue:
        worker = Worker(venue)
        await venue.submit(LimitOrder(instrument=yes, side=Side.BUY, price=D("0.62"), size=D(20), client_order_id="a"))
        double.resolve(FED, "1")
        refused = await _refused(worker, "redeem_positions")
        assert isinstance(refused, Unavailable)
        double.settle()
        double.settle()
        assert (await worker.explain("redeem_positions", FED)).worth == 30


async def test_what_the_chain_alone_knows_is_refused_in_its_words_before_anybody_is_asked(
    quick: PolymarketDouble,
) -> None:
    def refuse(*_: object) -> None:
        raise Reverted("result for condition not received yet")

    quick.split(FED, "10")
    quick.resolve(FED, "1")
    quick.do(lambda: setattr(quick.venue.transactions.execution, "attempt", refuse))
    async with connected(quick, quick.account, **QUICK) as venue:
        refused = await _refused(Worker(venue), "redeem_positions")
        assert isinstance(refused, Rejected)
        assert refused.details["venue_code"] == "REVERTED"
        assert "result for condition not received yet" in refused.message
        assert "execution reverted" not in refused.message


async def test_positions_are_right_at_once_though_the_venues_list_of_them_is_late(
    quick: PolymarketDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def late(**_: object) -> AsyncIterator[Any]:
        for row in ():
            yield row

    async with connected(quick, quick.account, **QUICK) as venue:
        monkeypatch.setattr(venue.own.portfolio, "listed", late)
        await Worker(venue).do("split_position", FED, "10")
        assert sorted((p.instrument, p.size) for p in await venue.positions()) == sorted(
            (token, D(10)) for token in quick.market(FED).tokens
        )
