"""Products, books, trades and candles in Coinbase's words."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from venuekit.adapter import (
    NANOS,
    Candle,
    Instrument,
    InstrumentKind,
    InstrumentStatus,
    Level,
    OrderBook,
    Ticker,
    Trade,
    iso,
    normal,
    plain,
    times,
)

#: When the double's US futures expire: far away, as the venue's perpetual-style ones do.
EXPIRY = "2030-12-20T16:00:00Z"
_CENT = Decimal("0.01")
_LARGEST_QUOTE = "50000000"


def text(value: Decimal | None) -> str:
    """A number as the wire has it; empty when there is none."""
    return "" if value is None else plain(value)


def product(instrument: Instrument, ticker: Ticker | None) -> dict[str, Any]:
    """One product."""
    status = instrument.status
    last = ticker.last if ticker is not None else None
    volume = (ticker.volume_24h if ticker is not None else None) or Decimal(0)
    bid, ask = (ticker.bid, ticker.ask) if ticker is not None else (None, None)
    spot = instrument.kind is InstrumentKind.SPOT
    body: dict[str, Any] = {
        "product_id": instrument.id,
        "price": text(last),
        "price_percentage_change_24h": "0",
        "volume_24h": plain(volume),
        "volume_percentage_change_24h": "0",
        "base_increment": plain(instrument.lot_size),
        "quote_increment": plain(_CENT),
        "quote_min_size": text(instrument.min_notional),
        "quote_max_size": _LARGEST_QUOTE,
        "base_min_size": plain(instrument.min_size),
        "base_max_size": text(instrument.max_size),
        "base_name": instrument.name,
        "quote_name": "US Dollar",
        "watched": False,
        "is_disabled": status in (InstrumentStatus.HALTED, InstrumentStatus.EXPIRED),
        "new": False,
        "status": "online" if status is not InstrumentStatus.EXPIRED else "delisted",
        "cancel_only": status is InstrumentStatus.CANCEL_ONLY,
        "limit_only": False,
        "post_only": status is InstrumentStatus.POST_ONLY,
        "trading_disabled": status is InstrumentStatus.HALTED,
        "auction_mode": False,
        "product_type": "SPOT" if spot else "FUTURE",
        "quote_currency_id": instrument.quote,
        "base_currency_id": instrument.base if spot else "",
        "fcm_trading_session_details": None,
        "mid_market_price": text(_middle(bid, ask)),
        "alias": "",
        "alias_to": [],
        "base_display_symbol": instrument.base,
        "quote_display_symbol": instrument.quote,
        "view_only": False,
        "price_increment": plain(instrument.tick_size),
        "display_name": instrument.name or instrument.id,
        "product_venue": "CBE" if spot else "FCM",
        "approximate_quote_24h_volume": plain(times(volume, last).quantize(_CENT)) if last is not None else "0",
    }
    if not spot:
        body["future_product_details"] = _future(instrument)
    return body


def _future(instrument: Instrument) -> dict[str, Any]:
    margin = plain(instrument.initial_margin)
    return {
        "venue": "cde",
        "contract_code": instrument.base,
        "contract_size": plain(instrument.contract_size),
        "contract_root_unit": instrument.base,
        "contract_expiry_type": "EXPIRING",
        "contract_expiry": EXPIRY,
        "contract_display_name": f"{instrument.base} PERP",
        "perpetual_details": {"open_interest": "0", "funding_rate": "0.0001", "max_leverage": "10"},
        "intraday_margin_rate": {"long_margin_rate": margin, "short_margin_rate": margin},
    }


def status(instrument: Instrument) -> dict[str, Any]:
    """One product as the status channel tells of it."""
    body = product(instrument, None)
    return {
        "product_type": body["product_type"],
        "id": body["product_id"],
        "base_currency": body["base_currency_id"],
        "quote_currency": body["quote_currency_id"],
        "base_increment": body["base_increment"],
        "quote_increment": body["quote_increment"],
        "display_name": body["display_name"],
        "status": "offline" if body["is_disabled"] else body["status"],
        "status_message": "",
        "min_market_funds": body["quote_min_size"],
    }


def levels(side: Sequence[Level]) -> list[dict[str, str]]:
    """Levels of a book."""
    return [{"price": plain(x.price), "size": plain(x.size)} for x in side]


def pricebook(book: OrderBook) -> dict[str, Any]:
    """A book."""
    return {
        "product_id": book.instrument,
        "bids": levels(book.bids),
        "asks": levels(book.asks),
        "time": iso(book.time_ns),
    }


def book_answer(book: OrderBook, last: Decimal | None) -> dict[str, Any]:
    """A book with what the venue works out from its best prices."""
    bid = book.bids[0].price if book.bids else None
    ask = book.asks[0].price if book.asks else None
    middle = _middle(bid, ask)
    spread = ask - bid if bid is not None and ask is not None else None
    share = normal((spread * 10_000 / middle).quantize(_CENT)) if spread is not None and middle else None
    return {
        "pricebook": pricebook(book),
        "last": text(last),
        "mid_market": text(middle),
        "spread_bps": text(share),
        "spread_absolute": text(spread),
    }


def _middle(bid: Decimal | None, ask: Decimal | None) -> Decimal | None:
    return normal((bid + ask) / 2) if bid is not None and ask is not None else None


def trade(trade_: Trade) -> dict[str, str]:
    """A public trade. Its side is the maker's."""
    side = trade_.taker_side.opposite.value if trade_.taker_side is not None else "BUY"
    return {
        "trade_id": trade_.id,
        "product_id": trade_.instrument,
        "price": plain(trade_.price),
        "size": plain(trade_.size),
        "time": iso(trade_.time_ns),
        "side": side,
    }


def candle(candle_: Candle) -> dict[str, str]:
    """A candle."""
    return {
        "start": str(candle_.start_ns // NANOS),
        "low": plain(candle_.low),
        "high": plain(candle_.high),
        "open": plain(candle_.open),
        "close": plain(candle_.close),
        "volume": plain(candle_.volume),
    }


def ticker(ticker_: Ticker, *, with_best: bool = True) -> dict[str, str]:
    """A ticker of a stream; the batched one comes without the best prices."""
    body = {
        "type": "ticker",
        "product_id": ticker_.instrument,
        "price": text(ticker_.last),
        "volume_24_h": text(ticker_.volume_24h),
        "low_24_h": text(ticker_.low_24h),
        "high_24_h": text(ticker_.high_24h),
        "low_52_w": text(ticker_.low_24h),
        "high_52_w": text(ticker_.high_24h),
        "price_percent_chg_24_h": "0",
    }
    if with_best:
        body |= {
            "best_bid": text(ticker_.bid),
            "best_bid_quantity": text(ticker_.bid_size),
            "best_ask": text(ticker_.ask),
            "best_ask_quantity": text(ticker_.ask_size),
        }
    return body
