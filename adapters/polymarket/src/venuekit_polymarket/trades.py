"""A trade as the venue tells it, REST or stream, as own fills: whichever side of it we are on, one fill an order.

Of a trade in which we are a maker, side, price, size and outcome at the top are the taker's: ours stand in
``maker_orders``, and may be of the other outcome, when shares were minted or merged.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import attrs

from venuekit.adapter import (
    ONE,
    ZERO,
    AccountId,
    Fill,
    FillState,
    Liquidity,
    Side,
    VenueDown,
    half_even_to,
    minus,
    normal,
    plus,
    ratio,
    times,
)
from venuekit_polymarket.capabilities import VENUE
from venuekit_polymarket.fees import FeeTerms, fee
from venuekit_polymarket.kept_rows import KeptFill
from venuekit_polymarket.reading import number, positive, rows, text, time_ns

_PREFIX = "TRADE_STATUS_"
#: What each word means; every other one is on its way, such as RETRYING after a failed transaction.
_FINAL = {"CONFIRMED": FillState.CONFIRMED, "FAILED": FillState.REVERSED}
_MINED = frozenset({"MINED", "CONFIRMED"})
#: Where a price that is an average has no end, it is cut here: finer than a millionth of any trade.
_AVERAGE = Decimal("1E-18")


@attrs.frozen
class Own:
    """How the venue names us in a trade: the wallet that gives and gets, and the API key."""

    wallet: str
    api_key: str

    def has(self, row: Mapping[str, Any], *keys: str) -> bool:
        """Whether an order in a trade is ours."""
        if text(row, "maker_address").lower() == self.wallet.lower():
            return True
        return any(text(row, key) == self.api_key for key in keys)


@attrs.frozen
class Reader:
    """Reads trades of one account."""

    account: AccountId
    own: Own
    fees: Callable[[str], FeeTerms]
    quote: str
    client_id_of: Callable[[str], str | None]

    def fills(self, trade: Mapping[str, Any]) -> list[KeptFill]:
        """Own fills of a trade; none where nothing in it is ours.

        Raises:
            VenueDown: it lacks what a fill must have.
        """
        trade_id = text(trade, "id")
        at = time_ns(trade, "match_time") or time_ns(trade, "matchtime") or time_ns(trade, "timestamp")
        if not trade_id or at is None:
            raise VenueDown("Polymarket told of a trade without id or time.", fix="Try again.")
        word = text(trade, "status").upper().removeprefix(_PREFIX)
        parts = [*self._taken(trade), *self._made(trade)]
        return [
            KeptFill(
                Fill(
                    id=f"{trade_id}:{part.order_id}",
                    venue=VENUE,
                    account=self.account,
                    instrument=part.token,
                    venue_order_id=part.order_id,
                    client_order_id=self.client_id_of(part.order_id),
                    side=part.side,
                    price=part.price,
                    size=part.size,
                    fee=fee(self.fees(part.token), part.price, part.size, part.liquidity),
                    fee_asset=self.quote,
                    liquidity=part.liquidity,
                    time_ns=at,
                    state=_FINAL.get(word, FillState.PROVISIONAL),
                ),
                trade_id,
                word in _MINED,
            )
            for part in parts
        ]

    def _taken(self, trade: Mapping[str, Any]) -> list[_Part]:
        """Our order took: never believed of a trade that says we made."""
        role = text(trade, "trader_side").upper()
        ours = role == "TAKER" or (role != "MAKER" and self.own.has(trade, "owner", "trade_owner"))
        if not ours:
            return []
        size, side = number(trade, "size"), _side(text(trade, "side"))
        told, order_id = positive(trade, "price"), text(trade, "taker_order_id")
        if side is None or told is None or size <= 0 or not order_id:
            raise VenueDown("Polymarket told of a trade without order, side, price or size.", fix="Try again.")
        price = self._paid(trade, size) or told
        return [_Part(order_id, text(trade, "asset_id"), side, price, size, Liquidity.TAKER)]

    @staticmethod
    def _paid(trade: Mapping[str, Any], size: Decimal) -> Decimal | None:
        """What a share has cost the taker: each maker's own price. None unless the makers add up to the trade."""
        token = text(trade, "asset_id")
        shares = money = ZERO
        for row in rows(trade, "maker_orders"):
            price, matched = positive(row, "price"), number(row, "matched_amount")
            if price is None:
                return None
            ours = price if text(row, "asset_id") == token else minus(ONE, price)
            shares, money = plus(shares, matched), plus(money, times(matched, ours))
        return normal(half_even_to(ratio(money, shares), _AVERAGE)) if shares == size else None

    def _made(self, trade: Mapping[str, Any]) -> list[_Part]:
        """Our orders that were taken, of which there may be several."""
        found: dict[str, _Part] = {}
        for row in rows(trade, "maker_orders"):
            if not self.own.has(row, "owner"):
                continue
            part = _maker_part(trade, row)
            known = found.get(part.order_id)
            found[part.order_id] = part if known is None else known.and_also(part)
        return list(found.values())


@attrs.frozen
class _Part:
    order_id: str
    token: str
    side: Side
    price: Decimal
    size: Decimal
    liquidity: Liquidity

    def and_also(self, other: _Part) -> _Part:
        size = plus(self.size, other.size)
        money = plus(times(self.price, self.size), times(other.price, other.size))
        return attrs.evolve(self, size=size, price=normal(half_even_to(ratio(money, size), _AVERAGE)))


def _maker_part(trade: Mapping[str, Any], row: Mapping[str, Any]) -> _Part:
    token, size = text(row, "asset_id"), number(row, "matched_amount")
    order_id, price = text(row, "order_id"), positive(row, "price")
    side = _side(text(row, "side")) or _implied(trade, token)
    if not token or not order_id or side is None or price is None or size <= 0:
        raise VenueDown("Polymarket told of a trade without an own order, side, price or size.", fix="Try again.")
    return _Part(order_id, token, side, price, size, Liquidity.MAKER)


def _implied(trade: Mapping[str, Any], token: str) -> Side | None:
    """A maker's side where it is left out: against the taker's in the same outcome, with it in the other."""
    taker = _side(text(trade, "side"))
    if taker is None:
        return None
    return taker.opposite if text(trade, "asset_id") == token else taker


def _side(word: str) -> Side | None:
    return {"BUY": Side.BUY, "SELL": Side.SELL}.get(word.upper())


def netted(fills: Sequence[KeptFill]) -> tuple[Decimal, Decimal, Decimal]:
    """Shares, money and fees of fills that count, in all."""
    shares = money = fees = ZERO
    for kept in fills:
        if kept.fill.state is not FillState.REVERSED:
            shares, fees = plus(shares, kept.fill.size), plus(fees, kept.fill.fee)
            money = plus(money, times(kept.fill.size, kept.fill.price))
    return shares, money, fees
