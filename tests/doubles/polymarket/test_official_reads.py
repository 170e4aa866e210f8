"""Everything that the official client reads, read by it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from decimal import Decimal

import pytest
from official import client, everything
from polymarket import AsyncSecureClient
from polymarket.errors import RequestRejectedError
from polymarket.models.clob import PriceRequest
from raw import Wire

from venuekit.adapter import Side
from venuekit_doubles.polymarket import Account, Pace, PolymarketDouble, WalletKind
from venuekit_doubles.polymarket.wallets import wallets_of

pytestmark = pytest.mark.anyio
FED = "fed-cuts-in-december"
D = Decimal


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def shared() -> Iterator[PolymarketDouble]:
    with PolymarketDouble(pace=Pace(settle=None, moving=False)) as running:
        yield running


@pytest.fixture(scope="module")
async def reader(shared: PolymarketDouble) -> AsyncIterator[AsyncSecureClient]:
    shared.advance(30).wait()
    async with client(shared) as made:
        yield made


async def test_markets_are_listed_found_and_read(shared: PolymarketDouble, reader: AsyncSecureClient) -> None:
    listed = await everything(reader.list_markets(closed=False))
    assert {m.slug for m in listed} == {m.slug for m in shared.markets if not m.closed}
    over = await everything(reader.list_markets(closed=True))
    assert [m.slug for m in over] == ["ether-above-5k-in-2025"]
    fed = shared.market(FED)
    [found] = await everything(reader.list_markets(clob_token_ids=[fed.tokens[1]]))
    assert found.condition_id == fed.condition_id
    assert (found.outcomes.yes.token_id, found.outcomes.no.token_id) == fed.tokens
    assert found.outcomes.yes.price + found.outcomes.no.price == 1
    assert (found.trading.minimum_tick_size, found.trading.minimum_order_size) == (D("0.01"), 5)
    assert (await reader.get_market(slug=FED)).id == found.id
    assert (await reader.get_market(id=found.id)).slug == FED
    with pytest.raises(RequestRejectedError):
        await reader.get_market(slug="nothing-like-it")


async def test_markets_come_in_pages_and_an_offset_is_refused(shared: PolymarketDouble) -> None:
    async with Wire.to(shared) as wire:
        first = (await wire.ask("GET", "/gamma/markets/keyset", query="?limit=4", headers={})).body
        rest = await wire.ask("GET", "/gamma/markets/keyset", query=f"?after_cursor={first['next_cursor']}", headers={})
        assert len(first["markets"]) == 4
        assert "next_cursor" not in rest.body
        assert len(rest.body["markets"]) == len(shared.markets) - 5
        assert isinstance(first["markets"][0]["clobTokenIds"], str)
        assert (await wire.ask("GET", "/gamma/markets/keyset", query="?offset=4", headers={})).status == 422
        assert (await wire.ask("GET", "/gamma/markets/keyset", query="?limit=101", headers={})).status == 400


async def test_events_group_their_markets(shared: PolymarketDouble, reader: AsyncSecureClient) -> None:
    events = await everything(reader.list_events(tag_slug="politics"))
    assert [event.slug for event in events] == ["presidential-nominee-2028"]
    assert len(events[0].markets) == 3
    [found] = await everything(reader.search(q="bitcoin"))
    assert [event.slug for event in found.events] == ["bitcoin-above-150k"]
    assert "crypto" in {tag.slug for tag in await everything(reader.list_tags())}


async def test_prices_agree_with_the_book(shared: PolymarketDouble, reader: AsyncSecureClient) -> None:
    yes, no = shared.market(FED).tokens
    book = await reader.get_order_book(asset_id=no)
    bid, ask = book.bids[-1].price, book.asks[-1].price
    assert await reader.get_price(asset_id=no, side="BUY") == bid
    assert await reader.get_price(asset_id=no, side="SELL") == ask
    assert await reader.get_midpoint(asset_id=no) == (bid + ask) / 2
    assert await reader.get_spread(asset_id=no) == ask - bid
    mids = await reader.get_midpoints(asset_ids=[yes, no])
    assert mids[yes] + mids[no] == 1
    prices = await reader.get_prices(requests=[PriceRequest(no, "BUY"), PriceRequest(no, "SELL")])
    assert prices == {no: {"BUY": bid, "SELL": ask}}
    assert [b.asset_id for b in await reader.get_order_books(asset_ids=[yes, no])] == [yes, no]
    last = await reader.get_last_trade_price(asset_id=yes)
    other = await reader.get_last_trade_price(asset_id=no)
    assert last.price + other.price == 1
    assert {last.side, other.side} == {"BUY", "SELL"}


async def test_a_history_has_a_point_for_each_step_and_both_outcomes_add_up(
    shared: PolymarketDouble, reader: AsyncSecureClient
) -> None:
    histories = [
        await everything(reader.list_price_history(asset_id=token, interval="1d", bucket_seconds=3600))
        for token in shared.market(FED).tokens
    ]
    first, second = histories
    assert len(first) == len(second) >= 24
    assert all(a.price + b.price == pytest.approx(1) for a, b in zip(first, second, strict=True))


async def test_wallets_are_read_from_the_chain(shared: PolymarketDouble, reader: AsyncSecureClient) -> None:
    careful = shared.add_account(Account.named("careful"), D(5), approved=False)
    assert (await reader.get_trading_approvals_state(wallet=shared.account.wallet)).is_fully_approved
    assert not (await reader.get_trading_approvals_state(wallet=careful.wallet)).is_fully_approved
    held = await reader.get_balance_allowance(asset_type="COLLATERAL")
    assert held.balance == 100_000 * 10**6
    shared.give(shared.account.wallet, "3", shared.market(FED).tokens[0])
    shares = await reader.get_balance_allowance(asset_type="CONDITIONAL", asset_id=shared.market(FED).tokens[0])
    assert shares.balance == 3 * 10**6


async def test_positions_and_trades_of_the_public_are_read(shared: PolymarketDouble, reader: AsyncSecureClient) -> None:
    rain = shared.market("rain-in-london-tomorrow")
    shared.order(rain.tokens[0], Side.BUY, "0.6", "20")
    shared.settle()
    wallet = shared.other.wallet
    [position] = await everything(reader.list_positions(user=wallet))
    assert (position.asset_id, position.current_size) == (rain.tokens[0], 20)
    trades = await everything(reader.list_trades(user=wallet))
    assert sum(trade.size for trade in trades) == 20
    activity = await everything(reader.list_activity(user=wallet))
    assert {entry.type for entry in activity} == {"TRADE"}
    assert (await reader.get_portfolio_value(user=wallet)).value == position.current_value


@pytest.mark.parametrize("path", ["/book", "/price", "/midpoint", "/spread", "/tick-size", "/neg-risk"])
@pytest.mark.parametrize(
    ("token", "status", "words"),
    [("123", 404, "No orderbook exists for the requested token id"), ("abc", 400, "Invalid token id")],
)
async def test_an_unknown_token_is_told_so(
    shared: PolymarketDouble, path: str, token: str, status: int, words: str
) -> None:
    async with Wire.to(shared) as wire:
        answer = await wire.ask("GET", path, query=f"?token_id={token}&side=BUY", headers={})
    assert (answer.status, answer.error) == (status, words)


async def test_the_node_knows_the_chain_its_balances_and_nothing_it_could_be_told(shared: PolymarketDouble) -> None:
    async with Wire.to(shared) as wire:

        async def call(method: str, *params: object) -> dict[str, object]:
            body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
            answer: dict[str, object] = (await wire.ask("POST", "/rpc", body, headers={})).body
            return answer

        assert (await call("eth_chainId"))["result"] == "0x89"
        owner = shared.other.wallet[2:].lower().rjust(64, "0")
        data = {"to": "0xC011a7E12a19f7B1f670d46F03B03f3342E82DFB", "data": f"0x70a08231{owner}"}
        answer = await call("eth_call", data, "latest")
        assert int(str(answer["result"]), 16) == shared.balance(shared.other.wallet) * 10**6
        assert "error" in await call("eth_sendRawTransaction", "0x00")


async def test_the_double_derives_the_same_wallets_as_the_official_client() -> None:
    from polymarket._internal import wallet as official
    from polymarket._internal.environment import PRODUCTION_CONFIG

    config = PRODUCTION_CONFIG.wallet_derivation
    for name in ("a", "b", "c"):
        owner = Account.named(name).address
        assert wallets_of(owner) == {
            owner: WalletKind.EOA,
            official.derive_proxy_wallet_address(owner, config): WalletKind.PROXY,
            official.derive_safe_wallet_address(owner, config): WalletKind.SAFE,
            official.derive_beacon_deposit_wallet_address(owner, config): WalletKind.DEPOSIT,
            official.derive_uups_deposit_wallet_address(owner, config): WalletKind.DEPOSIT,
        }
