"""What the adapter takes from the official SDK: wallets, contracts, signatures, ids and headers, without sockets."""

from __future__ import annotations

import base64
import hashlib
import hmac
import importlib.metadata
import inspect
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import attrs
import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_utils.crypto import keccak
from polymarket import AsyncSecureClient
from polymarket._internal import environment as sdk_environment
from polymarket._internal import hmac as sdk_hmac
from polymarket._internal.actions.orders import typed_data
from polymarket._internal.actions.orders.types import UnsignedOrder
from polymarket._internal.actions.relayer import gasless
from polymarket._internal.actions.relayer.signing import deposit_wallet as deposit_signing
from polymarket._internal.actions.relayer.signing import proxy as proxy_signing
from polymarket._internal.actions.relayer.signing import safe as safe_signing
from polymarket.models.clob import ApiKeyCreds
from polymarket_loopback import KEY, OWNER, clock, loopback

from venuekit.adapter import ConfigError, Side
from venuekit_polymarket.client import Signer, environment
from venuekit_polymarket.config import PolymarketOptions, read_options
from venuekit_polymarket.signing import Credentials, Unsigned, WalletKind
from venuekit_polymarket.transactions import Act, Step, Ticket

TOKEN = "71321045679252212594626385532706912750332728571942532289631379312455583992563"
#: Bits 40 to 103 are zero: a position of the third exchange.
TOKEN_V3 = str((0x01 << 248) | (0xABCDEF << 104) | 1)
ORDER_FIELDS = [
    ("salt", "uint256"),
    ("maker", "address"),
    ("signer", "address"),
    ("tokenId", "uint256"),
    ("makerAmount", "uint256"),
    ("takerAmount", "uint256"),
    ("side", "uint8"),
    ("signatureType", "uint8"),
    ("timestamp", "uint256"),
    ("metadata", "bytes32"),
    ("builder", "bytes32"),
]
EXCHANGES = {
    "standard": (TOKEN, False, "0xE111180000d2663C0091e4f400237545B87B996B", "2"),
    "negative risk": (TOKEN, True, "0xe2222d279d744050d28e00520010520000310F59", "2"),
    "third": (TOKEN_V3, False, "0xe3333700cA9d93003F00f0F71f8515005F6c00Aa", "3"),
}


def signer(**options: Any) -> Signer:
    return Signer(read_options({"private_key": KEY} | options), clock())


def wallet_address(kind: WalletKind) -> str:
    return next(w.address for w in signer().wallets if w.kind is kind)


def fields(names: list[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "type": kind} for name, kind in names]


def typed(order: dict[str, Any], contract: str, version: str) -> dict[str, Any]:
    """The order as EIP-712 data, written here a second time."""
    numbers = {name: int(order[name]) for name in ("salt", "tokenId", "makerAmount", "takerAmount", "timestamp")}
    return {
        "types": {
            "EIP712Domain": fields(
                [("name", "string"), ("version", "string"), ("chainId", "uint256"), ("verifyingContract", "address")]
            ),
            "Order": fields(ORDER_FIELDS),
        },
        "primaryType": "Order",
        "domain": {
            "name": "Polymarket CTF Exchange",
            "version": version,
            "chainId": 137,
            "verifyingContract": contract,
        },
        "message": {name: numbers.get(name, order.get(name)) for name, _ in ORDER_FIELDS if name != "side"}
        | {"side": 0 if order["side"] == "BUY" else 1},
    }


def digest(data: dict[str, Any]) -> str:
    signable = encode_typed_data(full_message=data)
    return "0x" + keccak(b"\x19" + signable.version + signable.header + signable.body).hex()


@pytest.mark.parametrize("exchange", EXCHANGES)
@pytest.mark.parametrize("kind", WalletKind)
def test_an_order_recovers_to_its_signer_for_every_wallet_and_exchange(kind: WalletKind, exchange: str) -> None:
    token, neg_risk, contract, version = EXCHANGES[exchange]
    signs = signer(funder=wallet_address(kind))
    assert signs.wallet.kind is kind
    unsigned = signs.unsigned(
        token_id=token, side=Side.BUY, maker_amount=11_782_400, taker_amount=21_040_000, neg_risk=neg_risk
    )
    signed = signs.sign(unsigned)
    order = dict(signed.order)
    plain = typed(order, contract, version)
    assert signed.id == digest(plain)
    assert (order["makerAmount"], order["takerAmount"], order["tokenId"]) == ("11782400", "21040000", token)
    assert (order["maker"], order["signatureType"]) == (wallet_address(kind), int(kind))
    signature = bytes.fromhex(order["signature"][2:])
    if kind is not WalletKind.DEPOSIT:
        assert order["signer"] == OWNER
        assert len(signature) == 65
        assert Account.recover_message(encode_typed_data(full_message=plain), signature=signature) == OWNER
        return
    assert order["signer"] == order["maker"]
    assert len(signature) == 317
    wrapped = {
        **plain,
        "types": plain["types"]
        | {
            "TypedDataSign": fields(
                [
                    ("contents", "Order"),
                    ("name", "string"),
                    ("version", "string"),
                    ("chainId", "uint256"),
                    ("verifyingContract", "address"),
                    ("salt", "bytes32"),
                ]
            )
        },
        "primaryType": "TypedDataSign",
        "message": {
            "contents": plain["message"],
            "name": "DepositWallet",
            "version": "1",
            "chainId": 137,
            "verifyingContract": order["maker"],
            "salt": "0x" + "00" * 32,
        },
    }
    assert Account.recover_message(encode_typed_data(full_message=wrapped), signature=signature[:65]) == OWNER


