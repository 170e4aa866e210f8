"""Wallets, portfolios and positions in Coinbase's words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from venuekit.adapter import Balance, Position, plain
from venuekit_doubles.coinbase.ids import named, portfolio_id, wallet_id
from venuekit_doubles.coinbase.market_words import EXPIRY, text

#: What is money rather than a coin.
FIAT = ("USD", "EUR", "GBP")
OPENED = "2021-05-31T09:59:59Z"


def money(value: Decimal, currency: str = "USD") -> dict[str, str]:
    """An amount of a currency."""
    return {"value": plain(value), "currency": currency}


def wallet(owner: str, asset: str, balance: Balance | None) -> dict[str, Any]:
    """One wallet of an account."""
    available, held = (balance.available, balance.held) if balance is not None else (Decimal(0), Decimal(0))
    return {
        "uuid": wallet_id(owner, asset),
        "name": f"{asset} Wallet",
        "currency": asset,
        "available_balance": money(available, asset),
        "default": True,
        "active": True,
        "created_at": OPENED,
        "updated_at": OPENED,
        "deleted_at": None,
        "type": "ACCOUNT_TYPE_FIAT" if asset in FIAT else "ACCOUNT_TYPE_CRYPTO",
        "ready": True,
        "hold": money(held, asset),
        "retail_portfolio_id": portfolio_id(owner),
        "platform": "ACCOUNT_PLATFORM_CONSUMER",
    }


def portfolio(owner: str) -> dict[str, Any]:
    """An account's one portfolio."""
    return {"name": "Default", "uuid": portfolio_id(owner), "type": "DEFAULT", "deleted": False}


def breakdown(
    owner: str, balances: Sequence[Balance], prices: Mapping[str, Decimal], positions: Sequence[Position]
) -> dict[str, Any]:
    """A portfolio with what is in it; `prices` in USD."""
    values = {b.asset: b.total * prices.get(b.asset, Decimal(0)) for b in balances}
    cash = sum((v for a, v in values.items() if a in FIAT), Decimal(0))
    crypto = sum((v for a, v in values.items() if a not in FIAT), Decimal(0))
    unrealized = sum((p.unrealized_pnl or Decimal(0) for p in positions), Decimal(0))
    total = cash + crypto
    return {
        "portfolio": portfolio(owner),
        "portfolio_balances": {
            "total_balance": money(total + unrealized),
            "total_futures_balance": money(Decimal(0)),
            "total_cash_equivalent_balance": money(cash),
            "total_crypto_balance": money(crypto),
            "futures_unrealized_pnl": money(unrealized),
            "perp_unrealized_pnl": money(Decimal(0)),
        },
        "spot_positions": [_spot(owner, b, values[b.asset], total) for b in balances],
        "perp_positions": [],
        "futures_positions": [future(p) for p in positions],
    }


def _spot(owner: str, balance: Balance, value: Decimal, total: Decimal) -> dict[str, Any]:
    share = (value / total).quantize(Decimal("0.0001")) if total else Decimal(0)
    available = value * balance.available / balance.total if balance.total else Decimal(0)
    cents = Decimal("0.01")
    return {
        "asset": balance.asset,
        "account_uuid": wallet_id(owner, balance.asset),
        "total_balance_fiat": float(value.quantize(cents)),
        "total_balance_crypto": float(balance.total),
        "available_to_trade_fiat": float(available.quantize(cents)),
        "available_to_trade_crypto": float(balance.available),
        "available_to_transfer_fiat": float(available.quantize(cents)),
        "available_to_transfer_crypto": float(balance.available),
        "available_to_send_fiat": float(available.quantize(cents)),
        "available_to_send_crypto": float(balance.available),
        "allocation": float(share),
        "one_day_change": 0.0,
        "unrealized_pnl": 0.0,
        "cost_basis": money(Decimal(0)),
        "average_entry_price": money(Decimal(0)),
        "asset_uuid": named("asset", balance.asset),
        "asset_img_url": "",
        "asset_color": "",
        "is_cash": balance.asset in FIAT,
        "account_type": "ACCOUNT_TYPE_FIAT" if balance.asset in FIAT else "ACCOUNT_TYPE_CRYPTO",
    }


def future(position: Position) -> dict[str, str]:
    """A position in futures."""
    return {
        "product_id": position.instrument,
        "expiration_time": EXPIRY,
        "side": "LONG" if position.size > 0 else "SHORT",
        "number_of_contracts": plain(abs(position.size)),
        "current_price": text(position.mark_price),
        "avg_entry_price": text(position.average_entry_price),
        "unrealized_pnl": text(position.unrealized_pnl),
        "daily_realized_pnl": plain(position.realized_pnl),
    }


def futures_balance(usd: Balance | None, positions: Sequence[Position]) -> dict[str, Any]:
    """What the account has for US futures. Spot and futures are one pot of money here."""
    total, available = (usd.total, usd.available) if usd is not None else (Decimal(0), Decimal(0))
    unrealized = sum((p.unrealized_pnl or Decimal(0) for p in positions), Decimal(0))
    held = total - available
    window = {
        "margin_window_type": "FCM_MARGIN_WINDOW_TYPE_OVERNIGHT",
        "margin_level": "MARGIN_LEVEL_TYPE_BASE",
        "initial_margin": plain(held),
        "maintenance_margin": plain(held),
        "liquidation_buffer_percentage": "1000",
        "total_hold": plain(held),
        "futures_buying_power": plain(available),
    }
    return {
        "futures_buying_power": money(available),
        "total_usd_balance": money(total),
        "cbi_usd_balance": money(total),
        "cfm_usd_balance": money(Decimal(0)),
        "total_open_orders_hold_amount": money(held),
        "unrealized_pnl": money(unrealized),
        "daily_realized_pnl": money(sum((p.realized_pnl for p in positions), Decimal(0))),
        "initial_margin": money(held),
        "available_margin": money(available),
        "liquidation_threshold": money(Decimal(0)),
        "liquidation_buffer_amount": money(available),
        "liquidation_buffer_percentage": "1000",
        "intraday_margin_window_measure": {**window, "margin_window_type": "FCM_MARGIN_WINDOW_TYPE_INTRADAY"},
        "overnight_margin_window_measure": window,
    }
