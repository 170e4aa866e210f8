"""Requests made by hand: orders signed and posted field by field, so that any of them can be forged."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any, Self, cast

import aiohttp
import attrs
from eth_account import Account as EthAccount
from eth_account.messages import encode_typed_data
from polymarket._internal.actions.orders.typed_data import build_order_signature, build_order_typed_data
from polymarket._internal.actions.orders.types import UnsignedOrder
from polymarket._internal.hmac import build_hmac_signature
from polymarket._internal.l1_auth import sign_api_key_auth

from venuekit_doubles.polymarket import Account, PolymarketDouble

ZERO = "0x" + "0" * 64


@attrs.frozen(kw_only=True)
class Draft:
    """An order before it is signed. Amounts in millionths."""

    account: Account
    token: str
    exchange: str
    version: str = "2"
    side: str = "BUY"
    maker_amount: int = 5_000_000
    taker_amount: int = 10_000_000
    salt: int = 1
    timestamp: int = 1_790_000_000_000
    expiration: int = 0
    type: str = "GTC"
    post_only: bool = False
    #: What is sent instead of what was signed, at the order's level and around it.
    forged: Mapping[str, Any] = attrs.field(factory=dict)
    around: Mapping[str, Any] = attrs.field(factory=dict)
    #: Who signs instead of the account's key.
    signed_by: Account | None = None

    def unsigned(self) -> UnsignedOrder:
        """The order as the official client has it before signing."""
        contract_wallet = self.account.kind == 3
        return UnsignedOrder(
            builder=ZERO,
            chain_id=137,
            exchange_address=self.exchange,
            expiration=self.expiration,
            maker=self.account.wallet,
            maker_amount=self.maker_amount,
            metadata=ZERO,
            order_type=self.type,
            protocol_version=cast("Any", self.version),
            salt=self.salt,
            side=self.side,
            signature_type=int(self.account.kind),
            signer=self.account.wallet if contract_wallet else self.account.address,
            taker_amount=self.taker_amount,
            timestamp=self.timestamp,
            token_id=self.token,
        )

    def body(self) -> dict[str, Any]:
        """What is posted."""
        order = self.unsigned()
        message = encode_typed_data(full_message=build_order_typed_data(order))
        key = (self.signed_by or self.account).private_key
        signature = "0x" + EthAccount.sign_message(message, key).signature.hex()
        signed = {
            "builder": ZERO,
            "expiration": str(self.expiration),
            "maker": order.maker,
            "makerAmount": str(self.maker_amount),
            "metadata": ZERO,
            "salt": self.salt,
            "side": self.side,
            "signature": build_order_signature(order, signature),
            "signatureType": int(self.account.kind),
            "signer": order.signer,
            "takerAmount": str(self.taker_amount),
            "timestamp": str(self.timestamp),
            "tokenId": self.token,
        }
        body: dict[str, Any] = {
            "deferExec": False,
            "order": {**signed, **self.forged},
            "orderType": self.type,
            "owner": self.account.credentials.key,
        }
        if self.post_only:
            body["postOnly"] = True
        return {**body, **self.around}


@attrs.frozen
class Answer:
    """An answer."""

    status: int
    body: Any
    headers: Mapping[str, str]

    @property
    def error(self) -> str:
        """Its words."""
        return str(self.body["error"])


class Wire:
    """HTTP without a client's help."""

    def __init__(self, double: PolymarketDouble, session: aiohttp.ClientSession, account: Account) -> None:
        self.double, self.session, self.account = double, session, account

    @classmethod
    @contextlib.asynccontextmanager
    async def to(cls, double: PolymarketDouble, account: Account | None = None) -> AsyncIterator[Self]:
        """Open it."""
        async with aiohttp.ClientSession() as session:
            yield cls(double, session, account or double.account)

    def draft(self, slug: str = "fed-cuts-in-december", index: int = 0, **changes: Any) -> Draft:
        """A good order in a market, with changes."""
        market = self.double.market(slug)
        exchange, version = market.contract
        draft = Draft(account=self.account, token=market.tokens[index], exchange=exchange, version=version)
        return attrs.evolve(draft, **changes)

    def headers(self, method: str, path: str, body: str = "", **changes: str) -> dict[str, str]:
        """The headers of the account's key."""
        key, now = self.account.credentials, int(time.time())
        timestamp = int(changes.get("POLY_TIMESTAMP", now))
        signature = build_hmac_signature(
            secret=key.secret, timestamp=timestamp, method=method, path=path, body=body or None
        )
        made = {
            "POLY_ADDRESS": key.address,
            "POLY_API_KEY": key.key,
            "POLY_PASSPHRASE": key.passphrase,
            "POLY_SIGNATURE": signature,
            "POLY_TIMESTAMP": str(timestamp),
        }
        return {**made, **changes}

    def login(self, account: Account | None = None, **changes: str) -> dict[str, str]:
        """The headers of a log-in."""
        who = account or self.account
        now = int(changes.get("POLY_TIMESTAMP", int(time.time())))
        signed = sign_api_key_auth(EthAccount.from_key(who.private_key), chain_id=137, timestamp=now)
        made = {
            "POLY_ADDRESS": signed.address,
            "POLY_NONCE": "0",
            "POLY_SIGNATURE": signed.signature,
            "POLY_TIMESTAMP": str(now),
        }
        return {**made, **changes}

    async def ask(
        self, method: str, path: str, body: Any = None, *, query: str = "", headers: Mapping[str, str] | None = None
    ) -> Answer:
        """A request with the account's headers, or with others."""
        text = "" if body is None else json.dumps(body)
        sent = self.headers(method, path, text) if headers is None else headers
        url = f"{self.double.url}{path}{query}"
        async with self.session.request(method, url, data=text or None, headers=sent) as response:
            text = await response.text()
            kind = response.content_type
            return Answer(response.status, json.loads(text) if "json" in kind else text, response.headers)

    async def post(self, draft: Draft) -> Answer:
        """Post an order."""
        return await self.ask("POST", "/order", draft.body())
