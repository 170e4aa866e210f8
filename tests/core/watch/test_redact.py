"""No secret survives, whatever it is called and wherever it stands; what is no secret stays as it is."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venuekit.watch.redact import HIDDEN, names_a_secret, redact, redact_text

JWT = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJvcmdhbml6YXRpb25zIn0.c2lnbmF0dXJl"
PEM = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIIGLlamZ\n-----END EC PRIVATE KEY-----"
PRIVATE = "0x" + "4f3edf983ac636a65a842ce7c78d9aa706d3b113bce9c46f30d7d21715b23b1d"


@pytest.mark.parametrize(
    "name",
    ["api_key", "apiKey", "API-KEY", "secret", "client_secret", "passphrase", "token", "access_token", "Authorization",
     "private_key", "signature", "mnemonic", "cookie", "POLY_PASSPHRASE", "jwt", "password", "clientSecret", "accessToken"],
)  # fmt: skip
def test_a_field_named_like_a_secret_is_hidden(name: str) -> None:
    assert redact({name: "value-of-it"}) == {name: HIDDEN}
    assert names_a_secret(name)


@pytest.mark.parametrize(
    "name",
    ["instrument", "client_order_id", "token_id", "key_figures", "digest", "id", "reason", "assigned"],
)
def test_a_field_that_is_no_secret_stays(name: str) -> None:
    assert redact({name: "value-of-it"}) == {name: "value-of-it"}


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (f"got {JWT} back", JWT),
        (f"key:\n{PEM}\nend", "MHcCAQEEIIGLlamZ"),
        ("-----BEGIN PRIVATE KEY-----\ncut off MHcCAQEEIIGLlamZ", "MHcCAQEEIIGLlamZ"),
        (f"signed with {PRIVATE}", PRIVATE[2:]),
        ("Authorization: Bearer abcdefgh12345678", "abcdefgh12345678"),
        ("https://x/y?api_key=abcd1234&symbol=BTC", "abcd1234"),
        ('{"secret": "abcd1234"}', "abcd1234"),
        ("password=hunter2!", "hunter2!"),
    ],
)
def test_a_secret_inside_a_text_is_hidden(text: str, secret: str) -> None:
    assert secret not in redact_text(text)
    assert secret not in str(redact({"note": [{"deep": text}]}))


def test_the_rest_of_the_text_stays() -> None:
    assert redact_text("https://x/y?api_key=abcd1234&symbol=BTC") == f"https://x/y?api_key={HIDDEN}&symbol=BTC"


def test_a_wallet_keeps_its_last_six_digits() -> None:
    assert redact_text("to 0x52908400098527886E0F7030069857D2E4169EE7 now") == "to 0x…169EE7 now"


def test_our_own_digests_stay_readable() -> None:
    digest = "a" * 64
    assert redact({"digest": digest, "order_hash": digest}) == {"digest": digest, "order_hash": digest}


@given(st.text(), st.text(min_size=1).filter(lambda s: s not in HIDDEN), st.text())
def test_a_literal_secret_is_hidden_wherever_it_stands(before: str, secret: str, after: str) -> None:
    cleaned = redact({"a": [before + secret + after]}, also=frozenset({secret}))["a"][0]
    assert secret not in cleaned.replace(HIDDEN, "") or secret in (before + after)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda s: st.lists(s) | st.dictionaries(st.text(), s)
    )
)
def test_redacting_twice_is_redacting_once_and_the_original_is_not_touched(value: object) -> None:
    before = copy.deepcopy(value)
    once = redact(value)
    assert redact(once) == once
    assert value == before


def test_empty_values_of_secret_fields_are_not_called_hidden() -> None:
    assert redact({"token": ""}) == {"token": ""}
