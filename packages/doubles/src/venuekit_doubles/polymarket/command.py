"""`venuekit-double-polymarket`: the double as a program, with what a client needs on its first lines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from cyclopts import App

from venuekit_doubles import desk_file, program
from venuekit_doubles.polymarket.accounts import Account
from venuekit_doubles.polymarket.levers import FUNDS
from venuekit_doubles.polymarket.server import PolymarketDouble
from venuekit_doubles.polymarket.wallets import WalletKind
from venuekit_doubles.program import checked_port, interruption, keep, serve

app = App(name="venuekit-double-polymarket", help="Polymarket on this machine, on the paper exchange.")


@app.default
def run(
    *,
    port: int = 0,
    plain: bool = False,
    config: Path | None = None,
    key: str = "",
    kind: WalletKind = WalletKind.EOA,
    cash: Decimal = FUNDS,
    key_file: Path | None = None,
    seed: int = 7,
) -> None:
    """Serve until it is interrupted. Its keys are for tests: everybody has them.

    Args:
        port: Where to listen; 0 takes a free one.
        plain: Without TLS, for clients that cannot be told whom to trust.
        config: Write a venuekit configuration file there, for a desk that trades here. What the desk keeps goes when
            this program ends, as its market does.
        key: A private key whose four wallets are funded, instead of a key of the double's own.
        kind: The wallet of the desk that --config is for.
        cash: pUSD in each wallet.
        key_file: Write the keys there, as JSON; otherwise they are printed.
        seed: The market's random seed.
    """
    checked_port(port)
    stop = interruption()
    with PolymarketDouble(port=port, secure=not plain, cash=cash, seed=seed) as double, TemporaryDirectory() as folder:
        owner = key or double.account.private_key
        wallets = [Account(owner, one) for one in WalletKind]
        for account in wallets:
            if account.wallet != double.account.wallet:
                double.add_account(account, cash)
        lines = {**double.urls, "geoblock_url": double.geoblock_url}
        if double.ca_file:
            lines["trust"] = double.ca_file
        if config is not None:
            desk_file.write(config, "polymarket", double.desk_options(wallets[kind]), Path(folder))
            lines["desk"] = str(config)
        lines["key"] = json.dumps(_told(wallets))
        if key_file is not None:
            keep(lines["key"], key_file)
            lines["key"] = str(key_file)
        serve((f"{name:<19} {value}" for name, value in lines.items()), stop)


def _told(wallets: list[Account]) -> dict[str, Any]:
    """What opens the double: the key, its wallets by kind, its API credentials, and the relayer's key."""
    first = wallets[0]
    return {
        "private_key": first.private_key,
        "address": first.address,
        "wallets": {account.kind.name.lower(): account.wallet for account in wallets},
        **first.credentials.answer(),
        "relayerKey": first.relayer_key.key,
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """The console script."""
    program.run(app, arguments)
