"""Whose request it is: tokens as Coinbase wants them, checked to the letter.

Source: the token that coinbase-advanced-py 1.8.4 and ccxt 4.5.90 make, and the venue's documents on JWT (2026-11).
"""

from __future__ import annotations

import base64
import json
from collections import OrderedDict
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from venuekit.adapter import NANOS, Clock
from venuekit_doubles.coinbase.ids import MAIN

_ISSUERS = ("cdp", "coinbase-cloud")
_LONGEST_SECONDS = 120
#: How far the clocks of client and server may differ, in seconds.
_LEEWAY = 30
_MOST_NONCES = 50_000
_REAL_HOST = "api.coinbase.com"
_PEM = serialization.Encoding.PEM
_OPEN = serialization.NoEncryption()


class NotAuthorized(Exception):
    """The token does not do; the text says why, for whoever runs the double."""


class Key:
    """A key pair: its name, and its secret as the venue hands it out.

    Args:
        name: Any text; the venue's look like ``organizations/.../apiKeys/...``.
        kind: ``ec`` is ECDSA as PEM; ``ed`` is Ed25519 as the venue hands it out, in base64; ``ed_pem`` is it as PEM.
        account: Whose money it moves. Keys of other accounts trade on the same books.
        can_trade: Whether it may place and cancel orders.
        can_transfer: What ``key_permissions`` says of moving money; the double moves none.
    """

    def __init__(
        self,
        name: str,
        *,
        kind: str = "ec",
        account: str = MAIN,
        can_trade: bool = True,
        can_transfer: bool = False,
    ) -> None:
        self.name = name
        self.account = account
        self.can_trade = can_trade
        self.can_transfer = can_transfer
        self.secret, self.public, self.algorithm = _MAKE[kind]()


def _ec() -> tuple[str, Any, str]:
    made = ec.generate_private_key(ec.SECP256R1())
    secret = made.private_bytes(_PEM, serialization.PrivateFormat.TraditionalOpenSSL, _OPEN).decode()
    return secret, made.public_key(), "ES256"


def _ed() -> tuple[str, Any, str]:
    made = ed25519.Ed25519PrivateKey.generate()
    secret = base64.b64encode(made.private_bytes_raw() + made.public_key().public_bytes_raw()).decode()
    return secret, made.public_key(), "EdDSA"


def _ed_pem() -> tuple[str, Any, str]:
    made = ed25519.Ed25519PrivateKey.generate()
    secret = made.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, _OPEN).decode()
    return secret, made.public_key(), "EdDSA"


_MAKE = {"ec": _ec, "ed": _ed, "ed_pem": _ed_pem}


class Doorkeeper:
    """Knows the keys, and which tokens were used."""

    def __init__(self, clock: Clock, *, single_use: bool = False) -> None:
        self._clock = clock
        self._single_use = single_use
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
            raise NotAuthorized("there is no bearer token")
        key, claims, nonce = self._checked(token)
        if self._single_use:
            self._used(nonce)
        uri = _uri(claims)
        if uri not in (f"{method} {host}{path}", f"{method} {_REAL_HOST}{path}"):
            raise NotAuthorized(f"the token is for {uri!r}, and the request is {method} {host}{path}")
        return key

    def _used(self, nonce: Any) -> None:
        if not isinstance(nonce, str) or not nonce:
            raise NotAuthorized("the token has no nonce")
        if nonce in self._nonces:
            raise NotAuthorized("the token was used before")
        self._nonces[nonce] = None
        if len(self._nonces) > _MOST_NONCES:
            self._nonces.popitem(last=False)

    def message(self, token: str) -> Key:
        """The key of a message to a stream. Raises NotAuthorized."""
        key, claims, _ = self._checked(token)
        if _uri(claims):
            raise NotAuthorized("a stream's token has no uri")
        return key

    def _checked(self, token: str) -> tuple[Key, dict[str, Any], Any]:
        try:
            header = _header(token)
            key = self._keys.get(str(header.get("kid")))
            if key is None:
                raise NotAuthorized(f"there is no key {header.get('kid')!r}")
            # The times are checked by the double's own clock, below.
            options: Any = {
                "require": ["exp", "nbf", "sub", "iss"],
                "verify_exp": False,
                "verify_nbf": False,
                "verify_iat": False,
                "verify_aud": False,
            }
            claims = jwt.decode(token, key.public, algorithms=[key.algorithm], options=options)
        except jwt.PyJWTError as error:
            raise NotAuthorized(f"{type(error).__name__}: {error}") from error
        if claims["sub"] != key.name or claims["iss"] not in _ISSUERS:
            raise NotAuthorized("sub or iss is wrong")
        self._in_time(claims["nbf"], claims["exp"])
        return key, claims, header.get("nonce")

    def _in_time(self, begins: Any, ends: Any) -> None:
        if type(begins) is not int or type(ends) is not int:
            raise NotAuthorized("nbf and exp must be whole seconds")
        now = self._clock.now_ns() // NANOS
        if now >= ends + _LEEWAY:
            raise NotAuthorized(f"the token ended {now - ends} seconds ago")
        if now < begins - _LEEWAY:
            raise NotAuthorized(f"the token begins in {begins - now} seconds")
        if ends - begins > _LONGEST_SECONDS:
            raise NotAuthorized("the token is valid for too long")


def _header(token: str) -> dict[str, Any]:
    """What a token says of itself; the library reads all of it, and once is enough. Raises NotAuthorized."""
    encoded = token.partition(".")[0]
    try:
        header = json.loads(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
    except ValueError as error:
        raise NotAuthorized("the token cannot be read") from error
    if not isinstance(header, dict):
        raise NotAuthorized("the token cannot be read")
    return header


def _uri(claims: dict[str, Any]) -> str:
    """What a token is for: ``GET host/path``, with or without a scheme before the host, alone or first of a list."""
    listed = claims.get("uris")
    uri = claims.get("uri") or (listed[0] if isinstance(listed, list) and listed else "")
    method, _, address = str(uri).partition(" ")
    for scheme in ("https://", "http://"):
        address = address.removeprefix(scheme)
    return f"{method} {address}" if address else method
