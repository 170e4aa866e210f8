"""The ``[venues.polymarket]`` table: what is refused, by name, and what the environment may say."""

from __future__ import annotations

from typing import Any

import pytest

from venuekit.adapter import ConfigError
from venuekit.model.table import is_secret
from venuekit_polymarket import factory
from venuekit_polymarket.config import PolymarketOptions, read_options

KEY = {"private_key": "0x" + "11" * 32}
CREDENTIALS = {"api_key": "k", "api_secret": "s", "api_passphrase": "p"}
WRONG: list[tuple[dict[str, Any], str]] = [
    ({**KEY, "api_key": "k"}, "api_secret"),
    ({**KEY, **CREDENTIALS, "api_passphrase": ""}, "api_passphrase"),
    (CREDENTIALS, "private_key"),
    ({**KEY, "builder_api_key": "k", "builder_api_passphrase": "p"}, "builder_api_secret"),
    (
        {
            **KEY,
            "relayer_api_key": "r",
            "builder_api_key": "k",
            "builder_api_secret": "s",
            "builder_api_passphrase": "p",
        },
        "relayer_api_key",
    ),
    ({"transaction_wait_seconds": 0}, "transaction_wait_seconds"),
    ({"environment": "test"}, "environment"),
    ({"environment": "sandbox"}, "environment"),
    ({"assets_per_socket": 501}, "assets_per_socket"),
    ({"assets_per_socket": 0}, "assets_per_socket"),
    ({"clob_url": "http://clob.example"}, "clob_url"),
    ({"ws_user_url": "https://clob.example"}, "ws_user_url"),
    ({"gamma_url": "https://me@gamma.example"}, "gamma_url"),
    ({"timeout_seconds": 0}, "timeout_seconds"),
    ({"privatekey": "x"}, "privatekey"),
]


@pytest.mark.parametrize(("table", "field"), WRONG)
def test_a_mistake_is_named_by_its_place(table: dict[str, Any], field: str) -> None:
    with pytest.raises(ConfigError) as refused:
        read_options(table)
    assert refused.value.field == f"venues.polymarket.{field}"
    assert "11" * 32 not in str(refused.value)


def test_a_test_server_on_this_machine_needs_no_encryption() -> None:
    here = dict.fromkeys(("clob_url", "gamma_url", "data_url", "relayer_url", "rpc_url"), "http://127.0.0.1:1")
    sockets = dict.fromkeys(("ws_market_url", "ws_user_url"), "ws://localhost:1/ws")
    assert read_options({"environment": "sandbox", **here, **sockets}).environment == "sandbox"


def test_a_test_does_not_ask_the_real_network() -> None:
    here = dict.fromkeys(("clob_url", "gamma_url", "data_url", "relayer_url"), "http://127.0.0.1:1")
    sockets = dict.fromkeys(("ws_market_url", "ws_user_url"), "ws://localhost:1/ws")
    with pytest.raises(ConfigError, match="rpc_url is the real venue's"):
        read_options({"environment": "sandbox", **here, **sockets})


def test_secrets_are_known_as_such_so_that_shadow_never_sees_them() -> None:
    fields = {f.name for f in PolymarketOptions.__attrs_attrs__}
    assert {name for name in fields if is_secret(name)} >= {
        "private_key",
        "api_key",
        "api_secret",
        "api_passphrase",
        "relayer_api_key",
        "builder_api_key",
        "builder_api_secret",
        "builder_api_passphrase",
    }
    assert not read_options({"funder": "0x" + "22" * 20}).has_key


def test_the_venues_own_variables_are_named() -> None:
    named = {f.metadata["env"] for f in PolymarketOptions.__attrs_attrs__ if "env" in f.metadata}
    assert named == {
        "POLYMARKET_PRIVATE_KEY",
        "POLYMARKET_FUNDER",
        "POLYMARKET_API_KEY",
        "POLYMARKET_API_SECRET",
        "POLYMARKET_API_PASSPHRASE",
        "POLYMARKET_RELAYER_API_KEY",
        "POLYMARKET_RELAYER_ADDRESS",
        "POLYMARKET_BUILDER_API_KEY",
        "POLYMARKET_BUILDER_API_SECRET",
        "POLYMARKET_BUILDER_API_PASSPHRASE",
    }
    assert factory.options is PolymarketOptions
