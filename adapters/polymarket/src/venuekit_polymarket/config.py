"""The ``[venues.polymarket]`` table: keys, addresses, timeouts and how long answers are good for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from venuekit.adapter import ConfigError, read_table
from venuekit_wire.options import check_addresses, option

PLACE = "venues.polymarket"
#: The option that names certificates.
CA_FILE = f"{PLACE}.ca_file"


@attrs.frozen(kw_only=True)
class PolymarketOptions:
    """Without a private key, public data works; with one, the wallet that it owns."""

    private_key: str = option(
        "The private key that signs orders, 64 hexadecimal digits: the owner's, not the wallet's. "
        "Keep it in the environment or in a file that only you can read.",
        "",
        env="POLYMARKET_PRIVATE_KEY",
        secret=True,
    )
    funder: str = option(
        "The address that holds the money, as the venue's site shows it: the proxy, safe or deposit wallet. "
        "Empty when the key's own address holds it. Which kind of wallet it is is derived, and an address that the "
        "key does not own is refused.",
        "",
        env="POLYMARKET_FUNDER",
    )
    api_key: str = option(
        "API credentials, all three or none; without them they are derived from the private key when connecting.",
        "",
        env="POLYMARKET_API_KEY",
        secret=True,
    )
    api_secret: str = option("The secret of the API key, base64.", "", env="POLYMARKET_API_SECRET", secret=True)
    api_passphrase: str = option("The API key's passphrase.", "", env="POLYMARKET_API_PASSPHRASE", secret=True)
    create_api_key: bool = option(
        "Whether an API key may be made at the venue when the private key has none yet. Nothing else is ever made "
        "there unasked.",
        False,
    )
    relayer_api_key: str = option(
        "A relayer API key, from the settings of the venue's site. Proxy, safe and deposit wallets need it, or a "
        "builder key, to split, merge and redeem; the key's own address pays for its transactions itself.",
        "",
        env="POLYMARKET_RELAYER_API_KEY",
        secret=True,
    )
    relayer_address: str = option(
        "The address that the relayer API key belongs to, where it is not the private key's own.",
        "",
        env="POLYMARKET_RELAYER_ADDRESS",
    )
    builder_api_key: str = option(
        "A builder's API key, all three parts or none: the other key that opens the relayer.",
        "",
        env="POLYMARKET_BUILDER_API_KEY",
        secret=True,
    )
    builder_api_secret: str = option(
        "The secret of the builder's key, base64.", "", env="POLYMARKET_BUILDER_API_SECRET", secret=True
    )
    builder_api_passphrase: str = option(
        "The passphrase of the builder's key.", "", env="POLYMARKET_BUILDER_API_PASSPHRASE", secret=True
    )
    environment: str = option(
        "production; or sandbox, when the addresses are those of a test server: it is what orders are marked with.",
        "production",
    )
    clob_url: str = option("Where the order book's REST interface is.", "https://clob.polymarket.com")
    gamma_url: str = option("Where events and markets are listed.", "https://gamma-api.polymarket.com")
    data_url: str = option("Where positions, public trades and price history are.", "https://data-api.polymarket.com")
    ws_market_url: str = option(
        "Where market data streams are.", "wss://ws-subscriptions-clob.polymarket.com/ws/market"
    )
    ws_user_url: str = option(
        "Where the stream of own orders is.", "wss://ws-subscriptions-clob.polymarket.com/ws/user"
    )
    relayer_url: str = option("Where transactions of wallets are relayed.", "https://relayer-v2.polymarket.com")
    rpc_url: str = option("A node of the Polygon network.", "https://polygon.drpc.org")
    geoblock_url: str = option(
        "Where the venue says whether it serves this place.", "https://polymarket.com/api/geoblock"
    )
    ca_file: str = option(
        "A PEM file of certificates to trust besides the system's, for a proxy or a test server. "
        "Certificates are always verified.",
        "",
    )
    timeout_seconds: float = option("How long an answer may take.", 10.0, positive=True)
    connect_timeout_seconds: float = option("How long a connection may take to be made.", 5.0, positive=True)
    markets_ttl_seconds: float = option(
        "How long a market's terms are good for, unless a stream tells of a change; those in use are read again after "
        "half of it, so that no order waits for them.",
        300.0,
        positive=True,
    )
    listed_markets: int = option(
        "How many markets are listed when every instrument is asked for: those that traded most in the last day. "
        "Any other is found by its id, its slug or a search.",
        500,
        positive=True,
    )
    ticker_ttl_seconds: float = option("How long an asked ticker is good for, unless a stream tells it.", 5.0)
    book_ttl_seconds: float = option("How long an asked order book is good for.", 1.0)
    ping_seconds: float = option("How often a stream is pinged; the venue drops it after silence.", 10.0, positive=True)
    pong_timeout_seconds: float = option("How long a pong may take.", 10.0, positive=True)
    assets_per_socket: int = option(
        "Outcomes on one connection, 500 at most: the venue stalls silently with many.", 200, positive=True
    )
    stream_check_seconds: float = option(
        "Silence after which a streamed book is compared with an asked one.", 15.0, positive=True
    )
    resolution_poll_seconds: float = option(
        "How often a subscribed market is asked whether it is resolved, since the stream may not say.",
        60.0,
        positive=True,
    )

    transaction_wait_seconds: float = option(
        "How long a split, a merge or a redemption is waited for once it was sent; then it is in doubt, and asked for "
        "again by its id.",
        60.0,
        positive=True,
    )
    transaction_poll_seconds: float = option("How often a transaction that was sent is asked for.", 2.0, positive=True)
    market_order_reach: float = option(
        "How far beyond the best price a market order may trade, in dollars a share; the rest of it is canceled.",
        0.05,
        positive=True,
    )
    cancel_on_close: bool = option(
        "Whether closing the session cancels the open orders that were placed from here; others are left alone.",
        False,
    )
    heartbeat: bool = option(
        "Whether to arm the venue's dead man's switch. DANGER: when this process ends or loses its connection for ten "
        "seconds, the venue cancels every order of the API key, those of other programs too, and it cannot be "
        "disarmed. Leave it off unless that is what you want.",
        False,
    )

    @property
    def has_key(self) -> bool:
        """Whether there is a private key."""
        return bool(self.private_key)


#: Option → scheme of its address.
_SCHEMES = {
    **dict.fromkeys(("clob_url", "gamma_url", "data_url", "relayer_url", "rpc_url", "geoblock_url"), "https"),
    **dict.fromkeys(("ws_market_url", "ws_user_url"), "wss"),
}
#: Nothing at these hosts is a test; the second is a node of the network that holds real money.
_REAL = ("polymarket.com", "polygon.drpc.org")
_CREDENTIALS = ("api_key", "api_secret", "api_passphrase")
_BUILDER = ("builder_api_key", "builder_api_secret", "builder_api_passphrase")
_MOST_ASSETS = 500


def read_options(table: Mapping[str, Any]) -> PolymarketOptions:
    """The table as options.

    Raises:
        ConfigError: an unknown key, a bad value, a part of the credentials, an address that is not encrypted; by name.
    """
    options = read_table(table, PolymarketOptions, PLACE)
    given = _all_or_none(options, _CREDENTIALS, "API credentials are", "they are derived then")
    opens_relayer = bool(_all_or_none(options, _BUILDER, "a builder's key is", "a relayer key does as well"))
    if options.relayer_api_key and opens_relayer:
        raise ConfigError(
            f"{PLACE}.relayer_api_key and {PLACE}.builder_api_key both open the relayer.",
            fix="Set one of them.",
            field=f"{PLACE}.relayer_api_key",
        )
    if given and not options.has_key:
        raise ConfigError(
            f"{PLACE}.private_key is missing: API credentials alone can read nothing of yours and order nothing.",
            fix="Set POLYMARKET_PRIVATE_KEY too, or none of them for public data only.",
            field=f"{PLACE}.private_key",
        )
    if options.assets_per_socket > _MOST_ASSETS:
        raise ConfigError(
            f"{PLACE}.assets_per_socket is {options.assets_per_socket}; the venue serves {_MOST_ASSETS} at most.",
            field=f"{PLACE}.assets_per_socket",
            details={"accepted": f"1 to {_MOST_ASSETS}"},
        )
    check_addresses(options, _SCHEMES, real=_REAL, place=PLACE, asked_by_tests=("geoblock_url",))
    return options


def _all_or_none(options: PolymarketOptions, names: tuple[str, ...], what: str, without: str) -> list[str]:
    """Those of the options that are given: every one, or none. Raises ConfigError."""
    given = [name for name in names if getattr(options, name)]
    if given and len(given) < len(names):
        missing = next(name for name in names if name not in given)
        raise ConfigError(
            f"{PLACE}.{missing} is missing: {what} a key, a secret and a passphrase.",
            fix=f"Set POLYMARKET_{missing.upper()} too, or none of the three: {without}.",
            field=f"{PLACE}.{missing}",
        )
    return given
