"""The ``[venues.coinbase]`` table: keys, addresses, timeouts and how long answers are good for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import attrs

from venuekit.adapter import ConfigError, read_table
from venuekit_wire.options import check_addresses, one_of, option

PLACE = "venues.coinbase"
#: The option that names certificates.
CA_FILE = f"{PLACE}.ca_file"


@attrs.frozen(kw_only=True)
class CoinbaseOptions:
    """Without a key, public data works; with one, the account that it is bound to."""

    api_key: str = option(
        "The key's name, such as organizations/.../apiKeys/...; made at the Coinbase Developer Platform.",
        "",
        env="COINBASE_API_KEY",
        secret=True,
    )
    api_secret: str = option(
        "The key's secret: a PEM block (ECDSA or Ed25519; \\n may stand for its line ends) or base64 (Ed25519).",
        "",
        env="COINBASE_API_SECRET",
        secret=True,
    )
    environment: str = option(
        "production; or sandbox, when the addresses are those of a test server: it is what orders are marked with.",
        "production",
    )
    base_url: str = option("Where the REST interface is.", "https://api.coinbase.com")
    ws_url: str = option("Where market data streams are.", "wss://advanced-trade-ws.coinbase.com")
    ws_user_url: str = option("Where the stream of own orders is.", "wss://advanced-trade-ws-user.coinbase.com")
    ca_file: str = option(
        "A PEM file of certificates to trust besides the system's, for a proxy or a test server. "
        "Certificates are always verified.",
        "",
    )
    transport: str = option(
        "aiohttp; or sdk, which sends through the official client in threads: three times slower, and a call "
        "that was given up goes on.",
        "aiohttp",
    )
    timeout_seconds: float = option("How long an answer may take.", 10.0, positive=True)
    connect_timeout_seconds: float = option("How long a connection may take to be made.", 5.0, positive=True)
    products_ttl_seconds: float = option("How long the list of instruments is good for.", 3600.0, positive=True)
    ticker_ttl_seconds: float = option("How long an asked ticker is good for, unless a stream tells it.", 5.0)
    book_ttl_seconds: float = option("How long an asked order book is good for.", 1.0)
    heartbeat_timeout_seconds: float = option(
        "Silence after which a stream, which has a heartbeat each second, is given up.", 10.0, positive=True
    )

    @property
    def has_key(self) -> bool:
        """Whether there is a key."""
        return bool(self.api_key)

    @property
    def host(self) -> str:
        """The host, and port where one is given, that a token is made for."""
        return urlsplit(self.base_url).netloc


_SCHEMES = {"base_url": "https", "ws_url": "wss", "ws_user_url": "wss"}
#: Nothing at these hosts is a test.
_REAL = ("api.coinbase.com", "advanced-trade-ws.coinbase.com", "advanced-trade-ws-user.coinbase.com")


def read_options(table: Mapping[str, Any]) -> CoinbaseOptions:
    """The table as options.

    Raises:
        ConfigError: an unknown key, a bad value, half of a key, an address that is not encrypted; by name.
    """
    options = read_table(table, CoinbaseOptions, PLACE)
    if bool(options.api_key) != bool(options.api_secret):
        missing = "api_secret" if options.api_key else "api_key"
        raise ConfigError(
            f"{PLACE}.{missing} is missing: a key has a name and a secret.",
            fix=f"Set COINBASE_{missing.upper()} too, or neither for public data only.",
            field=f"{PLACE}.{missing}",
        )
    one_of(options, "transport", ("aiohttp", "sdk"), place=PLACE)
    if options.transport == "sdk" and urlsplit(options.base_url).scheme != "https":
        raise ConfigError(
            f"{PLACE}.transport sdk needs a base_url with https: the official client speaks nothing else.",
            field=f"{PLACE}.transport",
        )
    check_addresses(options, _SCHEMES, real=_REAL, place=PLACE)
    return options
