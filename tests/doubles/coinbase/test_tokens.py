"""Each part of a token that can be wrong is refused for itself, by REST and by the streams."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
from coinbase_clients import API, Plain, a_double, a_stream, claims_for, order

from venuekit_doubles.coinbase import CoinbaseDouble, Key

pytestmark = pytest.mark.anyio
PATH = f"{API}/accounts"


def reason(plain: Plain, token: str) -> str:
    """Why a token is refused, which the answer does not say."""
    answer = plain.ask("GET", PATH, token=token)
    assert (answer.status_code, answer.text) == (401, "Unauthorized")
    assert answer.headers["Content-Type"].startswith("text/plain")
    return plain.double.refused_tokens[-1]


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"headers": {"kid": "nobody"}}, "there is no key 'nobody'"),
        ({"headers": {"kid": None}}, "there is no key"),
        ({"sub": "nobody"}, "sub or iss is wrong"),
        ({"sub": None}, '"sub"'),
        ({"iss": "somebody"}, "sub or iss is wrong"),
        ({"exp": int(time.time()) - 31, "nbf": int(time.time()) - 100}, "the token ended"),
        ({"exp": None}, '"exp"'),
        ({"nbf": int(time.time()) + 100_000, "exp": int(time.time()) + 100_100}, "the token begins in"),
        ({"nbf": None}, '"nbf"'),
        ({"exp": int(time.time()) + 1000}, "valid for too long"),
        ({"exp": time.time() + 60}, "whole seconds"),
        ({"uri": None}, "the token is for ''"),
    ],
    ids=lambda given: given if isinstance(given, str) else "-".join(given),
)
def test_a_wrong_claim_is_refused(plain: Plain, changed: dict[str, Any], why: str) -> None:
    assert why in reason(plain, plain.token("GET", PATH, **changed))


@pytest.mark.parametrize(
    "uri",
    ["POST {host}{path}", "GET {host}{path}/more", "GET other.example{path}", "GET {host}{path}?limit=1", "GET {path}"],
)
def test_a_token_for_another_request_is_refused(plain: Plain, uri: str) -> None:
    wrong = uri.format(host=plain.double.host, path=PATH)
    assert f"the token is for {wrong!r}" in reason(plain, plain.token("GET", PATH, uri=wrong))


@pytest.mark.parametrize(
    "uri", ["GET {host}{path}", "GET https://{host}{path}", "GET http://{host}{path}", "GET api.coinbase.com{path}"]
)
def test_a_token_for_this_request_is_taken_however_its_address_is_written(plain: Plain, uri: str) -> None:
    right = uri.format(host=plain.double.host, path=PATH)
    assert plain.ask("GET", PATH, token=plain.token("GET", PATH, uri=right)).status_code == 200
    listed = plain.token("GET", PATH, uri=None, uris=[right])
    assert plain.ask("GET", PATH, token=listed, limit=1).status_code == 200


@pytest.mark.parametrize("issuer", ["cdp", "coinbase-cloud"])
def test_both_issuers_are_taken_and_clocks_may_differ_by_half_a_minute(plain: Plain, issuer: str) -> None:
    now = int(time.time())
    token = plain.token("GET", PATH, iss=issuer, nbf=now - 140, exp=now - 20, aud=["retail_rest_api_proxy"])
    assert plain.ask("GET", PATH, token=token).status_code == 200


def test_a_signature_of_another_key_is_refused(plain: Plain) -> None:
    assert "InvalidSignatureError" in reason(plain, plain.token("GET", PATH, secret=Key("other").secret))


def test_a_signature_of_another_kind_is_refused(plain: Plain) -> None:
    ed = Key("other", kind="ed_pem")
    assert "InvalidAlgorithmError" in reason(plain, plain.token("GET", PATH, secret=ed.secret, algorithm="EdDSA"))
    shared = jwt.encode(
        claims_for(plain.double.key, f"GET {plain.double.host}{PATH}"),
        "a secret that is shared, and long enough",
        algorithm="HS256",
        headers={"kid": plain.double.key, "nonce": "1"},
    )
    assert "InvalidAlgorithmError" in reason(plain, shared)
    unsigned = jwt.encode(
        claims_for(plain.double.key, f"GET {plain.double.host}{PATH}"),
        None,
        algorithm="none",
        headers={"kid": plain.double.key, "nonce": "1"},
    )
    assert "InvalidAlgorithmError" in reason(plain, unsigned)


def test_what_was_changed_after_it_was_signed_is_refused(plain: Plain) -> None:
    head, _, signature = plain.token("GET", PATH).split(".")
    other = plain.token("GET", PATH, exp=int(time.time()) + 100).split(".")[1]
    assert "InvalidSignatureError" in reason(plain, f"{head}.{other}.{signature}")


@pytest.mark.parametrize("token", ["nonsense", "a.b.c", "..", "é"])
def test_what_is_no_token_is_refused(plain: Plain, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}".encode()}
    answer = plain.http.get(f"{plain.double.rest_url}{PATH}", headers=headers, timeout=60)
    assert answer.status_code == 401


@pytest.mark.parametrize("value", ["", "Basic abc", "Bearer", "Bearer "])
def test_another_scheme_or_none_is_refused(plain: Plain, value: str) -> None:
    headers = {"Authorization": value} if value else {}
    assert plain.http.get(f"{plain.double.rest_url}{PATH}", headers=headers, timeout=60).status_code == 401
    assert plain.double.refused_tokens[-1] == "there is no bearer token"


def test_a_wrong_token_is_refused_for_public_data_too(plain: Plain) -> None:
    path = f"{API}/market/products"
    assert plain.ask("GET", path, token="").status_code == 200
    assert plain.ask("GET", path, token="nonsense").status_code == 401


def test_a_refused_order_is_not_there(plain: Plain) -> None:
    path = f"{API}/orders"
    assert plain.ask("POST", path, token=plain.token("GET", path), body=order("refused")).status_code == 401
    listed = plain.get(f"{API}/orders/historical/batch")["orders"]
    assert "refused" not in [o["client_order_id"] for o in listed]


def test_a_key_that_was_removed_opens_it_no_more(plain: Plain) -> None:
    key = plain.double.add_key(Key("leaving"))
    terms: dict[str, Any] = {"secret": key.secret, "headers": {"kid": key.name}, "sub": key.name}
    assert plain.ask("GET", PATH, token=plain.token("GET", PATH, **terms)).status_code == 200
    plain.double.door.remove("leaving")
    assert reason(plain, plain.token("GET", PATH, **terms)) == "there is no key 'leaving'"


def test_a_token_may_be_used_again_while_it_is_valid(plain: Plain) -> None:
    token = plain.token("GET", PATH)
    assert [plain.ask("GET", PATH, token=token).status_code for _ in range(2)] == [200, 200]


@pytest.fixture
def strict() -> Iterator[Plain]:
    with a_double(single_use_tokens=True) as double:
        made = Plain(double)
        yield made
        made.http.close()


def test_a_strict_double_takes_each_token_once(strict: Plain) -> None:
    token = strict.token("GET", PATH)
    assert strict.ask("GET", PATH, token=token).status_code == 200
    assert reason(strict, token) == "the token was used before"
    assert reason(strict, strict.token("GET", PATH, headers={"nonce": None})) == "the token has no nonce"
    assert strict.ask("GET", PATH).status_code == 200


# -- streams


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"sub": "nobody"}, "sub or iss is wrong"),
        ({"iss": "somebody"}, "sub or iss is wrong"),
        ({"exp": int(time.time()) - 31, "nbf": int(time.time()) - 100}, "the token ended"),
        ({"uri": "GET api.coinbase.com/"}, "a stream's token has no uri"),
    ],
    ids=["sub", "iss", "exp", "uri"],
)
async def test_a_streams_token_is_checked_and_the_connection_stays(
    double: CoinbaseDouble, changed: dict[str, Any], why: str
) -> None:
    async with a_stream(double) as stream:
        await stream.say("user", jwt=stream.token(**changed))
        assert await stream.frame_of_error() == {"type": "error", "message": "authentication failure"}
        assert why in double.refused_tokens[-1]
        await stream.say("user", jwt=stream.token())
        assert (await stream.until("user"))["type"] == "snapshot"


async def test_a_streams_token_of_another_key_is_refused(double: CoinbaseDouble) -> None:
    async with a_stream(double) as stream:
        other = Key("other")
        headers = {"kid": double.key, "nonce": secrets.token_hex(16)}
        forged = jwt.encode(claims_for(double.key, None), other.secret, algorithm="ES256", headers=headers)
        await stream.say("user", jwt=forged)
        assert (await stream.frame_of_error())["message"] == "authentication failure"


async def test_a_public_channel_wants_no_token_and_takes_a_right_one_again(double: CoinbaseDouble) -> None:
    async with a_stream(double) as stream:
        await stream.say("ticker", "BTC-USD")
        await stream.until("ticker")
        token = stream.token()
        for channel in ("user", "heartbeats"):
            await stream.say(channel, jwt=token)
            await stream.until(channel)
        await stream.say("level2", "BTC-USD", jwt="nonsense")
        assert (await stream.frame_of_error())["message"] == "authentication failure"
