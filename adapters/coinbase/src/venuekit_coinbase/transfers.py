"""Deposits and withdrawals, from the older interface (v2), which the SDK does not know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from venuekit.adapter import AccountId, InvalidCursor, InvalidValue, Page, Transfer, TransferKind, VenueDown, paged
from venuekit_coinbase.api import Api, body_of
from venuekit_coinbase.client import Call
from venuekit_coinbase.instruments import VENUE
from venuekit_coinbase.reading import amount, rows, table, text, time_ns

#: v2 types of transactions that bring money in or take it out (venue's documents, 2026-11); trades are left out. Which
#: of the two it is, the sign says: a deposit at another of Coinbase's places is a withdrawal here.
_MOVES = frozenset(
    f"{place}_{way}" for place in ("fiat", "exchange", "pro", "intx", "prime") for way in ("deposit", "withdrawal")
) | {
    "vault_withdrawal",
    "receive",
    "send",
    "transfer",
    "interest",
    "staking_reward",
    "earn_payout",
    "incentives_rewards_payout",
}
_PAGE = 100
_MOST_PAGES = 50


class Transfers:
    """Reads every wallet's transactions."""

    def __init__(self, api: Api, account: AccountId) -> None:
        self._api = api
        self._account = account

    async def page(self, limit: int, cursor: str | None) -> Page[Transfer]:
        """A page of all transfers, newest first.

        Raises:
            InvalidCursor, InvalidValue.
        """
        if limit < 1:
            raise InvalidValue("limit must be 1 or more.", field="limit", details={"accepted": "1 or more"})
        if cursor is not None and not (cursor.isascii() and cursor.isdigit()):
            raise InvalidCursor(f"{cursor[:40]!r} is not a cursor of this list.", field="cursor")
        found: dict[str, Transfer] = {}
        for wallet in await self._rows("/v2/accounts"):
            for row in await self._rows(f"/v2/accounts/{quote(text(wallet, 'id'), safe='')}/transactions"):
                transfer = self._transfer(row)
                if transfer is not None:
                    found[transfer.id] = transfer
        oldest_first = sorted(found.values(), key=lambda t: (t.time_ns, t.id))
        return paged(oldest_first, limit=limit, cursor=cursor)

    async def _rows(self, path: str) -> list[Mapping[str, Any]]:
        """A v2 list, page after page by its own links; a link that leads elsewhere is not followed."""
        found: list[Mapping[str, Any]] = []
        query: dict[str, Any] = {"limit": _PAGE}
        for _ in range(_MOST_PAGES):
            answer = await self._api.send(Call("GET", path, query, None, public=False))
            body = body_of(answer)
            found += rows(body, "data")
            following = urlsplit(text(table(body, "pagination"), "next_uri"))
            if following.path != path:
                return found
            query = dict(parse_qsl(following.query))
        raise VenueDown(f"Coinbase's list {path} does not end.")

    def _transfer(self, row: Mapping[str, Any]) -> Transfer | None:
        value, at = table(row, "amount"), time_ns(row, "created_at")
        moved = amount(value, "amount")
        if text(row, "type") not in _MOVES or text(row, "status") not in ("completed", ""):
            return None
        if moved is None or not moved or at is None:
            return None
        return Transfer(
            id=text(row, "id"),
            venue=VENUE,
            account=self._account,
            kind=TransferKind.DEPOSIT if moved > 0 else TransferKind.WITHDRAWAL,
            asset=text(value, "currency"),
            amount=moved,
            time_ns=at,
        )
