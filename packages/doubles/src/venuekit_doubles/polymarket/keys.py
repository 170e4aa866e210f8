"""Who may do what: API keys by signed log-in, requests by HMAC, both within a window around the double's clock."""

from __future__ import annotations

import base64
import hashlib
import hmac
import uuid
from collections.abc import Mapping

import attrs
from eth_utils.address import is_address, to_checksum_address

from venuekit.adapter import NANOS, Clock
from venuekit_doubles.polymarket.signatures import login_by

_SPACE = uuid.UUID("2f4f6e0c-9a0d-4c1e-8a55-7d5f6f3f7a11")


class NotAuthorized(Exception):
    """Headers that let nobody in; the text says why, which the venue does not tell."""


@attrs.frozen
class ApiKey:
    """What opens the trading endpoints: made by a log-in of the address with a nonce, always the same ones."""

    address: str
    nonce: int
    key: str
    secret: str
    passphrase: str

    @classmethod
    def of(cls, address: str, nonce: int = 0) -> ApiKey:
        """The key of an address."""
        seed = hashlib.sha256(f"{address} {nonce}".encode())
        return cls(
            address,
            nonce,
            str(uuid.uuid5(_SPACE, f"{address} {nonce}")),
            base64.urlsafe_b64encode(seed.digest()).decode(),
            hashlib.sha256(seed.digest()).hexdigest(),
        )

    def answer(self) -> dict[str, str]:
        """As a log-in is answered."""
        return {"apiKey": self.key, "secret": self.secret, "passphrase": self.passphrase}


class Doorkeeper:
    """Every API key there is."""

    def __init__(self, clock: Clock, window_seconds: int) -> None:
        self._clock = clock
        self._window = window_seconds
        self._keys: dict[str, ApiKey] = {}

    def add(self, key: ApiKey) -> ApiKey:
        """Let a key in."""
        self._keys[key.key] = key
        return key

    def remove(self, key: ApiKey) -> None:
        """Let it in no more."""
        self._keys.pop(key.key, None)

    def made(self, address: str, nonce: int) -> ApiKey | None:
        """The key of an address and a nonce, if it was made."""
        return self._keys.get(ApiKey.of(address, nonce).key)

    def keys_of(self, address: str) -> list[str]:
        """The ids of an address's keys."""
        return [known.key for known in self._keys.values() if known.address == address]

    def key_of(self, address: str) -> ApiKey | None:
        """The first key of an address."""
        return next((known for known in self._keys.values() if known.address == address), None)

    def login(self, headers: Mapping[str, str]) -> tuple[str, int]:
        """Address and nonce of a signed log-in (L1). Raises NotAuthorized."""
        address, timestamp = headers.get("POLY_ADDRESS", ""), headers.get("POLY_TIMESTAMP", "")
        nonce, signature = headers.get("POLY_NONCE", "0"), headers.get("POLY_SIGNATURE", "")
        if not is_address(address) or not nonce.isdecimal():
            raise NotAuthorized("no address, or no nonce")
        self._check_time(timestamp)
        try:
            raw = bytes.fromhex(signature.removeprefix("0x"))
        except ValueError as error:
            raise NotAuthorized("the signature is not hexadecimal") from error
        signer = login_by(to_checksum_address(address), timestamp, int(nonce), raw)
        if signer is None or signer != to_checksum_address(address):
            raise NotAuthorized("signed by another key")
        return signer, int(nonce)

    def request(self, headers: Mapping[str, str], method: str, path: str, body: str) -> ApiKey:
        """Whose request it is (L2). Raises NotAuthorized."""
        known = self._keys.get(headers.get("POLY_API_KEY", ""))
        if known is None:
            raise NotAuthorized("no such API key")
        if headers.get("POLY_ADDRESS", "").lower() != known.address.lower():
            raise NotAuthorized("the key is another address's")
        if not hmac.compare_digest(headers.get("POLY_PASSPHRASE", "").encode(), known.passphrase.encode()):
            raise NotAuthorized("wrong passphrase")
        timestamp = headers.get("POLY_TIMESTAMP", "")
        self._check_time(timestamp)
        digest = hmac.new(
            base64.urlsafe_b64decode(known.secret), f"{timestamp}{method}{path}{body}".encode(), hashlib.sha256
        ).digest()
        expected = base64.urlsafe_b64encode(digest)
        if not hmac.compare_digest(headers.get("POLY_SIGNATURE", "").encode(), expected):
            raise NotAuthorized("wrong signature")
        return known

    def stream(self, given: Mapping[str, object]) -> ApiKey:
        """Whose subscription it is. Raises NotAuthorized."""
        known = self._keys.get(str(given.get("apiKey", "")))
        if known is None or (given.get("secret"), given.get("passphrase")) != (known.secret, known.passphrase):
            raise NotAuthorized("no such API key, secret and passphrase")
        return known

    def _check_time(self, timestamp: str) -> None:
        if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
            raise NotAuthorized("no time")
        if abs(int(timestamp) - self._clock.now_ns() // NANOS) > self._window:
            raise NotAuthorized("the time is too far from the venue's")
