"""Whose request it is: tokens as Coinbase wants them, checked to the letter.

Source: the token that coinbase-advanced-py 1.8.4 and ccxt 4.5.90 make, and the venue's documents on JWT (2026-11).
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import jwt
from aiohttp import web
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

_ISSUERS = ("cdp", "coinbase-cloud")
_LONGEST_SECONDS = 120
#: How far the clocks of client and server may differ, in seconds.
_LEEWAY = 30
_MOST_NONCES = 50_000
_REAL_HOST = "api.coinbase.com"
#: Key type → algorithm.
_ALGORITHMS = {"ec": "ES256", "ed": "EdDSA"}


class NotAuthorized(Exception):
    """The token does not do; the text says why, for the double's own log."""


class Key:
    """A key pair: its name, and its secret as the venue hands it out."""

    def __init__(self, name: str, *, kind: str = "ec", can_trade: bool = True, can_transfer: bool = False) -> None:
        self.name = name
        self.can_trade = can_trade
        self.can_transfer = can_transfer
        self.algorithm = _ALGORITHMS[kind]
        made: Any = ec.generate_private_key(ec.SECP256R1()) if kind == "ec" else ed25519.Ed25519PrivateKey.generate()
        form = serialization.PrivateFormat.TraditionalOpenSSL if kind == "ec" else serialization.PrivateFormat.PKCS8
        self.secret: str = made.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()
        self.public = made.public_key()


#: Where a request keeps whose it is.
KEY: web.RequestKey[Key] = web.RequestKey("key", Key)


class Doorkeeper:
    """Knows the keys, and which tokens were used."""

    def __init__(self) -> None:
        self._keys: dict[str, Key] = {}
        self._nonces: OrderedDict[str, None] = OrderedDict()

    def add(self, key: Key) -> Key:
        """Let this key in."""
        self._keys[key.name] = key
        return key

    def remove(self, name: str) -> None:
        """Let it in no more."""
        self._keys.pop(name, None)

    def request(self, authorization: str, method: str, host: str, path: str) -> Key:
        """The key of a REST request. Raises NotAuthorized."""
        scheme, _, token = authorization.partition(" ")
        if scheme != "Bearer" or not token:
            raise NotAuthorized("no bearer token")
        key, claims, nonce = self._checked(token)
        if nonce in self._nonces:
            raise NotAuthorized("the token was used before")
        self._nonces[nonce] = None
        if len(self._nonces) > _MOST_NONCES:
            self._nonces.popitem(last=False)
        listed = claims.get("uris")
        uri = claims.get("uri") or (listed[0] if isinstance(listed, list) and listed else "")
        for scheme_ in ("https://", "http://"):
            uri = uri.replace(scheme_, "")
        if uri not in (f"{method} {host}{path}", f"{method} {_REAL_HOST}{path}"):
            raise NotAuthorized(f"the token is for {uri!r}, and the request is {method} {host}{path}")
        return key

    def message(self, token: str) -> Key:
        """The key of a message to a stream. Raises NotAuthorized."""
        key, claims, _ = self._checked(token)
        if claims.get("uri"):
            raise NotAuthorized("a stream's token has no uri")
        return key

    def _checked(self, token: str) -> tuple[Key, dict[str, Any], str]:
        try:
            header = jwt.get_unverified_header(token)
            key = self._keys.get(str(header.get("kid")))
            if key is None:
                raise NotAuthorized(f"no key {header.get('kid')!r}")
            claims = jwt.decode(
                token,
                key.public,
                algorithms=[key.algorithm],
                leeway=_LEEWAY,
                options={"require": ["exp", "nbf", "sub", "iss"], "verify_aud": False},
            )
        except jwt.PyJWTError as error:
            raise NotAuthorized(f"{type(error).__name__}: {error}") from error
        if claims["sub"] != key.name or claims["iss"] not in _ISSUERS:
            raise NotAuthorized("sub or iss is wrong")
        if claims["exp"] - claims["nbf"] > _LONGEST_SECONDS:
            raise NotAuthorized("the token is valid for too long")
        nonce = str(header.get("nonce") or "")
        if not nonce:
            raise NotAuthorized("the token has no nonce")
        return key, claims, nonce
