"""What the adapter takes from the official SDK: requests without sockets, and its keys and tokens."""

from __future__ import annotations

import base64
import importlib.metadata
import inspect
import subprocess
import sys
from typing import Any

import jwt
import pytest
from coinbase import jwt_generator  # type: ignore[import-untyped]
from coinbase.rest import RESTClient  # type: ignore[import-untyped]
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from venuekit.adapter import NANOS, ConfigError
from venuekit.watch.clock import SystemClock
from venuekit_coinbase.client import Requests, Signer, plan

V3 = "/api/v3/brokerage"
CALLS: list[tuple[str, dict[str, Any], str, str, bool]] = [
    ("get_accounts", {"limit": 250}, "GET", "/accounts", False),
    ("get_public_products", {"product_type": "SPOT"}, "GET", "/market/products", True),
    ("get_product", {"product_id": "BTC-USD"}, "GET", "/products/BTC-USD", False),
    ("get_public_product", {"product_id": "BTC-USD"}, "GET", "/market/products/BTC-USD", True),
    ("get_product_book", {"product_id": "BTC-USD", "limit": 5}, "GET", "/product_book", False),
    ("get_public_product_book", {"product_id": "BTC-USD", "limit": 5}, "GET", "/market/product_book", True),
    ("get_market_trades", {"product_id": "BTC-USD", "limit": 5}, "GET", "/products/BTC-USD/ticker", False),
    ("get_public_market_trades", {"product_id": "BTC-USD", "limit": 5}, "GET", "/market/products/BTC-USD/ticker", True),
    (
        "get_candles",
        {"product_id": "BTC-USD", "start": "1", "end": "2", "granularity": "ONE_MINUTE"},
        "GET",
        "/products/BTC-USD/candles",
        False,
    ),
    (
        "get_public_candles",
        {"product_id": "BTC-USD", "start": "1", "end": "2", "granularity": "ONE_MINUTE"},
        "GET",
        "/market/products/BTC-USD/candles",
        True,
    ),
    ("get_unix_time", {}, "GET", "/time", True),
    ("get_order", {"order_id": "x"}, "GET", "/orders/historical/x", False),
    ("list_orders", {"order_status": ["OPEN"], "limit": 1}, "GET", "/orders/historical/batch", False),
    ("get_fills", {"order_ids": ["x"], "limit": 1}, "GET", "/orders/historical/fills", False),
    ("cancel_orders", {"order_ids": ["x"]}, "POST", "/orders/batch_cancel", False),
    ("edit_order", {"order_id": "x", "size": "1", "price": "2"}, "POST", "/orders/edit", False),
    (
        "create_order",
        {"client_order_id": "c", "product_id": "p", "side": "BUY", "order_configuration": {"a": {"b": "1"}}},
        "POST",
        "/orders",
        False,
    ),
    ("preview_order", {"product_id": "p", "side": "BUY", "order_configuration": {}}, "POST", "/orders/preview", False),
    ("get_transaction_summary", {}, "GET", "/transaction_summary", False),
    ("get_api_key_permissions", {}, "GET", "/key_permissions", False),
    ("get_portfolios", {}, "GET", "/portfolios", False),
    ("list_futures_positions", {}, "GET", "/cfm/positions", False),
    ("create_convert_quote", {"from_account": "a", "to_account": "b", "amount": "1"}, "POST", "/convert/quote", False),
]


@pytest.mark.parametrize(("name", "given", "method", "path", "public"), CALLS, ids=[c[0] for c in CALLS])
def test_each_method_that_is_planned_makes_its_request(
    name: str, given: dict[str, Any], method: str, path: str, public: bool
) -> None:
    call = plan(getattr(Requests(), name), **given)
    assert (call.method, call.path, call.public) == (method, V3 + path, public)
    sent = {**call.query, **(call.body or {})}
    in_path = {k for k, v in given.items() if (isinstance(v, str) and path.endswith(f"/{v}")) or f"/{v}/" in path}
    for field in given.keys() - in_path:
        assert sent[field] == given[field], field


def test_lists_are_repeated_in_the_query_and_nothing_is_sent_for_none() -> None:
    call = plan(Requests().list_orders, order_status=["OPEN", "QUEUED"], product_ids=None, limit=7)
    assert sorted(call.pairs) == [("limit", "7"), ("order_status", "OPEN"), ("order_status", "QUEUED")]


def test_the_seam_is_where_it_was() -> None:
    assert list(inspect.signature(RESTClient.prepare_and_send_request).parameters) == [
        "self",
        "http_method",
        "url_path",
        "params",
        "data",
        "public",
    ]
    assert list(inspect.signature(RESTClient.send_request).parameters) == [
        "self",
        "http_method",
        "url_path",
        "params",
        "headers",
        "data",
    ]
    assert list(inspect.signature(jwt_generator._load_private_key).parameters) == ["secret_var"]
    assert list(inspect.signature(jwt_generator._algorithm_for).parameters) == ["private_key"]