def test_one_signer_keeps_the_exchanges_apart() -> None:
    signs = signer()
    for token, neg_risk, contract, version in [*EXCHANGES.values(), *EXCHANGES.values()]:
        signed = signs.sign(
            signs.unsigned(token_id=token, side=Side.SELL, maker_amount=5, taker_amount=2, neg_risk=neg_risk)
        )
        assert signed.id == digest(typed(dict(signed.order), contract, version))


def test_the_same_order_with_the_same_salt_and_time_has_the_same_id() -> None:
    signs = signer()
    order = signs.unsigned(token_id=TOKEN, side=Side.SELL, maker_amount=5_000_000, taker_amount=1, neg_risk=False)
    again = Unsigned(**attrs.asdict(order))
    assert signs.sign(order).id == signer().sign(again).id
    for change in ({"salt": order.salt + 1}, {"time_ms": order.time_ms + 1}, {"neg_risk": True}, {"side": Side.BUY}):
        assert signs.sign(attrs.evolve(order, **change)).id != signs.sign(order).id


def test_the_body_says_what_is_not_signed() -> None:
    signed = signer().sign(
        signer().unsigned(token_id=TOKEN, side=Side.BUY, maker_amount=1, taker_amount=2, neg_risk=False)
    )
    body = signed.body(owner="the-key", order_type="GTD", post_only=True, expiration=1_800_000_000)
    assert body["order"]["expiration"] == "1800000000"
    assert (body["owner"], body["orderType"], body["postOnly"], body["deferExec"]) == ("the-key", "GTD", True, False)
    assert "postOnly" not in signed.body(owner="k", order_type="FOK")
    assert body["order"]["salt"] < 2**53  # the venue reads it as a JSON number


@pytest.mark.anyio
async def test_the_sdks_own_client_signs_the_same_at_the_configured_addresses() -> None:
    """Its sealed environment opens to our addresses, and its order, signed by us, has its very signature."""
    condition = "0x" + "ab" * 32
    tokens = [{"t": TOKEN, "o": "Yes"}, {"t": "2", "o": "No"}]
    routes = {
        f"GET /markets-by-token/{TOKEN}": {
            "condition_id": condition,
            "primary_token_id": TOKEN,
            "secondary_token_id": "2",
        },
        f"GET /clob-markets/{condition}": {"c": condition, "t": tokens, "mos": 5, "mts": 0.01, "nr": False},
        "GET /auth/api-keys": {"apiKeys": ["kkkkkkkk"]},
    }
    async with loopback(routes) as here:
        client = await AsyncSecureClient.create(
            private_key=KEY,
            wallet=OWNER,
            environment=environment(here.options(private_key=KEY)),
            credentials=ApiKeyCreds(key="kkkkkkkk", secret="c2VjcmV0c2VjcmV0", passphrase="pp"),
        )
        try:
            theirs = await client.create_limit_order(asset_id=TOKEN, price="0.56", size="21.04", side="BUY")
        finally:
            await client.close()
    assert (theirs.maker_amount, theirs.taker_amount) == (11_782_400, 21_040_000)
    ours = signer().sign(
        Unsigned(
            token_id=TOKEN,
            side=Side.BUY,
            maker_amount=theirs.maker_amount,
            taker_amount=theirs.taker_amount,
            neg_risk=False,
            salt=theirs.salt,
            time_ms=theirs.timestamp,
        )
    )
    assert ours.order["signature"] == theirs.signature


def test_the_kind_of_a_wallet_is_derived_and_a_strangers_is_refused() -> None:
    assert signer().wallet.kind is WalletKind.EOA
    assert signer(funder=OWNER.lower()).wallet.address == OWNER
    assert {w.kind for w in signer().wallets} == set(WalletKind)
    with pytest.raises(ConfigError) as refused:
        signer(funder="0x70997970C51812dc3A010C7d01b50e0d17dc79C8")
    assert refused.value.field == "venues.polymarket.funder"
    assert refused.value.details["accepted"] == [w.address for w in signer().wallets]
    with pytest.raises(ConfigError, match="not an address"):
        signer(funder="0x1234")


