"""Accounts that know nothing of each other, and reading back what one of them did."""

from __future__ import annotations

from decimal import Decimal

import pytest
from paper_kit import BTC, BUY, ETH, MOVE, RICH, SELL, YES, Opener, balance, limit, market, stop

from venuekit.adapter import (
    FillQuery,
    Granularity,
    HistoryQuery,
    InvalidValue,
    KeyPermission,
    NotConnected,
    OrderRef,
    OrderStatus,
    OrderType,
    StoreInUse,
    TimeInForce,
    TransferKind,
    UnknownOrder,
)
from venuekit_paper.adapter import PaperVenue

pytestmark = pytest.mark.anyio
D = Decimal


async def test_named_accounts_share_nothing(opened: Opener) -> None:
    alice, bob = await opened("alice", persist=True), await opened("bob", persist=True)
    untouched = await bob.balances()
    order = await alice.submit(limit(BUY, "0.5", "50000", client_order_id="same"))
    await alice.submit(market(BUY, "1"))
    assert await bob.balances() == untouched
    assert (await bob.open_orders(), await bob.positions()) == ([], [])
    with pytest.raises(UnknownOrder):
        await bob.order(OrderRef.of(order))
    with pytest.raises(UnknownOrder):
        await bob.cancel(OrderRef.of(order))
    mine = await bob.submit(limit(SELL, "0.1", "70000", client_order_id="same"))
    assert (mine.account, mine.client_order_id) == ("bob", "same")
    assert {p.name for p in opened.folder.iterdir()} >= {"alice.sqlite3", "bob.sqlite3"}


async def test_the_profile_says_whose_account_it_is(opened: Opener) -> None:
    venue = await opened("alice")
    profile = await venue.profile()
    assert (profile.venue, profile.account, profile.environment) == ("paper", "alice", "paper")
    assert set(profile.permissions) == {KeyPermission.VIEW, KeyPermission.TRADE}