def test_the_sdk_is_of_the_series_that_was_read() -> None:
    assert importlib.metadata.version("coinbase-advanced-py").startswith("1.8.")
    [needs] = [r for r in importlib.metadata.requires("venuekit-coinbase") or [] if r.startswith("coinbase-")]
    assert "<1.9" in needs
    assert ">=1.8.4" in needs


def _pem(key: Any, form: serialization.PrivateFormat = serialization.PrivateFormat.PKCS8) -> str:
    return str(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode())


_EC = ec.generate_private_key(ec.SECP256R1())
_ED = ed25519.Ed25519PrivateKey.generate()
_RAW = _ED.private_bytes_raw()
SECRETS = {
    "EC PKCS8": (_pem(_EC), "ES256"),
    "EC SEC1": (_pem(_EC, serialization.PrivateFormat.TraditionalOpenSSL), "ES256"),
    "Ed25519 PEM": (_pem(_ED), "EdDSA"),
    "32 bytes": (base64.b64encode(_RAW).decode(), "EdDSA"),
    "64 bytes": (base64.b64encode(_RAW + _ED.public_key().public_bytes_raw()).decode(), "EdDSA"),
}


@pytest.mark.parametrize("written_out", [False, True], ids=["line ends", "written out"])
@pytest.mark.parametrize("kind", SECRETS)
def test_a_token_is_the_sdks_own(kind: str, written_out: bool) -> None:
    secret, algorithm = SECRETS[kind]
    signer = Signer("the/key", secret.replace("\n", "\\n") if written_out else secret, SystemClock())
    ours = signer.for_request("GET", "api.coinbase.com", "/x")
    theirs = jwt_generator.build_rest_jwt("GET api.coinbase.com/x", "the/key", secret)
    _same(ours, theirs, algorithm)
    _same(signer.for_socket(), jwt_generator.build_ws_jwt("the/key", secret), algorithm)
    public = (_EC if algorithm == "ES256" else _ED).public_key()
    jwt.decode(ours, public, algorithms=[algorithm])


def _same(ours: str, theirs: str, algorithm: str) -> None:
    mine, other = jwt.get_unverified_header(ours), jwt.get_unverified_header(theirs)
    assert mine.keys() == other.keys()
    assert len(mine.pop("nonce")) == len(other.pop("nonce")) == 64
    assert mine == other
    assert mine["alg"] == algorithm
    said, expected = (jwt.decode(token, options={"verify_signature": False}) for token in (ours, theirs))
    for name in ("nbf", "exp"):
        assert abs(said.pop(name) - expected.pop(name)) <= 2
    assert said == expected


@pytest.mark.parametrize("kind", ["EC PKCS8", "Ed25519 PEM"])
def test_every_token_can_be_verified_however_small_its_numbers_come_out(kind: str) -> None:
    secret, algorithm = SECRETS[kind]
    signer = Signer("the/key", secret, SystemClock())
    public = (_EC if algorithm == "ES256" else _ED).public_key()
    for number in range(600):  # every 128th has a number that begins with a zero byte
        claims = jwt.decode(signer.for_request("GET", "h", f"/{number}"), public, algorithms=[algorithm])
        assert claims["uri"] == f"GET h/{number}"


def test_a_key_of_another_curve_is_refused_before_anything_is_signed_with_it() -> None:
    with pytest.raises(ConfigError, match="not a private key"):
        Signer("k", _pem(ec.generate_private_key(ec.SECP384R1())), SystemClock())


def test_each_token_is_another() -> None:
    signer = Signer("k", SECRETS["EC PKCS8"][0], SystemClock())
    assert signer.for_request("GET", "h", "/") != signer.for_request("GET", "h", "/")


@pytest.mark.parametrize(
    "secret", ["nonsense", "AAAA", "-----BEGIN EC PRIVATE KEY-----\nxx\n-----END EC PRIVATE KEY-----"]
)
def test_what_is_no_key_is_refused_without_its_text(secret: str) -> None:
    with pytest.raises(ConfigError) as refused:
        Signer("k", secret, SystemClock())
    assert refused.value.field == "venues.coinbase.api_secret"
    assert secret not in str(refused.value.to_dict() if hasattr(refused.value, "to_dict") else refused.value)


def test_neither_the_sdk_nor_aiohttp_is_imported_with_the_package() -> None:
    code = "import sys, venuekit_coinbase as c; c.factory.extras; print([m for m in ('coinbase', 'aiohttp', 'requests') if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_the_clock_of_tokens_is_the_desks() -> None:
    class Fixed(SystemClock):
        def now_ns(self) -> int:
            return 1_000 * NANOS

    token = Signer("k", SECRETS["EC PKCS8"][0], Fixed()).for_request("GET", "h", "/")
    claims = jwt.decode(token, options={"verify_signature": False})
    assert (claims["nbf"], claims["exp"]) == (1_000, 1_120)
