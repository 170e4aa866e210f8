"""A store's address, which may have a password in it, as it may be shown."""

from __future__ import annotations

import re
from urllib.parse import unquote

_USER = re.compile(r"[^:@/?#]*")
_SECRET = re.compile(r"[?&]((?:ssl)?password)=([^&#]*)", re.IGNORECASE)


def shown(url: str) -> str:
    """The address without its password, and without its options: ``postgresql://me@db.example/trading``.

    What stands before the last ``@`` is a user and a password, also in an address that is written wrong.
    """
    scheme, found, rest = url.partition("://")
    if not found:
        return re.split(r"[?#]", url.rpartition("@")[2], maxsplit=1)[0]
    if scheme == "sqlite":
        return url
    userinfo, at, place = rest.rpartition("@")
    user = _USER.match(userinfo)
    return f"{scheme}://{user[0] if user else ''}{at}{re.split(r'[?#]', place, maxsplit=1)[0]}"


def passwords(url: str) -> frozenset[str]:
    """The passwords in an address, as they are written and as they are meant."""
    _, _, rest = url.partition("://")
    if url.startswith("sqlite:"):
        return frozenset()
    written = {rest.rpartition("@")[0].partition(":")[2], *(value for _, value in _SECRET.findall(rest))}
    return frozenset(secret for text in written if text for secret in (text, unquote(text)))
