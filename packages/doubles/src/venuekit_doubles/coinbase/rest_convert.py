"""Advanced Trade's conversions: a quote, and its trade, at the last prices and without a fee."""

from __future__ import annotations

from collections import OrderedDict
from decimal import ROUND_DOWN, Decimal
from typing import Any

from aiohttp import web

from venuekit.adapter import InsufficientFunds, normal, parse_decimal
from venuekit_doubles.coinbase.account_words import money
from venuekit_doubles.coinbase.backing import Backing
from venuekit_doubles.coinbase.ids import named, wallet_id
from venuekit_doubles.coinbase.wire import KEY, PREFIX, Refusal, Route, body_of, invalid

_EIGHTHS = Decimal("0.00000001")
_MOST_QUOTES = 1000


class Conversions:
    """Quotes of whoever asks, each good for one trade."""

    def __init__(self, backing: Backing) -> None:
        self._backing = backing
        #: Trades by account and id, with what each moves: asset and amount, twice.
        self._trades: OrderedDict[tuple[str, str], tuple[dict[str, Any], tuple[str, Decimal, str, Decimal]]]
        self._trades = OrderedDict()
        self._made = 0

    def routes(self) -> list[Route]:
        """Every endpoint."""
        trade = f"{PREFIX}/convert/trade/{{id}}"
        return [
            Route("POST", f"{PREFIX}/convert/quote", self._post_quote, "convert_quote", trades=True),
            Route("POST", trade, self._post_trade, "convert_commit", trades=True),
            Route("GET", trade, self._get_trade, "convert_trade"),
        ]

    async def _post_quote(self, request: web.Request) -> Any:
        body, account = await body_of(request), request[KEY].account
        listed = await self._backing.assets()
        # Clients name a wallet by its id, or by its currency as the venue's documents do.
        assets = {asset: asset for asset in listed} | {wallet_id(account, asset): asset for asset in listed}
        source, target = (assets.get(str(body.get(name))) for name in ("from_account", "to_account"))
        if source is None or target is None or source == target:
            raise invalid("from_account and to_account must be two of your accounts")
        amount = parse_decimal(str(body.get("amount")), field="amount")
        prices = await self._backing.prices()
        if amount <= 0 or source not in prices or target not in prices:
            raise invalid("amount must be more than zero" if amount <= 0 else "there is no price for this conversion")
        got = (amount * prices[source] / prices[target]).quantize(_EIGHTHS, ROUND_DOWN)
        self._made += 1
        number = named("conversion", account, str(self._made))
        trade = _trade(number, account, (source, amount), (target, got), (prices[source], prices[target]))
        self._trades[account, trade["id"]] = (trade, (source, amount, target, got))
        if len(self._trades) > _MOST_QUOTES:
            self._trades.popitem(last=False)
        return {"trade": trade}

    def _found(self, request: web.Request) -> tuple[dict[str, Any], tuple[str, Decimal, str, Decimal]]:
        found = self._trades.get((request[KEY].account, request.match_info["id"]))
        if found is None:
            raise Refusal(404, "NOT_FOUND", "trade not found")
        return found

    async def _get_trade(self, request: web.Request) -> Any:
        return {"trade": self._found(request)[0]}

    async def _post_trade(self, request: web.Request) -> Any:
        trade, moves = self._found(request)
        body, account = await body_of(request), request[KEY].account
        given = (body.get("from_account"), body.get("to_account"))
        if any(w not in (a, wallet_id(account, a)) for w, a in zip(given, (moves[0], moves[2]), strict=True)):
            raise invalid("from_account and to_account are not the quote's")
        if trade["status"] != "TRADE_STATUS_CREATED":
            raise invalid("the trade was committed before")
        try:
            self._backing.seat(account).convert(*moves)
        except InsufficientFunds as error:
            raise Refusal(400, "INSUFFICIENT_FUNDS", error.message) from error
        trade["status"] = "TRADE_STATUS_COMPLETED"
        return {"trade": trade}


def _trade(
    number: str, account: str, given: tuple[str, Decimal], got: tuple[str, Decimal], worth: tuple[Decimal, Decimal]
) -> dict[str, Any]:
    """A trade that was quoted; `worth` is what one of source and of target are worth, USD."""
    (source, amount), (target, gets) = given, got
    nothing = {"title": "Fee", "description": "", "amount": money(Decimal(0), source), "label": ""}
    incentive = {"applied_incentive": False, "user_incentive_id": "", "code_val": "", "redeemed": False}
    return {
        "id": number,
        "status": "TRADE_STATUS_CREATED",
        "user_entered_amount": money(amount, source),
        "amount": money(amount, source),
        "subtotal": money(gets, target),
        "total": money(gets, target),
        "fees": [],
        "total_fee": nothing,
        "total_fee_without_tax": nothing,
        "source": _ledger(account, source),
        "target": _ledger(account, target),
        "unit_price": {
            "target_to_fiat": _rate(worth[1], "USD"),
            "target_to_source": _rate(worth[1] / worth[0], source),
            "source_to_fiat": _rate(worth[0], "USD"),
        },
        "user_warnings": [],
        "user_reference": "",
        "source_currency": source,
        "target_currency": target,
        "cancellation_reason": {"message": "", "code": "", "error_code": "", "error_cta": ""},
        "source_id": wallet_id(account, source),
        "target_id": wallet_id(account, target),
        "exchange_rate": _rate(worth[0] / worth[1], target)["amount"],
        "tax_details": [],
        "trade_incentive_info": {**incentive, "fee_without_incentive": money(Decimal(0), source)},
        "total_fee_without_incentive": nothing,
        "fiat_denoted_total": _rate(amount * worth[0], "USD")["amount"],
    }


def _rate(value: Decimal, currency: str) -> dict[str, Any]:
    return {"amount": money(normal(value.quantize(_EIGHTHS)), currency), "scale": 8}


def _ledger(account: str, asset: str) -> dict[str, Any]:
    owner = {"id": account, "uuid": named("owner", account), "user_uuid": named("user", account), "type": "RETAIL"}
    return {
        "type": "LEDGER_ACCOUNT",
        "network": "",
        "ledger_account": {"account_id": wallet_id(account, asset), "currency": asset, "owner": owner},
    }
