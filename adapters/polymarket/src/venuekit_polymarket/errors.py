"""What Polymarket's refusals mean here: one table, from its words to our errors with the next step.

The venue answers with sentences, not codes (its error page and client threads, read 2026-11). A sentence that is not in
the table is kept word for word, bounded; `details["venue_code"]` has our short name for one that is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import attrs

from venuekit.adapter import (
    InstrumentNotTrading,
    InsufficientFunds,
    InvalidPrice,
    InvalidSize,
    InvalidValue,
    NoLiquidity,
    PostOnlyWouldCross,
    Rejected,
    UnknownInstrument,
    UnknownOrder,
    VenuekitError,
    VenuePermission,
)

#: Text of the venue that goes into a message, at most.
_MOST_TEXT = 300
#: Signatures and long secrets: never in a message, whoever wrote them there. Order ids (32 bytes) stay readable.
_SECRET = re.compile(r"0x[0-9a-fA-F]{65,}|[A-Za-z0-9_-]{43}=")
_UNAUTHORIZED = 401
_FIELDS = ("error", "errorMsg", "error_msg", "message")

DUPLICATED, NOT_ENOUGH, CLOSED_ONLY, BANNED, GEOBLOCKED = (
    "DUPLICATED",
    "NOT_ENOUGH_BALANCE_OR_ALLOWANCE",
    "CLOSED_ONLY",
    "BANNED",
    "GEOBLOCKED",
)
RESTARTING, DISABLED, CANCEL_ONLY, POST_ONLY = "RESTARTING", "TRADING_DISABLED", "CANCEL_ONLY_MODE", "POST_ONLY_MODE"
#: Of splits, merges and redemptions, which the chain refuses in words of its own.
NOT_APPROVED, NOT_DEPLOYED, REVERTED, NEVER_DONE = "NOT_APPROVED", "NOT_DEPLOYED", "REVERTED", "NEVER_DONE"
TICK_SIZE, VERSION_MISMATCH, FOK_KILLED = "TICK_SIZE", "ORDER_VERSION_MISMATCH", "FOK_NOT_FILLED"


@attrs.frozen
class Meaning:
    """What a sentence of the venue's means."""

    code: str
    kind: type[VenuekitError]
    words: re.Pattern[str]
    field: str | None
    fix: str


def _means(code: str, kind: type[VenuekitError], words: str, fix: str, field: str | None = None) -> Meaning:
    return Meaning(code, kind, re.compile(words, re.IGNORECASE), field, fix)


_KEY = "Run: venuekit doctor polymarket. It compares the key, the wallet and the credentials."
_ALLOWANCE = (
    "Run: venuekit doctor polymarket. It shows the balance, what open orders hold, and each contract's allowance; the "
    "venue counts pUSD, not USDC.e."
)
_WAIT = "Wait until the venue takes orders again; cancels may go meanwhile."

