"""Properties of redaction, both ways: no secret survives any writing or nesting, and ordinary data is not touched."""

from __future__ import annotations

import base64
import json
import secrets as random
from urllib.parse import quote

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from venuekit.watch.literals import forms
from venuekit.watch.redact import HIDDEN, redact, redact_text

B58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
WORDS = [
    "abandon",
    "zebra",
    "ocean",
    "trade",
    "price",
    "limit",
    "market",
    "order",
    "cash",
    "oxygen",
    "bitter",
    "proud",
    "legal",
    "winner",
    "thank",
    "year",
]

KEYS = st.binary(min_size=32, max_size=65).map(bytes.hex).filter(lambda k: not k.isdecimal())
UNMISTAKABLE = st.one_of(
    KEYS,
    KEYS.map("0x{}".format),
    st.binary(min_size=32, max_size=32).map(lambda b: base64.b64encode(b).decode()),
    st.binary(min_size=64, max_size=64).map(lambda b: base64.b64encode(b).decode()),
    st.text(B58, min_size=87, max_size=88).filter(lambda k: not k.isdecimal()),
    st.lists(st.sampled_from(WORDS), min_size=12, max_size=24).map(" ".join),
    st.binary(min_size=40, max_size=80).map(
        lambda b: f"-----BEGIN PRIVATE KEY-----\n{base64.b64encode(b).decode()}\n-----END PRIVATE KEY-----"
    ),
    st.binary(min_size=9, max_size=40).map(lambda b: f"eyJ{b.hex()}.{b.hex()}.{b.hex()}"),
)
NAMES = st.sampled_from(["api_key", "apiSecret", "CB-ACCESS-SIGN", "POLY_PASSPHRASE", "privateKey", "client_secret",
                         "X-API-Key", "password", "PGPASSWORD", "auth_token", "seedPhrase", "cookies"])  # fmt: skip
VALUES = st.text("abcdefghijklmnopqrstuvwxyz0123456789+/_-.!", min_size=6, max_size=40)
KNOWN = st.text(min_size=8, max_size=30).filter(
    lambda s: s.strip() == s and not any(s in w or w in s for w in [HIDDEN])
)
PROSE = st.text("abc xyz.,:'-\n", max_size=20)


def around(before: str, secret: str, after: str) -> str:
    return f"{before} {secret} {after}"


@given(UNMISTAKABLE, PROSE, PROSE)
def test_what_looks_like_a_key_is_taken_out_of_any_text_and_any_nesting(secret: str, before: str, after: str) -> None:
    text = around(before, secret, after)
    for found in (
        redact_text(text),
        json.dumps(redact({"a": [{"b": text}], "reason": [[text]]})),
        json.dumps(redact({"error": json.dumps({"body": text})})),
        repr(redact((text, {text: 1}))) if " " in secret else "",
    ):
        assert secret not in found
        assert json.dumps(secret)[1:-1] not in found


@given(NAMES, VALUES, st.sampled_from(["{n}={v}", "{n}: {v}", '{{"{n}": "{v}"}}', "{{'{n}': '{v}'}}", '{{\\"{n}\\": \\"{v}\\"}}',
                                       "https://x.test/?a=1&{n}={v}&b=2", "{n}%3D{v}", "Config({n}={v!r}, user='me')"]))  # fmt: skip
def test_what_is_called_a_secret_is_taken_out_of_a_text(name: str, value: str, written: str) -> None:
    assume(value not in name and value not in written)
    assert value not in redact_text(written.format(n=name, v=value))


@given(NAMES, st.recursive(VALUES | st.integers(10**6), lambda s: st.lists(s, min_size=1) | st.dictionaries(VALUES, s)))
def test_what_stands_below_a_secrets_name_is_hidden_whole(name: str, value: object) -> None:
    def leaves(thing: object) -> list[object]:
        if isinstance(thing, dict):
            return [leaf for item in thing.values() for leaf in leaves(item)]
        return [leaf for item in thing for leaf in leaves(item)] if isinstance(thing, list) else [thing]

    assert set(map(str, leaves(redact({name: value})))) <= {HIDDEN}


@given(KNOWN, st.binary(max_size=7), st.binary(max_size=7))
def test_a_known_secret_is_found_however_it_is_written(secret: str, before: bytes, after: bytes) -> None:
    raw = secret.encode()
    writings = [secret, json.dumps(secret)[1:-1], quote(secret, safe=""), raw.hex(), repr(secret)[1:-1]]
    for writing in writings:
        assert HIDDEN in redact_text(f"<{writing}>", also=frozenset({secret}))
    encoded = base64.b64encode(before + raw + after).decode()
    whole = encoded[4 : len(encoded) - 4] if len(raw) > 12 else ""
    assert not whole or HIDDEN in redact_text(encoded, also=frozenset({secret}))


