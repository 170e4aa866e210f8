"""What an account holds: cost by portfolio and by every fill, futures as the venue has them, wallets, transfers."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from scripted_coinbase import BTC, scripted

from venuekit.adapter import FillQuery, TransferKind
from venuekit_coinbase.client import Call

pytestmark = pytest.mark.anyio
D = Decimal
BOOK = {"pricebook": {"product_id": "BTC-USD", "bids": [{"price": "199", "size": "1"}], "asks": [{"price": "201", "size": "1"}]}}  # fmt: skip
FUTURE = {
    "product_id": "BIP-20DEC30-CDE",
    "product_type": "FUTURE",
    "base_increment": "1",
    "price_increment": "5",
    "base_min_size": "1",
    "quote_currency_id": "USD",
    "status": "",
    "future_product_details": {"contract_size": "0.01", "funding_interval": "3600s"},
}


def fill(number: int, *, price: str = "100", size: str = "1", side: str = "BUY", **more: Any) -> dict[str, Any]:
    return {
        "entry_id": f"e-{number}",
        "trade_id": f"t-{number}",
        "order_id": f"o-{number}",
        "product_id": "BTC-USD",
        "side": side,
        "price": price,
        "size": size,
        "commission": "0.1",
        "trade_time": f"2026-11-20T10:{number // 60:02}:{number % 60:02}Z",
        **more,
    }


def account(*fills: dict[str, Any], portfolio: str = "p-1", **more: Any) -> dict[str, Any]:
    """A portfolio with these fills, newest first, and no futures."""

    def since(call: Call) -> dict[str, Any]:
        start = str(call.query.get("start_sequence_timestamp", ""))
        return {"fills": [f for f in fills if f["trade_time"] >= start[:19]], "cursor": ""}

    return {
        "/key_permissions": {"can_view": True, "portfolio_uuid": portfolio},
        "/orders/historical/fills": since,
        "/cfm/positions": {"positions": []},
        "/product_book": BOOK,
        **more,
    }


# -- cost


async def test_a_position_is_what_the_fills_add_up_to_valued_at_the_market(tmp_path: Path) -> None:
    script = account(fill(3, price="300", side="SELL"), fill(2, price="200"), fill(1, price="100"))
    async with scripted(tmp_path, script) as (venue, _):
        [position] = await venue.positions()
    assert (position.size, position.average_entry_price, position.quote) == (D(1), D(150), "USD")
    assert (position.realized_pnl, position.unrealized_pnl, position.mark_price) == (D(150), D(50), D(200))
    assert position.fees_paid == D("0.3")


async def test_two_keys_under_one_name_never_share_a_cost(tmp_path: Path) -> None:
    for portfolio, price in (("p-1", "100"), ("p-2", "50"), ("p-1", "100")):
        async with scripted(tmp_path, account(fill(1, price=price), portfolio=portfolio)) as (venue, _):
            [position] = await venue.positions()
        assert (position.size, position.average_entry_price) == (D(1), D(price))


async def test_a_restart_asks_for_newer_fills_only_and_keeps_the_cost(tmp_path: Path) -> None:
    async with scripted(tmp_path, account(fill(1, price="100"))) as (venue, _):
        await venue.positions()
    async with scripted(tmp_path, account(fill(600, price="200"), fill(1, price="100"))) as (venue, venue_side):
        [position] = await venue.positions()
        [asked] = venue_side.asked("/orders/historical/fills")
    assert asked.query["start_sequence_timestamp"] >= "2026-11-20T10:00:00"
    assert (position.size, position.average_entry_price) == (D(2), D(150))


async def test_of_a_test_server_nothing_is_kept(tmp_path: Path) -> None:
    hosts = {"base_url": "https://127.0.0.1:1", "ws_url": "wss://127.0.0.1:1", "ws_user_url": "wss://127.0.0.1:1"}
    async with scripted(tmp_path, account(fill(1)), environment="sandbox", **hosts) as (venue, _):
        assert len(await venue.positions()) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("portfolio", ["", "../elsewhere", "a/b", "x" * 65])
async def test_what_is_no_id_of_a_portfolio_names_no_file(tmp_path: Path, portfolio: str) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    async with scripted(folder, account(fill(1), portfolio=portfolio)) as (venue, _):
        assert len(await venue.positions()) == 1
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []


# -- fills


async def test_fills_are_read_to_the_last_page_and_each_counts_once(tmp_path: Path) -> None:
    every = [fill(n) for n in range(700, 0, -1)]

    def page(call: Call) -> dict[str, Any]:
        start, limit = int(call.query.get("cursor") or 0), int(call.query["limit"])
        # The venue gives a cursor on a full last page too, and an empty page after it.
        following = str(start + limit) if start + limit <= len(every) else ""
        return {"fills": every[start : start + limit], "cursor": following}

    script = account() | {"/orders/historical/fills": page}
    async with scripted(tmp_path, script) as (venue, _):
        [position] = await venue.positions()
        assert (position.size, position.fees_paid) == (D(700), D("70.0"))
        cursor, ids = None, []
        while True:
            found = await venue.fills(FillQuery(limit=99, cursor=cursor))
            ids += [f.id for f in found.items]
            cursor = found.next_cursor
            if cursor is None:
                break
    assert ids == [f["entry_id"] for f in every]


# -- futures


async def test_futures_are_the_venues_own_positions_and_are_not_counted_twice(tmp_path: Path) -> None:
    row = {
        "product_id": "BIP-20DEC30-CDE",
        "side": "SHORT",
        "number_of_contracts": "3",
        "current_price": "90005",
        "avg_entry_price": "90105",
        "unrealized_pnl": "3",
        "daily_realized_pnl": "0",
    }
    script = account(fill(1, product_id="BIP-20DEC30-CDE", side="SELL", size="3", price="90105"), fill(2))
    script |= {"/cfm/positions": {"positions": [row]}, "/market/products": {"products": [BTC, FUTURE]}}
    async with scripted(tmp_path, script) as (venue, _):
        future, spot = await venue.positions()
    assert (future.instrument, future.size, future.quote) == ("BIP-20DEC30-CDE", D(-3), "USD")
    assert (future.average_entry_price, future.mark_price, future.unrealized_pnl) == (D(90105), D(90005), D(3))
    assert (spot.instrument, spot.size) == ("BTC-USD", D(1))


@pytest.mark.parametrize("answer", [(403, {"error_details": "Missing required scopes"}), {"positions": None}, {}])
async def test_an_account_without_futures_has_spot(tmp_path: Path, answer: Any) -> None:
    async with scripted(tmp_path, account(fill(1)) | {"/cfm/positions": answer}) as (venue, _):
        assert [p.instrument for p in await venue.positions()] == ["BTC-USD"]


# -- wallets


async def test_balances_are_of_every_page_and_wallets_of_one_asset_add_up(tmp_path: Path) -> None:
    def wallet(asset: str, free: str, hold: str, **more: Any) -> dict[str, Any]:
        return {"currency": asset, "available_balance": {"value": free}, "hold": {"value": hold}, **more}

    pages = {
        "": ([wallet("BTC", "1.000000000000000001", "0.5"), wallet("ETH", "0", "0")], "two"),
        "two": ([wallet("BTC", "2", "0"), wallet("USD", "7", "0", active=False)], "three"),
        "three": ([wallet("USD", "10", "0")], ""),
    }

    def accounts(call: Call) -> dict[str, Any]:
        found, following = pages[str(call.query.get("cursor") or "")]
        return {"accounts": found, "has_next": bool(following), "cursor": following}

    async with scripted(tmp_path, {"/accounts": accounts}) as (venue, _):
        found = {b.asset: (b.total, b.available, b.held) for b in await venue.balances()}
    assert found == {
        "BTC": (D("3.500000000000000001"), D("3.000000000000000001"), D("0.5")),
        "USD": (D(10), D(10), D(0)),
    }


# -- transfers


def moved(number: int, kind: str, amount: str, status: str = "completed") -> dict[str, Any]:
    at = f"2026-11-{number:02}T10:00:00-08:00"
    return {"id": f"x-{number}", "type": kind, "status": status, "amount": {"amount": amount, "currency": "USD"}, "created_at": at}  # fmt: skip


async def test_transfers_are_of_every_wallet_and_page_newest_first_and_signed(tmp_path: Path) -> None:
    pages: dict[str, list[dict[str, Any]]] = {
        "": [moved(9, "fiat_withdrawal", "-5.25"), moved(8, "advanced_trade_fill", "3"), moved(7, "send", "-1")],
        "x-7": [moved(6, "fiat_deposit", "100", "pending"), moved(5, "exchange_deposit", "-7")],
        "x-5": [moved(4, "exchange_withdrawal", "8"), moved(3, "receive", "0.10"), moved(2, "fiat_deposit", "100")],
    }

    def transactions(call: Call) -> dict[str, Any]:
        after = str(call.query.get("starting_after") or "")
        last = pages[after][-1]["id"]
        uri = f"{call.path}?limit=100&starting_after={last}" if last in pages else None
        return {"pagination": {"next_uri": uri}, "data": pages[after]}

    script = {
        "/v2/accounts": {"data": [{"id": "w-1"}, {"id": "w-2"}], "pagination": {"next_uri": None}},
        "/v2/accounts/w-1/transactions": transactions,
        "/v2/accounts/w-2/transactions": {"data": [moved(1, "staking_reward", "0.5")], "pagination": None},
    }
    async with scripted(tmp_path, script) as (venue, side):
        first = await venue.transfers(limit=4)
        rest = await venue.transfers(limit=4, cursor=first.next_cursor)
        assert side.budgets() == {"rest_public", "rest_private", "rest_v2"}
    assert rest.next_cursor is None
    into, out = TransferKind.DEPOSIT, TransferKind.WITHDRAWAL
    assert [(t.id, t.kind, t.amount) for t in (*first.items, *rest.items)] == [
        ("x-9", out, D("-5.25")),
        ("x-7", out, D(-1)),
        ("x-5", out, D(-7)),  # to another of Coinbase's places, so out of this account
        ("x-4", into, D(8)),
        ("x-3", into, D("0.10")),
        ("x-2", into, D(100)),
        ("x-1", into, D("0.5")),
    ]


async def test_a_link_that_leads_elsewhere_is_not_followed(tmp_path: Path) -> None:
    elsewhere = {
        "data": [{"id": "w-1"}],
        "pagination": {"next_uri": "https://elsewhere.example/v2/prime?starting_after=1"},
    }
    script = {"/v2/accounts": elsewhere, "/v2/accounts/w-1/transactions": {"data": []}}
    async with scripted(tmp_path, script) as (venue, side):
        assert (await venue.transfers()).items == []
        assert len(side.asked("/v2/accounts")) == 1
