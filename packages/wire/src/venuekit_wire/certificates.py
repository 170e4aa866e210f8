"""Whom a connection trusts: the system's certificates, and those of a file that the configuration names."""

from __future__ import annotations

import ssl
from functools import lru_cache
from pathlib import Path

from venuekit.adapter import ConfigError


def trusted(ca_file: str, *, field: str) -> ssl.SSLContext:
    """The system's certificates, and those of `ca_file` where one is named.

    Raises:
        ConfigError: it cannot be read; `field` is the option that names it.
    """
    context = ssl.create_default_context()
    if ca_file:
        try:
            context.load_verify_locations(cafile=ca_file)
        except (OSError, ssl.SSLError) as error:
            raise ConfigError(
                f"{field} {ca_file} cannot be read: {error.strerror or 'it has no certificate'}.", field=field
            ) from error
    return context


def shared(ca_file: str, *, field: str) -> ssl.SSLContext:
    """The same, made once for all connections: reading certificates takes tens of milliseconds, and blocks.

    It is read again when the file has changed.
    """
    return _kept(ca_file, _state(ca_file), ssl.get_default_verify_paths(), field)


def _state(file: str) -> tuple[int, int] | None:
    """What changes when a file does; None without one."""
    try:
        found = Path(file).stat() if file else None
    except OSError:
        return None  # reading it says what is wrong
    return found and (found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=8)
def _kept(ca_file: str, _state: object, _system: object, field: str) -> ssl.SSLContext:
    return trusted(ca_file, field=field)