@pytest.mark.parametrize(
    "text", ["nonsense", "0x12", "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ffzz"]
)
def test_what_is_no_key_is_refused_without_its_text(text: str) -> None:
    with pytest.raises(ConfigError) as refused:
        signer(private_key=text)
    assert refused.value.field == "venues.polymarket.private_key"
    assert text not in str(refused.value.to_dict())
    assert refused.value.__cause__ is None


def test_requests_are_signed_over_time_method_path_and_the_very_body() -> None:
    secret = base64.urlsafe_b64encode(b"s" * 32).decode()
    credentials = Credentials(key="k", secret=secret, passphrase="p")
    headers = signer().l2_headers(credentials, "POST", "/order", b'{"a":1}')
    text = headers["POLY_TIMESTAMP"] + 'POST/order{"a":1}'
    expected = base64.urlsafe_b64encode(hmac.new(b"s" * 32, text.encode(), hashlib.sha256).digest()).decode()
    assert headers["POLY_SIGNATURE"] == expected
    assert (headers["POLY_ADDRESS"], headers["POLY_API_KEY"], headers["POLY_PASSPHRASE"]) == (OWNER, "k", "p")
    with pytest.raises(ConfigError) as refused:
        signer().l2_headers(Credentials(key="k", secret="é", passphrase="p"), "GET", "/x", None)
    assert refused.value.field == "venues.polymarket.api_secret"


def test_the_key_itself_is_proven_to_the_venue_for_credentials() -> None:
    headers = signer().l1_headers()
    auth = {
        "types": {
            "EIP712Domain": fields([("name", "string"), ("version", "string"), ("chainId", "uint256")]),
            "ClobAuth": fields(
                [("address", "address"), ("timestamp", "string"), ("nonce", "uint256"), ("message", "string")]
            ),
        },
        "primaryType": "ClobAuth",
        "domain": {"name": "ClobAuthDomain", "version": "1", "chainId": 137},
        "message": {
            "address": OWNER,
            "timestamp": headers["POLY_TIMESTAMP"],
            "nonce": 0,
            "message": "This message attests that I control the given wallet",
        },
    }
    signature = bytes.fromhex(headers["POLY_SIGNATURE"][2:])
    assert Account.recover_message(encode_typed_data(full_message=auth), signature=signature) == OWNER


def test_secrets_are_in_no_repr() -> None:
    options = read_options({"private_key": KEY, "api_key": "kk1", "api_secret": "ss1", "api_passphrase": "pp1"})
    shown = repr(options) + repr(Credentials(key="kk1", secret="ss1", passphrase="pp1"))
    assert not any(secret in shown for secret in (KEY, "kk1", "ss1", "pp1"))


def test_the_private_names_that_are_used_are_as_they_were_read() -> None:
    """polymarket-client seals its environments and hides its signing: when this fails, read the new release first."""
    assert list(inspect.signature(sdk_environment.create_environment).parameters) == ["name", "config"]
    names = {f for f in sdk_environment.PRODUCTION_CONFIG.__dataclass_fields__ if f.endswith("_url")}
    assert {
        "clob_url",
        "gamma_url",
        "data_url",
        "relayer_url",
        "rpc_url",
        "clob_market_ws_url",
        "clob_user_ws_url",
    } <= names
    assert list(inspect.signature(typed_data.build_order_typed_data).parameters) == ["order", "protocol_version"]
    assert list(inspect.signature(typed_data._order_contents_hash).parameters) == ["order"]
    assert list(inspect.signature(typed_data.build_order_signature).parameters) == [
        "order",
        "signature",
        "protocol_version",
    ]
    assert set(UnsignedOrder.__dataclass_fields__) == {
        "chain_id",
        "builder",
        "exchange_address",
        "expiration",
        "maker",
        "maker_amount",
        "metadata",
        "order_type",
        "salt",
        "side",
        "signature_type",
        "signer",
        "taker_amount",
        "timestamp",
        "token_id",
        "protocol_version",
    }
    assert list(inspect.signature(sdk_hmac.build_hmac_signature).parameters) == [
        "secret",
        "timestamp",
        "method",
        "path",
        "body",
    ]


