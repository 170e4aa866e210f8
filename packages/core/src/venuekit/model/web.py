"""Addresses of a venue's servers, as an operator configures them."""

from __future__ import annotations

from urllib.parse import urlsplit

from venuekit.errors import ConfigError

#: Scheme with encryption → the one without.
_PLAIN = {"https": "http", "wss": "ws"}
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def checked_url(url: str, *, scheme: str, field: str) -> str:
    """The host of an address: encrypted, or this machine's own; without a user and without a query.

    Args:
        url: The address.
        scheme: ``https`` or ``wss``.
        field: Its place in the configuration.

    Raises:
        ConfigError: it is not such an address.
    """
    address = urlsplit(url)
    plain = _PLAIN[scheme]
    if not address.hostname or address.scheme not in (scheme, plain) or address.username or address.query:
        raise ConfigError(
            f"{field} must be an address such as {scheme}://host.",
            field=field,
            details={"accepted": f"{scheme}://HOST[:PORT]"},
        )
    if address.scheme == plain and address.hostname not in _LOOPBACK:
        raise ConfigError(
            f"{field} is not encrypted, and {address.hostname} is not this machine.",
            fix=f"Use {scheme}://.",
            field=field,
        )
    return address.hostname
