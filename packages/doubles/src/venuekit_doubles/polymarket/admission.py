"""Which orders are taken in: the posted order read, and every check that needs no book."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any

import attrs
from eth_utils.address import is_address, to_checksum_address

from venuekit.adapter import NANOS, Side, is_multiple, plain
from venuekit_doubles.polymarket import refusals
from venuekit_doubles.polymarket.contracts import OTHER_DOMAINS, POSITIONS_VERSION, VERSION
from venuekit_doubles.polymarket.keys import ApiKey
from venuekit_doubles.polymarket.listings import MILLION, PRICE_ONE, Listed
from venuekit_doubles.polymarket.records import EXPIRES_EARLY
from venuekit_doubles.polymarket.signatures import SignedOrder, order_id, signed_by
from venuekit_doubles.polymarket.wallets import WalletKind, wallets_of

D = Decimal
_TYPES = ("GTC", "GTD", "FOK", "FAK")
_IMMEDIATE = ("FOK", "FAK")
#: Decimals of a limit order's money by its market's tick; its shares have at most two.
_MONEY_DECIMALS = {D("0.1"): 3, D("0.01"): 4, D("0.005"): 5, D("0.0025"): 6, D("0.001"): 5, D("0.0001"): 6}
_SHARE_DECIMALS = 2
#: Decimals of what an immediate order gives and gets.
_GIVES, _GETS = 2, 4
_LARGEST = 2**256


@attrs.frozen
class Posted:
    """An order as it was posted, and what it was posted with."""

    order: SignedOrder
    api_key: str
    type: str
    post_only: bool


@attrs.frozen
class Terms:
    """What an order asks for: see `OrderRecord`."""

    id: str
    token: int
    price: int
    size: int
    money: int | None


def read(body: object) -> Posted:
    """The order in a request's body. Raises Refusal for what is no order."""
    try:
        return _read(body)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise refusals.bad(refusals.INVALID_PAYLOAD) from error


def _read(body: Any) -> Posted:
    given, kind = body["order"], body.get("orderType", "GTC")
    if kind not in _TYPES or not isinstance(body.get("postOnly", False), bool):
        raise ValueError(kind)
    order = SignedOrder(
        salt=_whole(given["salt"]),
        maker=_address(given["maker"]),
        signer=_address(given["signer"]),
        token=str(given["tokenId"]),
        maker_amount=_whole(given["makerAmount"]),
        taker_amount=_whole(given["takerAmount"]),
        side=Side(given["side"]),
        kind=WalletKind(given["signatureType"]),
        timestamp=_whole(given["timestamp"]),
        metadata=_word(given["metadata"]),
        builder=_word(given["builder"]),
        expiration=_whole(given.get("expiration", "0")),
        signature=bytes.fromhex(given["signature"].removeprefix("0x")),
    )
    if not (order.token.isascii() and order.token.isdigit() and int(order.token) < _LARGEST):
        raise refusals.bad(refusals.INVALID_TOKEN)
    if not order.maker_amount or not order.taker_amount:
        raise ValueError("an order gives and gets something")
    return Posted(order, str(body["owner"]), kind, body.get("postOnly", False))


def _whole(value: Any) -> int:
    text = str(value)
    if isinstance(value, bool) or not (text.isascii() and text.isdigit() and int(text) < _LARGEST):
        raise ValueError("not a whole number")
    return int(text)


@lru_cache(maxsize=4096)
def _address(value: Any) -> str:
    if not is_address(value):
        raise ValueError("not an address")
    return to_checksum_address(value)


def _word(value: Any) -> str:
    if len(bytes.fromhex(value.removeprefix("0x"))) != 32:
        raise ValueError("not 32 bytes")
    return str(value)