def test_the_private_names_behind_transactions_are_as_they_were_read() -> None:
    """It cannot be asked for a signature alone: when this fails, read the new release first."""

    def names(function: Callable[..., Any]) -> list[str]:
        return list(inspect.signature(function).parameters)

    safe = ["safe_address", "to", "data", "value", "operation", "nonce", "chain_id"]
    batch = ["wallet", "calls", "nonce", "deadline", "chain_id"]
    assert names(safe_signing.build_safe_typed_data) == safe
    assert names(safe_signing.sign_safe_transaction) == ["signer", *safe]
    assert names(deposit_signing.build_deposit_wallet_typed_data) == batch
    assert names(deposit_signing.sign_deposit_wallet_batch) == ["signer", *batch]
    assert names(proxy_signing.sign_proxy_message) == ["signer", "message_hash"]
    assert names(proxy_signing.build_proxy_transaction_hash) == [
        *("from_address", "to", "data", "relayer_fee", "gas_price", "gas_limit", "nonce", "relay_hub", "relay"),
    ]
    assert names(gasless.build_safe_payload) == [
        *("signer_address", "wallet", "target", "data", "value", "operation", "nonce", "signature", "metadata"),
    ]
    assert names(gasless.build_proxy_payload) == [
        *("signer_address", "proxy_factory", "wallet", "data", "nonce", "signature", "gas_limit", "relay"),
        *("relay_hub", "metadata"),
    ]
    assert names(gasless.build_deposit_wallet_payload) == [
        *("signer_address", "deposit_wallet_factory", "wallet", "calls", "nonce", "deadline", "signature", "metadata"),
    ]
    used = {"relay_hub", "safe_multisend", "protocol_v2_router", "position_manager", "collateral_adapter"}
    assert used <= set(sdk_environment.PRODUCTION_CONFIG.__dataclass_fields__)


@pytest.mark.parametrize("kind", WalletKind)
def test_a_transaction_made_again_is_the_very_same_and_another_number_makes_another(kind: WalletKind) -> None:
    chain = signer(funder=wallet_address(kind)).chain
    step = Step(act=Act.SPLIT, condition_id="0x" + "ab" * 32, newer=False, neg_risk=True, amounts=(5, 5))
    ticket = Ticket(nonce=3, deadline=1_900_000_000, gas=100_000, gas_price=30, relay="0x" + "7d" * 20)
    calls = chain.calls(step)
    signed = chain.sign(calls, ticket)
    assert (signed, signed.signature) == (chain.sign(calls, Ticket.from_text(ticket.to_text())), signed.signature)
    assert signed.id != chain.sign(calls, attrs.evolve(ticket, nonce=4)).id
    assert signed.id != chain.sign(chain.calls(attrs.evolve(step, amounts=(6, 6))), ticket).id
    assert bool(signed.raw) is (kind is WalletKind.EOA)
    assert not {signed.signature, signed.raw} & set(repr(signed).split("'")) - {""}


def test_several_calls_of_a_safe_are_one_transaction() -> None:
    """Both outcomes of position ids are redeemed at once, through the venue's multisend."""
    chain = signer(funder=wallet_address(WalletKind.SAFE)).chain
    step = Step(act=Act.REDEEM, condition_id="0x" + "ab" * 31, newer=True, neg_risk=False, amounts=(5, 6))
    calls = chain.calls(step)
    body = chain.sign(calls, Ticket(nonce=1)).body
    assert body["to"] == sdk_environment.PRODUCTION_CONFIG.safe_multisend
    assert body["signatureParams"]["operation"] == "1"
    assert [call.to for call in calls] == [sdk_environment.PRODUCTION_CONFIG.protocol_v2_router] * 2


def test_the_sdk_is_of_the_series_that_was_read() -> None:
    assert importlib.metadata.version("polymarket-client").startswith("0.14.")
    needs = importlib.metadata.requires("venuekit-polymarket") or []
    assert [n for n in needs if n.startswith("polymarket-client")] == ["polymarket-client<0.15,>=0.14"]


def test_the_addresses_are_the_sdks_own() -> None:
    """Our defaults are what its production has, so that a move of the venue's is seen here."""
    config, options = sdk_environment.PRODUCTION_CONFIG, PolymarketOptions()
    assert (options.clob_url, options.gamma_url, options.data_url) == (
        config.clob_url,
        config.gamma_url,
        config.data_url,
    )
    assert (options.relayer_url, options.rpc_url) == (config.relayer_url, config.rpc_url)
    assert (options.ws_market_url, options.ws_user_url) == (config.clob_market_ws_url, config.clob_user_ws_url)


def test_neither_the_sdk_nor_aiohttp_is_imported_with_the_package() -> None:
    code = (
        "import sys, venuekit_polymarket as p; p.factory.extras, p.factory.capabilities, p.factory.options;"
        "print([m for m in ('polymarket', 'eth_account', 'aiohttp', 'httpx', 'pydantic') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
