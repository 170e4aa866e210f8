"""Whom a connection trusts."""

from __future__ import annotations

import ssl
from functools import lru_cache
from pathlib import Path

from venuekit.adapter import ConfigError
from venuekit_coinbase.config import PLACE, CoinbaseOptions


def trusted(options: CoinbaseOptions) -> ssl.SSLContext:
    """Certificates of the system, and of `ca_file`. Raises ConfigError when that cannot be read."""
    context = ssl.create_default_context()
    if options.ca_file:
        try:
            context.load_verify_locations(cafile=options.ca_file)
        except (OSError, ssl.SSLError) as error:
            raise ConfigError(
                f"{PLACE}.ca_file {options.ca_file} cannot be read: {error.strerror or 'it has no certificate'}.",
                field=f"{PLACE}.ca_file",
            ) from error
    return context


def shared(options: CoinbaseOptions) -> ssl.SSLContext:
    """The same, made once for all connections: reading certificates takes tens of milliseconds, and blocks."""
    return _kept(options.ca_file, _state(options.ca_file), ssl.get_default_verify_paths())


def _state(file: str) -> tuple[int, int] | None:
    """What changes when a file does; None without one."""
    try:
        found = Path(file).stat() if file else None
    except OSError:
        return None  # reading it says what is wrong
    return found and (found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=8)
def _kept(ca_file: str, _state: object, _system: object) -> ssl.SSLContext:
    return trusted(CoinbaseOptions(ca_file=ca_file))