class Admission:
    """The checks of one order after the other, as the venue makes them."""

    def __init__(self, markets: Mapping[str, Listed]) -> None:
        self._by_token = {token: (m, n) for m in markets.values() for n, token in enumerate(m.tokens)}

    def market_of(self, token: str) -> tuple[Listed, int]:
        """The market of a token, and which of its outcomes that is. Raises Refusal."""
        found = self._by_token.get(token)
        if found is None:
            raise refusals.Refusal(404, refusals.NO_BOOK)
        return found

    def check_identity(self, posted: Posted, key: ApiKey) -> None:
        """Raises Refusal unless the API key's owner sends an order of a wallet of theirs."""
        order = posted.order
        if posted.api_key != key.key:
            raise refusals.bad(refusals.NOT_THE_OWNER)
        expected = order.maker if order.kind is WalletKind.DEPOSIT else key.address
        if order.signer != expected:
            raise refusals.bad(refusals.NOT_THE_SIGNER)

    def check_signature(self, posted: Posted, key: ApiKey, market: Listed) -> str:
        """The order's id. Raises Refusal unless a wallet's owner signed it for the market's contract."""
        order, (exchange, version) = posted.order, market.contract
        digest = order_id(order, exchange, version)
        if wallets_of(key.address).get(order.maker) is not order.kind:
            raise refusals.invalid_signature(order.kind)
        if signed_by(order, exchange, version) == key.address:
            return digest
        for domain in ((exchange, "1"), (exchange, VERSION), (exchange, POSITIONS_VERSION), *OTHER_DOMAINS[version]):
            if signed_by(order, *domain) == key.address:
                raise refusals.bad(refusals.VERSION_MISMATCH)
        raise refusals.invalid_signature(order.kind)

    def terms(self, posted: Posted, digest: str, market: Listed, token: int) -> Terms:
        """What the order asks for. Raises Refusal for amounts that break the market's rules."""
        order = posted.order
        buys, immediate = order.side is Side.BUY, posted.type in _IMMEDIATE
        money, shares = (order.maker_amount, order.taker_amount) if buys else (order.taker_amount, order.maker_amount)
        price = _price(money, shares, market, digest, immediate=immediate)
        _check_decimals(order, market, immediate=immediate)
        if not immediate and D(shares) / MILLION < market.listing.min_size:
            raise refusals.too_small(digest, plain(D(shares) / MILLION), plain(market.listing.min_size))
        return Terms(digest, token, price, shares, money if buys and immediate else None)

    def check_times(self, posted: Posted, now_ns: int) -> None:
        """Raises Refusal for an expiration that is too near, or that the type of order has not."""
        expires = posted.order.expiration
        if posted.type == "GTD":
            expires_ns = (expires - EXPIRES_EARLY) * NANOS
            if expires_ns <= now_ns:
                raise refusals.bad(refusals.INVALID_EXPIRATION)
        elif expires:
            raise refusals.bad(refusals.INVALID_EXPIRATION)
        if posted.post_only and posted.type in _IMMEDIATE:
            raise refusals.bad(refusals.INVALID_PAYLOAD)


def _price(money: int, shares: int, market: Listed, digest: str, *, immediate: bool) -> int:
    """The price of a share. What an immediate order gets is rounded, so its price is the tick next to it."""
    exact = D(money) / D(shares)
    price = exact
    if immediate:
        price = (exact / market.tick).to_integral_value() * market.tick
        if abs(D(money) - price * shares) > D(MILLION).scaleb(-_GETS):
            price = exact
    if not is_multiple(price, market.tick) or not market.tick <= price <= 1 - market.tick:
        raise refusals.off_tick(digest, plain(round(price, 6).normalize()), plain(market.tick))
    return int(price * PRICE_ONE)


def _check_decimals(order: SignedOrder, market: Listed, *, immediate: bool) -> None:
    side = order.side.value.lower()
    if immediate:
        kind, gives, gets = f"market {side}", _GIVES, _GETS
    else:
        kind, money = side, _MONEY_DECIMALS[market.tick]
        gives, gets = (money, _SHARE_DECIMALS) if order.side is Side.BUY else (_SHARE_DECIMALS, money)
    for amount, places in ((order.maker_amount, gives), (order.taker_amount, gets)):
        if amount % 10 ** (6 - places):
            raise refusals.too_precise(kind, gives, gets)
