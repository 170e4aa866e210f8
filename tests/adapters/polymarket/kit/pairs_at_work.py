"""Splitting, merging and redeeming as a desk has an adapter do it: explained, prepared, done, found out."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from venuekit.adapter import Explained
from venuekit_doubles.polymarket import Account, PolymarketDouble, WalletKind
from venuekit_polymarket.adapter import PolymarketVenue
from venuekit_polymarket.pair_extras import PAIR_EXTRAS, MergePositions, RedeemPositions, SplitPosition, Transaction

FED, ALPHA, RAIN = "fed-cuts-in-december", "will-alpha-be-nominated-in-2028", "rain-in-london-tomorrow"
EXTRAS = {extra.name: extra for extra in PAIR_EXTRAS}
#: How quickly the double's transactions are asked for, and how long they are waited for.
QUICK: Mapping[str, Any] = {"transaction_poll_seconds": 0.01, "transaction_wait_seconds": 5.0, "timeout_seconds": 2.0}


def keyed(account: Account) -> dict[str, str]:
    """The options that open the relayer, where the account's wallet needs it."""
    return {} if account.kind is WalletKind.EOA else {"relayer_api_key": account.relayer_key.key}


def held(double: PolymarketDouble, account: Account, slug: str = FED) -> tuple[Decimal, ...]:
    """pUSD, and shares of both outcomes."""
    return tuple(double.balance(account.wallet, asset) for asset in ("", *double.market(slug).tokens))


class Worker:
    """One venue's tools."""

    def __init__(self, venue: PolymarketVenue) -> None:
        self.venue = venue

    def asked(self, name: str, market: str, amount: str = "") -> Any:
        """The arguments of a tool."""
        if name == "redeem_positions":
            return RedeemPositions(market=market)
        kind = SplitPosition if name == "split_position" else MergePositions
        return kind(market=market, amount=Decimal(amount))

    async def explain(self, name: str, market: str, amount: str = "") -> Explained:
        """What it would do."""
        explain: Any = EXTRAS[name].explain
        told: Explained = await explain(self.venue, self.asked(name, market, amount))
        return told

    async def prepare(self, name: str, market: str, amount: str = "") -> Mapping[str, str]:
        """What it will be known by."""
        prepare: Any = EXTRAS[name].prepare
        found: Mapping[str, str] = await prepare(self.venue, self.asked(name, market, amount), "action-1")
        return found

    async def send(self, reference: Mapping[str, str]) -> Transaction:
        """Send what was prepared."""
        done: Transaction = await EXTRAS["split_position"].call(self.venue, None, reference)
        return done

    async def do(self, name: str, market: str, amount: str = "") -> Transaction:
        """All of it."""
        return await self.send(await self.prepare(name, market, amount))

    async def find_out(self, reference: Mapping[str, str]) -> Transaction | None:
        """What became of it."""
        find_out: Any = EXTRAS["split_position"].find_out
        found: Transaction | None = await find_out(self.venue, None, reference)
        return found