@pytest.mark.parametrize("cut", range(12, 25))
def test_a_known_secret_that_was_cut_is_hidden_as_far_as_it_goes(cut: int) -> None:
    secret = "canary/two+in=environment"
    told = redact_text(f"reason: '{secret[:cut]}' is not text", also=frozenset({secret}))
    assert told == f"reason: '{HIDDEN}' is not text"
    assert redact_text("canary birds", also=frozenset({secret})) == "canary birds"


def test_each_line_of_a_known_key_is_one_too_and_a_short_secret_has_no_other_forms() -> None:
    pem = "-----BEGIN KEY-----\nMHcCAQEEIIGLlamZMHcCAQ\nabcdefghijklmnopqrstuv\n-----END KEY-----"
    assert "abcdefghijklmnopqrstuv" in forms(frozenset({pem}))
    assert "abcdefghijklmnopqrstuv" in forms(frozenset({pem.replace("\n", "\\n")}))
    assert forms(frozenset({"abc"})) == ("abc",)


TOKEN_ID = st.integers(10**75, 10**78 - 1).map(str)
HASH = st.binary(min_size=32, max_size=32).map(lambda b: f"0x{b.hex()}")
ORDINARY = st.fixed_dictionaries(
    {
        "instrument": TOKEN_ID | st.sampled_from(["BTC-USD", "RAIN-YES", "BTC/USDT:USDT"]),
        "token_id": TOKEN_ID,
        "client_order_id": st.uuids().map(str) | st.text(B58, min_size=20, max_size=40),
        "venue_order_id": HASH | st.uuids().map(str),
        "orderID": HASH,
        "transaction_hash": HASH,
        "digest": st.binary(min_size=32, max_size=32).map(bytes.hex),
        "size": st.decimals(0, 10**9, places=8).map(str),
        "price": st.decimals(0, 10**6, places=18).map(str),
        "time": st.datetimes().map(lambda t: f"{t.isoformat()}Z"),
        "tokens": st.integers(0, 10**6),
        "message": st.tuples(TOKEN_ID, st.integers(1, 9)).map(
            lambda t: f"position {t[0]}: {t[1]} here, 0.5 at the venue; the limit is 10000 USD (risk.max_order_notional)."
        ),
        "reason": st.sampled_from(
            ["mean reversion: price fell 3 % below the hour's average", "sell: signal = -0.7, risk is small",
             "the market has been going down for more than ten days now so that we sell what we have left today",
             "see https://example.test/a/b?day=2026-11-21 for why", "12:30:15 stop hit; token_id=7132 closed"]),
    }
)  # fmt: skip


@given(ORDINARY, st.frozensets(KNOWN, max_size=2))
def test_ordinary_data_is_not_touched(data: dict[str, object], known: frozenset[str]) -> None:
    text = json.dumps(data)
    assume(not any(form in text for form in forms(known)))
    assert redact(data, also=known) == data
    assert redact({"deep": [{"er": data}]}, also=known) == {"deep": [{"er": data}]}


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("0x52908400098527886E0F7030069857D2E4169EE7", "0x…169EE7"),
        ("to bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq now", "to bc1…wf5mdq now"),
        ("postgresql://me:p@ss/w@db/x", f"postgresql://me:{HIDDEN}@db/x"),
        ("http://localhost:8000/a@b", "http://localhost:8000/a@b"),
        ("postgresql://me:p@ss@db/x?application_name=a", f"postgresql://me:{HIDDEN}@db/x?application_name=a"),
        ("http://127.0.0.1:8000/mcp and me@example.test", "http://127.0.0.1:8000/mcp and me@example.test"),
        ('{"passphrase": "three words here"}', f'{{"passphrase": "{HIDDEN}"}}'),
        ("sk-ant-api03-abcdefghijklmnop1234", HIDDEN),
        ("AKIAIOSFODNN7EXAMPLE", HIDDEN),
    ],
)
def test_what_is_left_tells_what_it_was(given: str, kept: str) -> None:
    assert redact_text(given) == kept


@pytest.mark.parametrize("name", ["address", "walletAddress", "to_address", "funder", "destination"])
def test_an_address_of_any_chain_keeps_its_last_six(name: str) -> None:
    solana = "".join(random.choice(B58) for _ in range(42)) + "7a"
    assert redact({name: solana}) == {name: f"…{solana[-6:]}"}
    assert redact({name: "me@example.test"}) == {name: "me@example.test"}


def test_other_types_carry_no_secret_either() -> None:
    assert redact({"raw": b"api_key=abcd1234", "password": 12345678, "set": {"secret=abcd1234"}}) == {
        "raw": f"api_key={HIDDEN}",
        "password": HIDDEN,
        "set": [f"secret={HIDDEN}"],
    }
