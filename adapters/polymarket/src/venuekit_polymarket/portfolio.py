"""What the account holds: balances, positions with profit, who we are, and money that moved without a trade."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from decimal import Decimal
from typing import Any

from venuekit.adapter import (
    NANOS,
    ZERO,
    AccountId,
    AccountProfile,
    Balance,
    Clock,
    InvalidCursor,
    KeyPermission,
    Page,
    Position,
    Side,
    Transfer,
    TransferKind,
    VenueDown,
    half_even_to,
    minus,
    normal,
    plus,
    times,
)
from venuekit_polymarket.api import Api
from venuekit_polymarket.capabilities import AUTH, DATA, DATA_POSITIONS, VENUE
from venuekit_polymarket.finding import Finder
from venuekit_polymarket.history import page_limit
from venuekit_polymarket.holdings import Holdings, InFlight
from venuekit_polymarket.ledger import Ledger
from venuekit_polymarket.orders import QUOTE
from venuekit_polymarket.reading import flag, number, rows, table, text, time_ns
from venuekit_polymarket.records import Records

#: The list of positions is made from the chain and comes late: outcomes traded since then are asked for one by one.
_LATE_NS = 120 * NANOS
_MOST_ASKED = 20
_MOST_PAGES = 100
_PAGE = 500
#: Trades may be mined between two questions: then the first one is asked again, and rather nothing is told than a sum
#: of two moments.
_TRIES = 8
#: What the Data API writes as floating point has no more digits than that.
_DIGITS = Decimal("0.000001")
_MARK = "polymarket-activity:"
#: Kinds of activity that are no trade → ours, and which way the money went.
_MOVES: Mapping[str, tuple[TransferKind, int]] = {
    "SPLIT": (TransferKind.MINT, -1),
    "MERGE": (TransferKind.MERGE, 1),
    "REDEEM": (TransferKind.RESOLUTION, 1),
    "REWARD": (TransferKind.FUNDING, 1),
    "MAKER_REBATE": (TransferKind.FUNDING, 1),
    "TAKER_REBATE": (TransferKind.FUNDING, 1),
    "REFERRAL_REWARD": (TransferKind.FUNDING, 1),
    "YIELD": (TransferKind.FUNDING, 1),
    "DEPOSIT": (TransferKind.DEPOSIT, 1),
    "WITHDRAWAL": (TransferKind.WITHDRAWAL, -1),
}


class Portfolio:
    """What one wallet has."""

    def __init__(
        self,
        api: Api,
        account: AccountId,
        environment: str,
        *,
        records: Records,
        ledger: Ledger,
        finder: Finder,
        holdings: Holdings,
        clock: Clock,
    ) -> None:
        self._api = api
        self._account = account
        self._environment = environment
        self._records = records
        self._ledger = ledger
        self._finder = finder
        self._holdings = holdings
        self._clock = clock
        #: Outcomes whose shares were made, merged or redeemed from here, and when.
        self._moved_ns: dict[str, int] = {}

    def moved(self, tokens: Iterable[str]) -> None:
        """Shares of these outcomes have moved without a trade, and the venue has looked at the chain since.

        Its list of positions will be late all the same.
        """
        self._moved_ns |= dict.fromkeys(tokens, self._clock.now_ns())

    # -- what there is

    async def listed(self, **query: Any) -> AsyncIterator[Mapping[str, Any]]:
        """Positions as the venue's Data API lists them, those of a fraction of a share too."""
        cursor: str | None = None
        for _ in range(_MOST_PAGES):
            body = await self._api.data(
                "/v2/positions",
                budget=DATA_POSITIONS,
                user=self._api.key.wallet.address,
                limit=_PAGE,
                cursor=cursor,
                **query,
            )
            for row in rows(body, "data"):
                yield row
            cursor = text(table(body, "pagination"), "next_cursor") or None
            if cursor is None:
                return

    async def _shares(self) -> tuple[dict[str, Decimal], dict[str, Mapping[str, Any]]]:
        """Shares by token, those of trades that are not mined yet with them; and the list of positions."""
        await self._ledger.cover(self._clock.now_ns())
        listed = {text(row, "token_id"): row async for row in self.listed()}
        shares = {token: number(row, "current_size") for token, row in listed.items()}
        asked: dict[str, int] = {}
        tries = _TRIES
        while True:
            recent, flight = self._recent(), self._holdings.in_flight()
            wanted = {*recent, *flight, *self._moved()} - {QUOTE}
            again = {token for token in wanted if asked.get(token) != self._records.settled[token]}
            if not again:
                break
            if len(again) <= _MOST_ASKED:
                tries -= 1
            if not tries:
                raise _too_busy()
            for token in sorted(again)[:_MOST_ASKED]:
                asked[token] = self._records.settled[token]
                # The venue was told to look at what was moved from here as soon as it was.
                fresh = token in recent or token in flight
                shares[token] = (await self._holdings.shares(token, fresh=fresh)).balance
            await self._ledger.cover(self._clock.now_ns())
        for token, moving in flight.items():
            if token != QUOTE:
                shares[token] = plus(shares.get(token, ZERO), moving.net)
        return {token: normal(size) for token, size in shares.items()}, listed

    def _recent(self) -> set[str]:
        since = self._clock.now_ns() - _LATE_NS
        return {kept.fill.instrument for kept in self._records.fills_since(since)}

    def _moved(self) -> set[str]:
        since = self._clock.now_ns() - _LATE_NS
        return {token for token, at_ns in self._moved_ns.items() if at_ns > since}

    async def balances(self) -> list[Balance]:
        """Collateral; what a sale brings and is not settled is there, and held. Shares are positions."""
        await self._ledger.cover(self._clock.now_ns())
        for _ in range(_TRIES):
            before = self._records.settled.total()
            on_chain = (await self._holdings.collateral(fresh=bool(self._recent()))).balance
            await self._ledger.cover(self._clock.now_ns())
            if self._records.settled.total() == before:
                break
        else:
            raise _too_busy()
        moving = self._holdings.in_flight().get(QUOTE, InFlight())
        held = moving.coming
        async for order in self._finder.open():
            left = order.remaining
            if order.side is Side.BUY and left is not None and order.price is not None:
                held = plus(held, times(left, order.price))
        total = normal(plus(on_chain, moving.net))
        held = normal(min(held, max(total, ZERO)))
        if not (total or held):
            return []
        available = normal(minus(total, held))
        return [Balance(venue=VENUE, account=self._account, asset=QUOTE, total=total, available=available, held=held)]

    async def positions(self) -> list[Position]:
        """Positions with profit and fees as the venue counts them; shares that are not settled are in their size."""
        shares, listed = await self._shares()
        found = []
        for token in sorted(shares):
            row = listed.get(token, {})
            if shares[token] or number(row, "realized_pnl"):
                found.append(self._position(token, shares[token], row))
        return found

    def _position(self, token: str, size: Decimal, row: Mapping[str, Any]) -> Position:
        average = _rounded(number(row, "avg_price")) or self._average(token)
        mark = _rounded(number(row, "current_price")) if "current_price" in row else None
        gain = None
        if mark is not None and average is not None:
            gain = normal(half_even_to(times(size, minus(mark, average)), _DIGITS))
        return Position(
            venue=VENUE,
            account=self._account,
            instrument=token,
            quote=QUOTE,
            size=size,
            average_entry_price=average if size else None,
            realized_pnl=_rounded(number(row, "realized_pnl")),
            unrealized_pnl=gain if size else ZERO,
            mark_price=mark,
            fees_paid=_rounded(number(row, "entry_fees_usdc")),
            updated_ns=time_ns(row, "last_event_at") or self._clock.now_ns(),
        )

    def _average(self, token: str) -> Decimal | None:
        """Of purchases that are too new for the venue's list."""
        since = self._clock.now_ns() - _LATE_NS
        fills = [k.fill for k in self._records.fills_since(since) if k.fill.instrument == token]
        bought = [f for f in fills if f.side is Side.BUY and f.state.value != "REVERSED"]
        shares = sum((f.size for f in bought), ZERO)
        money = sum((times(f.size, f.price) for f in bought), ZERO)
        return normal(half_even_to(money / shares, _DIGITS)) if shares else None

    # -- who we are

    async def closed_only(self) -> bool:
        """Whether the venue lets this account only close positions."""
        return flag(await self._api.own("/auth/ban-status/closed-only", budget=AUTH), "closed_only")

    async def profile(self) -> AccountProfile:
        """Who we are. Fees differ from market to market, so none is given here: see an instrument's metadata."""
        await self.closed_only()
        return AccountProfile(
            venue=VENUE,
            account=self._account,
            environment=self._environment,
            permissions=(KeyPermission.VIEW, KeyPermission.TRADE),
        )

    # -- what moved

    async def transfers(self, limit: int, cursor: str | None) -> Page[Transfer]:
        """Deposits, withdrawals, splits, merges, redemptions, rewards; newest first.

        Raises:
            InvalidCursor, InvalidValue.
        """
        if cursor is not None and not (cursor.startswith(_MARK) and cursor.isascii() and cursor.isprintable()):
            raise InvalidCursor(f"{cursor[:40]!r} is not a cursor of this list.", field="cursor")
        theirs = None if cursor is None else cursor.removeprefix(_MARK)
        found: list[Transfer] = []
        limit = page_limit(limit)
        for _ in range(_MOST_PAGES):
            body = await self._api.data(
                "/v2/activity",
                budget=DATA,
                user=self._api.key.wallet.address,
                type=",".join(_MOVES),
                limit=limit - len(found),
                cursor=theirs,
            )
            found += [t for t in map(self._transfer, rows(body, "data")) if t is not None]
            theirs = text(table(body, "pagination"), "next_cursor") or None
            if theirs is None or len(found) >= limit:
                break
        return Page(found, None if theirs is None else f"{_MARK}{theirs}")

    def _transfer(self, row: Mapping[str, Any]) -> Transfer | None:
        kind, at, amount = _MOVES.get(text(row, "type")), time_ns(row, "timestamp"), number(row, "usdc_size")
        if kind is None or at is None or not amount:
            return None
        name = ":".join(text(row, part) for part in ("transaction_hash", "type", "condition_id") if text(row, part))
        return Transfer(
            id=name,
            venue=VENUE,
            account=self._account,
            kind=kind[0],
            asset=QUOTE,
            amount=times(_rounded(amount), Decimal(kind[1])),
            time_ns=at,
        )


def _too_busy() -> VenueDown:
    return VenueDown("The account's trades are settled faster than what it holds can be read.", fix="Try again.")


def _rounded(value: Decimal) -> Decimal:
    return normal(half_even_to(value, _DIGITS))
