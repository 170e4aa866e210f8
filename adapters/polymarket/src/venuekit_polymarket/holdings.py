"""What the wallet has on the chain, and what trades that are not mined yet will bring and take."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import attrs

from venuekit.adapter import (
    ONE,
    ZERO,
    Instrument,
    InsufficientFunds,
    Order,
    Side,
    VenueDown,
    is_multiple,
    minus,
    normal,
    plain,
    plus,
    times,
)
from venuekit_polymarket.api import Api
from venuekit_polymarket.capabilities import BALANCE, BALANCE_UPDATE
from venuekit_polymarket.orders import QUOTE
from venuekit_polymarket.reading import amount, table
from venuekit_polymarket.records import Records

_MILLIONTH = Decimal("0.000001")
#: An allowance with more digits than that is no amount.
_MOST_DIGITS = 24


@attrs.frozen(kw_only=True)
class Spendable:
    """An asset on the chain, and how much of it each contract may take, by its address in lower case.

    None stands for a contract that may take everything.
    """

    balance: Decimal
    allowances: Mapping[str, Decimal | None] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class InFlight:
    """What trades that are matched and not mined will bring and take of an asset."""

    coming: Decimal = ZERO
    going: Decimal = ZERO

    @property
    def net(self) -> Decimal:
        """What there will be more, or less, of it."""
        return minus(self.coming, self.going)


class Holdings:
    """Balances of one wallet."""

    def __init__(self, api: Api, records: Records) -> None:
        self._api = api
        self._records = records

    async def collateral(self, *, fresh: bool = False) -> Spendable:
        """Collateral, pUSD. `fresh`: the venue is to look at the chain again first."""
        return await self._asked("COLLATERAL", None, fresh=fresh)

    async def shares(self, token: str, *, fresh: bool = False) -> Spendable:
        """Shares of an outcome."""
        return await self._asked(
            "CONDITIONAL-V2" if self._api.key.is_newer(token) else "CONDITIONAL", token, fresh=fresh
        )

    async def _asked(self, kind: str, token: str | None, *, fresh: bool) -> Spendable:
        query: dict[str, Any] = {
            "asset_type": kind,
            "token_id": token,
            "signature_type": int(self._api.key.wallet.kind),
        }
        if fresh:
            await self._api.own("/balance-allowance/update", budget=BALANCE_UPDATE, **query)
        body = await self._api.own("/balance-allowance", budget=BALANCE, **query)
        balance = amount(body, "balance") if isinstance(body, Mapping) else None
        if balance is None or not is_multiple(balance, ONE):
            # Millionths are whole: one with a point would be a million times more or less than it is taken for.
            raise VenueDown("Polymarket told of no balance in whole millionths.", fix="Try again.")
        allowed = table(body, "allowances")
        return Spendable(
            balance=_units(balance),
            allowances={spender.lower(): _allowance(allowed[spender]) for spender in allowed},
        )

    def in_flight(self) -> dict[str, InFlight]:
        """By asset: ``pUSD``, and tokens of outcomes."""
        found: dict[str, InFlight] = {}

        def add(asset: str, coming: Decimal, going: Decimal) -> None:
            known = found.get(asset, InFlight())
            found[asset] = InFlight(coming=plus(known.coming, coming), going=plus(known.going, going))

        for kept in self._records.pending():
            fill = kept.fill
            if kept.mined:
                continue
            money = times(fill.size, fill.price)
            if fill.side is Side.BUY:
                add(fill.instrument, fill.size, ZERO)
                add(QUOTE, ZERO, plus(money, fill.fee))
            else:
                add(fill.instrument, ZERO, fill.size)
                add(QUOTE, minus(money, fill.fee), ZERO)
        return found

    def on_sale(self, token: str) -> Decimal:
        """Shares of an outcome that open orders would sell."""
        sales = [o for o in self._records.unfinished() if o.instrument == token and o.side is Side.SELL]
        return sum((minus(o.size, o.filled_size) for o in sales if o.size is not None), ZERO)

    def committed(self) -> Decimal:
        """Collateral that open orders would spend."""
        buys = [o for o in self._records.unfinished() if o.side is Side.BUY]
        return sum((times(o.remaining, o.price) for o in buys if o.remaining is not None and o.price is not None), ZERO)

    def sellable(self, token: str, on_chain: Decimal) -> Decimal:
        """Of the shares on the chain, those that no open order and no trade on its way will take."""
        going = self.in_flight().get(token, InFlight()).going
        return max(ZERO, minus(minus(on_chain, going), self.on_sale(token)))

    async def check_sellable(self, order: Order) -> None:
        """Refuse to sell shares that are bought and not settled: their trade may fail, and the venue has none to take.

        It costs a call only while a purchase of this outcome is on its way.

        Raises:
            InsufficientFunds: with what can be sold now.
        """
        moving = self.in_flight().get(order.instrument)
        if order.side is not Side.SELL or order.size is None or moving is None or not moving.coming:
            return
        free = self.sellable(order.instrument, (await self.shares(order.instrument)).balance)
        if order.size <= free:
            return
        raise InsufficientFunds(
            f"{plain(free)} of {order.instrument} can be sold now; {plain(moving.coming)} more are bought, "
            "and their trade is not settled on the chain yet.",
            fix="Sell that much now, or wait until the fill is CONFIRMED.",
            field="size",
            details={
                "asset": order.instrument,
                "required": plain(order.size),
                "available": plain(free),
                "unsettled": plain(moving.coming),
            },
        )

    async def explained(
        self, error: InsufficientFunds, order: Order, instrument: Instrument, fee: Decimal
    ) -> InsufficientFunds:
        """A refusal for want of funds, with what there is, and which contract may not take it.

        A purchase that trades at once pays its `fee` on top of what it spends.
        """
        buys = order.side is Side.BUY
        there = await (self.collateral() if buys else self.shares(order.instrument))
        contracts = self._api.key.contracts
        spender = self._api.key.exchange_of(order.instrument, neg_risk=instrument.metadata.get("neg_risk") == "true")
        allowed = there.allowances.get(spender.lower(), ZERO) if there.allowances else None
        required = _cost(order) if buys else order.size
        asset = QUOTE if buys else order.instrument
        message = f"{error.message} The wallet has {plain(there.balance)} {asset}"
        if required is not None:
            message += f", and the order gives {plain(required)}"
            if fee > 0:
                message += f" and {plain(fee)} for the fee on top"
                required = plus(required, fee)
        if allowed is not None and required is not None and allowed < required:
            message += f"; {contracts.names.get(spender.lower(), spender)} may take {plain(allowed)} of it"
        return InsufficientFunds(
            f"{message}.",
            fix=error.fix,
            field=error.field,
            details={
                **error.details,
                "asset": asset,
                "required": None if required is None else plain(required),
                "fee": plain(fee) if fee > 0 else None,
                "available": plain(there.balance),
                "spender": spender,
                "allowance": None if allowed is None else plain(allowed),
                "collateral": contracts.collateral if buys else None,
            },
        )


def _cost(order: Order) -> Decimal | None:
    if order.quote_size is not None:
        return order.quote_size
    return times(order.size, order.price) if order.size is not None and order.price is not None else None


def _units(value: Decimal) -> Decimal:
    return normal(times(value, _MILLIONTH))


def _allowance(value: Any) -> Decimal | None:
    """An allowance; the largest number of the chain is how everything is allowed."""
    text = str(value).partition(".")[0]
    if not (text.isascii() and text.isdigit()):
        return ZERO
    return None if len(text) > _MOST_DIGITS else _units(Decimal(text))