#: In the order in which they are looked for.
MEANINGS: tuple[Meaning, ...] = (
    _means(POST_ONLY, InstrumentNotTrading, r"post[_-]only[_ ]mode", "Send post-only orders, or wait."),
    _means(CANCEL_ONLY, InstrumentNotTrading, r"cancel[- ]only", _WAIT),
    _means(DISABLED, InstrumentNotTrading, r"trading is (currently )?disabled", _WAIT),
    _means(
        "POST_ONLY_CROSSES",
        PostOnlyWouldCross,
        r"crosses (the )?book",
        "Use a price that does not reach the other side, or leave post_only out.",
        "price",
    ),
    _means(
        TICK_SIZE,
        InvalidPrice,
        r"minimum tick size",
        "The tick size has changed: read the instrument again, and round the price to it.",
        "price",
    ),
    _means(
        "PRICE_BOUNDS",
        InvalidPrice,
        r"invalid price|price must be",
        "Give a price from one tick to one less a tick.",
        "price",
    ),
    _means("MIN_SIZE", InvalidSize, r"lower than the minimum", "See the instrument's min_size.", "size"),
    _means(
        "MIN_NOTIONAL",
        InvalidSize,
        r"min size: \$|marketable \w+ order",
        "An order that trades at once must be worth 1 USD or more.",
        "size",
    ),
    _means(
        "AMOUNT_DECIMALS",
        InvalidSize,
        r"invalid amounts|max accuracy|rounding issues",
        "Use fewer decimals: at most 2 for what is given, and 4 for what is got, in an order that trades at once.",
        "size",
    ),
    _means(
        NOT_ENOUGH,
        InsufficientFunds,
        r"not enough balance|balance is not enough|allowance is not enough|insufficient balance",
        _ALLOWANCE,
    ),
    _means(
        CLOSED_ONLY,
        VenuePermission,
        r"closed[- ]only mode",
        "The venue lets this address only close positions; see its site.",
    ),
    _means(BANNED, VenuePermission, r"address banned", "The venue has banned this address; see its site."),
    _means("WRONG_SIGNER", VenuePermission, r"order signer address has to be", _KEY),
    _means("WRONG_OWNER", VenuePermission, r"order owner has to be", _KEY),
    _means("INVALID_SIGNATURE", VenuePermission, r"invalid (\w+ )?signature", _KEY),
    _means("INVALID_KEY", VenuePermission, r"unauthorized|invalid api key|invalid l1 request headers", _KEY),
    _means(
        VERSION_MISMATCH,
        Rejected,
        r"order[_ ]version[_ ]mismatch|invalid order version",
        "The venue's exchange has changed: upgrade venuekit-polymarket.",
    ),
    _means(DUPLICATED, Rejected, r"duplicated", "This very order is at the venue already: look at it."),
    _means(
        FOK_KILLED,
        NoLiquidity,
        r"couldn'?t be fully filled|fully filled or killed",
        "Make it smaller, give it a worse price, or use IOC.",
    ),
    _means("NO_MATCH", NoLiquidity, r"no orders found to match", "Use a limit order, or a worse price."),
    _means(
        "NOT_READY",
        InstrumentNotTrading,
        r"not yet ready to process",
        "Wait until the market takes orders.",
        "instrument",
    ),
    _means(
        "EXPIRATION",
        InvalidValue,
        r"invalid expiration",
        "Give a time at least a minute ahead.",
        "expires_at",
    ),
    _means(
        "UNKNOWN_TOKEN",
        UnknownInstrument,
        r"no orderbook exists|invalid token id|market not found|invalid asset",
        "Search for the instrument: a market that has ended has no book.",
        "instrument",
    ),
    _means("UNKNOWN_ORDER", UnknownOrder, r"invalid orderid|order not found", "List the open orders.", "order_id"),
    _means("BATCH_SIZE", InvalidValue, r"too many orders in payload", "Send fewer at once.", "orders"),
    _means("NONCE", Rejected, r"invalid nonce", "Run: venuekit doctor polymarket."),
    _means("PAYLOAD", Rejected, r"invalid order payload", ""),
)


def meaning_of(words: str) -> Meaning | None:
    """What the venue's sentence means; None when it is not known."""
    return next((m for m in MEANINGS if m.words.search(words)), None)


def text_of(body: Any) -> str:
    """What an answer says in words, bounded and without secrets; it is untrusted text."""
    if isinstance(body, Mapping):
        said = [str(body.get(name) or "").strip() for name in _FIELDS]
        code = body.get("code")
        said += [code] if isinstance(code, str) else []
        words = "; ".join(dict.fromkeys(s for s in said if s))
    else:
        words = body if isinstance(body, str) else ""
    return clean(words)


def clean(words: str) -> str:
    """Text of the venue on one line, bounded and without what looks like a secret."""
    return _SECRET.sub("[redacted]", " ".join(words.split()))[:_MOST_TEXT]


def refusal(body: Any, *, what: str, status: int | None = None) -> VenuekitError:
    """The error for an answer that refuses; `what` was asked for (``the order``)."""
    words = text_of(body)
    found = meaning_of(words)
    said = f": {words}" if words else f" (HTTP {status})" if status is not None else ""
    message = f"Polymarket refused {what}{said}".rstrip(".") + "."
    if found is None and status == _UNAUTHORIZED:
        return VenuePermission(message, fix=_KEY, details={"venue_code": "INVALID_KEY"})
    if found is None:
        return Rejected(message, details={"venue_code": words or "UNKNOWN"})
    return found.kind(message, fix=found.fix, field=found.field, details={"venue_code": found.code})