@pytest.mark.parametrize("name", ["", "../up", "a/b", "a\n", "x" * 65, "-rf", "ü"])
async def test_an_account_name_that_could_not_name_a_file_is_refused(opened: Opener, name: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        await opened(name, persist=True)
    assert caught.value.field == "account"
    assert list(opened.folder.iterdir()) == []


async def test_an_open_account_is_refused_to_others_and_says_who_has_it(opened: Opener) -> None:
    first = await opened(persist=True)
    with pytest.raises(StoreInUse) as caught:
        await opened(persist=True)
    assert "account" in caught.value.fix
    assert caught.value.details["pid"]
    await first.close()
    assert (await opened(persist=True)).account == "default"


async def test_the_next_free_account_is_taken_where_that_is_allowed(
    opened: Opener, caplog: pytest.LogCaptureFixture
) -> None:
    await opened(persist=True)
    second = await opened(persist=True, on_locked="next")
    third = await opened(persist=True, on_locked="next")
    assert (second.account, third.account) == ("default-2", "default-3")
    assert (await second.profile()).account == "default-2"
    assert "default-2" in caplog.text
    order = await second.submit(limit(BUY, "0.5", "50000"))
    assert order.account == "default-2"


async def test_initial_balances_are_deposits_of_a_new_account(venue: PaperVenue) -> None:
    assert {b.asset: b.total for b in await venue.balances()} == RICH
    deposits = (await venue.transfers()).items
    assert {t.kind for t in deposits} == {TransferKind.DEPOSIT}
    assert {t.asset: t.amount for t in deposits} == RICH


async def test_balances_are_sorted_and_leave_out_what_is_zero(opened: Opener) -> None:
    venue = await opened(initial_balances={"USD": D(100_000), "BTC": D(0)})
    assert [b.asset for b in await venue.balances()] == ["USD"]
    await venue.submit(market(BUY, "10", instrument=ETH))
    assert [b.asset for b in await venue.balances()] == ["ETH", "USD"]


async def test_history_holds_open_and_finished_orders_newest_first_and_pages_without_loss(venue: PaperVenue) -> None:
    placed = []
    for n in range(30):
        request = market(BUY, "0.001") if n % 3 else limit(BUY, "0.001", "50000")
        placed.append((await venue.submit(request)).id)
        await venue.advance(MOVE)
    seen: list[str] = []
    cursor = None
    while True:
        page = await venue.order_history(HistoryQuery(limit=7, cursor=cursor))
        assert len(page.items) <= 7
        seen += [o.id for o in page.items]
        if len(seen) == 14:
            await venue.submit(market(BUY, "0.001"))  # newer than the pages that follow
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == placed[::-1]


async def test_history_is_filtered_by_what_the_query_says(venue: PaperVenue) -> None:
    start = venue.now_ns()
    bought = await venue.submit(market(BUY, "0.1"))
    await venue.advance(1)
    middle = venue.now_ns()
    resting = await venue.submit(limit(SELL, "1", "3500", instrument=ETH))
    waiting = await venue.submit(stop(SELL, "0.1", "50000"))

    async def found(**query: object) -> list[str]:
        return [o.id for o in (await venue.order_history(HistoryQuery(**query))).items]  # type: ignore[arg-type]

    assert await found() == [waiting.id, resting.id, bought.id]
    assert await found(instrument=ETH) == [resting.id]
    assert await found(statuses=[OrderStatus.FILLED]) == [bought.id]
    assert await found(statuses=[OrderStatus.OPEN, OrderStatus.PENDING_TRIGGER]) == [waiting.id, resting.id]
    assert await found(type=OrderType.STOP) == [waiting.id]
    assert await found(side=BUY) == [bought.id]
    assert await found(start_ns=middle) == [waiting.id, resting.id]
    assert await found(start_ns=start, end_ns=middle) == [bought.id]


@pytest.mark.parametrize("far", [10**30, 2**63, 2**64])
async def test_times_too_far_away_for_any_clock_are_before_or_after_everything(venue: PaperVenue, far: int) -> None:
    forever = limit(BUY, "0.1", "50000", time_in_force=TimeInForce.GTD, expires_at_ns=far)
    assert (await venue.submit(forever)).expires_at_ns == far
    await venue.submit(market(BUY, "0.1"))
    for query, count in (
        ({"start_ns": -far, "end_ns": far}, 1),
        ({"start_ns": far}, 0),
        ({"end_ns": -far}, 0),
        ({"limit": far}, 1),
    ):
        assert len((await venue.fills(FillQuery(**query))).items) == count  # type: ignore[arg-type]
        orders = (await venue.order_history(HistoryQuery(**query))).items  # type: ignore[arg-type]
        assert len(orders) == count * 2
    assert await venue.candles(BTC, Granularity.ONE_DAY, start_ns=far) == []
    assert len(await venue.candles(BTC, Granularity.ONE_DAY, start_ns=-far, end_ns=far, limit=far)) == 11


async def test_fills_are_filtered_and_paged_newest_first(venue: PaperVenue) -> None:
    ether = await venue.submit(market(BUY, "1", instrument=ETH))
    for _ in range(9):
        await venue.submit(market(BUY, "0.001"))
    assert [f.client_order_id for f in (await venue.fills(FillQuery(instrument=ETH))).items] == [ether.id]
    by_either = [await venue.fills(FillQuery(order_id=i)) for i in (ether.client_order_id, ether.venue_order_id)]
    assert by_either[0].items == by_either[1].items != ()
    assert (await venue.fills(FillQuery(order_id="never"))).items == ()
    assert (await venue.fills(FillQuery(order_id="9" * 5000))).items == ()
    seen = []
    cursor = None
    while True:
        page = await venue.fills(FillQuery(limit=4, cursor=cursor))
        seen += page.items
        cursor = page.next_cursor
        if cursor is None:
            break
    assert len(seen) == len({f.id for f in seen}) == 10
    assert [int(f.venue_order_id) for f in seen] == sorted((int(f.venue_order_id) for f in seen), reverse=True)


async def test_transfers_are_paged(venue: PaperVenue) -> None:
    for n in range(1, 8):
        await venue.mint(YES, D(n))
    seen = []
    cursor = None
    while True:
        page = await venue.transfers(limit=3, cursor=cursor)
        seen += [t.amount for t in page.items if t.kind is TransferKind.MINT]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == [-7, -6, -5, -4, -3, -2, -1]


async def test_a_page_is_never_longer_than_what_the_capabilities_promise(venue: PaperVenue) -> None:
    for n in range(510):
        await venue.submit(limit(BUY, "0.001", D(50_000) - n))
    page = await venue.order_history(HistoryQuery(limit=100_000))
    assert len(page.items) == venue.capabilities.max_page == 500
    assert page.next_cursor is not None
    assert len(await venue.open_orders()) == 510


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("btc-usd", BTC),
        ("BTC", "BTC-PERP"),
        ("bitcoin", "BTC-PERP"),
        ("central bank yes", YES),
        ("ether perp", "ETH-PERP"),
    ],
)
async def test_search_finds_what_people_call_an_instrument(venue: PaperVenue, text: str, first: str) -> None:
    assert (await venue.search(text))[0].id == first


async def test_search_is_bounded_and_nothing_matches_nonsense(venue: PaperVenue) -> None:
    assert len(await venue.search("usd", limit=2)) == 2
    assert await venue.search("zzz") == []
    assert await venue.search("") == []


async def test_nothing_is_answered_before_connecting_or_after_closing(opened: Opener) -> None:
    venue = opened.make()
    for state in ("before", "after"):
        for call in (venue.instruments, venue.balances, venue.profile, venue.server_time_ns, venue.cancel_all):
            with pytest.raises(NotConnected) as caught:
                await call()  # type: ignore[operator]
            assert "connect" in caught.value.fix
        if state == "before":
            await venue.connect()
            await venue.connect()
            assert (await balance(venue)).total == RICH["USD"]
            await venue.close()
            await venue.close()
