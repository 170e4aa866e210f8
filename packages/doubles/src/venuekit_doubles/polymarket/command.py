"""`venuekit-double-polymarket`: the double as a program, with what a client needs on its first lines."""

from __future__ import annotations

import json
import signal
import sys
import threading
from decimal import Decimal
from pathlib import Path
from typing import Any

from cyclopts import App

from venuekit_doubles.polymarket.accounts import Account
from venuekit_doubles.polymarket.levers import FUNDS
from venuekit_doubles.polymarket.server import PolymarketDouble
from venuekit_doubles.polymarket.wallets import WalletKind

app = App(name="venuekit-double-polymarket", help="Polymarket on this machine, on the paper exchange.")


@app.default
def run(
    *,
    port: int = 0,
    secure: bool = False,
    key: str = "",
    cash: Decimal = FUNDS,
    key_file: Path | None = None,
    seed: int = 7,
) -> None:
    """Serve until it is interrupted. Its keys are for tests: everybody has them.

    Args:
        port: Where to listen; 0 takes a free one.
        secure: With TLS, for clients that can be told whom to trust.
        key: A private key whose four wallets are funded, instead of a key of the double's own.
        cash: pUSD in each wallet.
        key_file: Write the keys there, as JSON; otherwise they are printed.
        seed: The market's random seed.
    """
    stop = threading.Event()
    for end in (signal.SIGINT, signal.SIGTERM):
        signal.signal(end, lambda *_: stop.set())
    with PolymarketDouble(port=port, secure=secure, cash=cash, seed=seed) as double:
        owner = key or double.account.private_key
        wallets = [Account(owner, kind) for kind in WalletKind]
        for account in wallets:
            if account.wallet != double.account.wallet:
                double.add_account(account, cash)
        for name, url in double.urls.items():
            say(f"{name:<19} {url}")
        say(f"{'geoblock_url':<19} {double.geoblock_url}")
        if double.ca_file:
            say(f"{'trust':<19} {double.ca_file}")
        told = json.dumps(_told(wallets))
        if key_file is not None:
            key_file.touch(mode=0o600)
            key_file.write_text(told)
            told = str(key_file)
        say(f"{'key':<19} {told}")
        stop.wait()


def _told(wallets: list[Account]) -> dict[str, Any]:
    """What opens the double: the key, its wallets by kind, and its API credentials."""
    first = wallets[0]
    return {
        "private_key": first.private_key,
        "address": first.address,
        "wallets": {account.kind.name.lower(): account.wallet for account in wallets},
        **first.credentials.answer(),
    }


def say(line: str) -> None:
    """A line for the user, at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    """The console script."""
    app()
