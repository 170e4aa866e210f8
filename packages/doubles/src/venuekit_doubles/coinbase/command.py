"""`venuekit-double-coinbase`: the double as a program, with what a client needs on its first lines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from cyclopts import App

from venuekit_doubles import desk_file, program
from venuekit_doubles.coinbase.limits import Limits
from venuekit_doubles.coinbase.quirks import Quirk
from venuekit_doubles.coinbase.server import CoinbaseDouble
from venuekit_doubles.program import Refused, checked_port, interruption, keep, serve

app = App(name="venuekit-double-coinbase", help="Coinbase Advanced Trade on this machine, on the paper exchange.")


@app.default
def run(
    *,
    port: int = 0,
    plain: bool = False,
    config: Path | None = None,
    key_kind: Literal["ec", "ed", "ed_pem"] = "ec",
    key_file: Path | None = None,
    seed: int = 7,
    manual: bool = False,
    balance: list[str] | None = None,
    private_limit: int | None = None,
    public_limit: int | None = None,
    quirk: list[Quirk] | None = None,
) -> None:
    """Serve until it is interrupted.

    Args:
        port: Where to listen; 0 takes a free one.
        plain: Without TLS, for clients that cannot be told whom to trust.
        config: Write a venuekit configuration file there, for a desk that trades here with this key. What the desk
            keeps goes when this program ends, as its market does.
        key_kind: ec is ECDSA as PEM, ed is Ed25519 in base64 as the venue hands it out, ed_pem is Ed25519 as PEM.
        key_file: Write the key there, in the form of the venue's own key files; otherwise it is printed.
        seed: The market's random seed.
        manual: The market stands still, but for what POST /double/advance lets pass.
        balance: What the account begins with, such as USD=100000; may be given again.
        private_limit: Requests of a key in a second before it is refused; none by default.
        public_limit: Requests of an address in a second without a key before it is refused; none by default.
        quirk: A way in which answers differ from the venue's documents; may be given again.
    """
    exchange: dict[str, object] = {"seed": seed, "pace": "manual" if manual else "realtime"}
    if manual:
        exchange["start_time_ns"] = 0
    if balance:
        exchange["initial_balances"] = dict(_amount(text) for text in balance)
    checked_port(port)
    for option, most in (("--private-limit", private_limit), ("--public-limit", public_limit)):
        if most is not None and most < 1:
            raise Refused(f"{option} must be 1 or more, and is {most}.")
    stop = interruption()
    limits = Limits(private=private_limit, public=public_limit)
    double = CoinbaseDouble(
        port=port, secure=not plain, key_kind=key_kind, exchange=exchange, limits=limits, quirks=quirk or ()
    )
    with double, TemporaryDirectory() as folder:
        lines = [f"REST   {double.rest_url}", f"stream {double.ws_url}"]
        if double.ca_file:
            lines.append(f"trust  {double.ca_file}")
        key = json.dumps({"name": double.key, "privateKey": double.secret})
        if key_file is not None:
            keep(key, key_file)
            lines.append(f"key    {key_file}")
        if config is not None:
            desk_file.write(config, "coinbase", _options(double), Path(folder))
            lines.append(f"desk   {config}")
        elif key_file is None:
            lines.append(f"key    {key}")
        serve(lines, stop)


def _options(double: CoinbaseDouble) -> dict[str, str]:
    """The table of a desk that trades there."""
    return {
        "environment": "sandbox",
        "api_key": double.key,
        "api_secret": double.secret.replace("\n", "\\n"),
        "base_url": double.rest_url,
        "ws_url": double.ws_url,
        "ws_user_url": double.ws_url,
        "ca_file": double.ca_file,
    }


def _amount(text: str) -> tuple[str, Decimal]:
    asset, equals, amount = text.partition("=")
    try:
        value = Decimal(amount)
    except InvalidOperation:
        value = Decimal("NaN")
    if not asset or not equals or not value.is_finite() or value < 0:
        raise Refused(f"--balance must be an asset and an amount, such as USD=100000, and is {text!r}.")
    return asset.upper(), value


def main(arguments: Sequence[str] | None = None) -> None:
    """The console script."""
    program.run(app, arguments)
