"""Who may use the relayer: relayer keys, and builder keys, which sign each request."""

from __future__ import annotations

import base64
import hashlib
import hmac
import uuid
from collections.abc import Mapping

import attrs

from venuekit.adapter import NANOS, Clock
from venuekit_doubles.polymarket.keys import NotAuthorized

_SPACE = uuid.UUID("c6a5f6b2-6c5b-4f0f-9d0c-3b8d4a0a1b77")


@attrs.frozen
class RelayerKey:
    """A key of an address's, sent as it is."""

    address: str
    key: str = attrs.field(repr=False)

    @classmethod
    def of(cls, address: str) -> RelayerKey:
        """The key of an address; always the same."""
        return cls(address, str(uuid.uuid5(_SPACE, f"relayer {address}")))


@attrs.frozen
class BuilderKey:
    """A builder's key: requests are signed with its secret."""

    key: str
    secret: str = attrs.field(repr=False)
    passphrase: str = attrs.field(repr=False)

    @classmethod
    def of(cls, address: str) -> BuilderKey:
        """The key of an address; always the same."""
        seed = hashlib.sha256(f"builder {address}".encode())
        return cls(
            str(uuid.uuid5(_SPACE, f"builder {address}")),
            base64.urlsafe_b64encode(seed.digest()).decode(),
            hashlib.sha256(seed.digest()).hexdigest(),
        )


class RelayerKeys:
    """Every key there is, by the address that it belongs to."""

    def __init__(self, clock: Clock, window_seconds: int) -> None:
        self._clock = clock
        self._window = window_seconds
        self._relayer: dict[str, RelayerKey] = {}
        self._builders: dict[str, tuple[BuilderKey, str]] = {}

    def add(self, address: str) -> None:
        """Let the keys of an address in."""
        self._relayer[address.lower()] = RelayerKey.of(address)
        builder = BuilderKey.of(address)
        self._builders[builder.key] = (builder, address)

    def whose(self, headers: Mapping[str, str], method: str, path: str, body: str) -> str:
        """The address that a request's key belongs to. Raises NotAuthorized."""
        if "POLY_BUILDER_API_KEY" in headers:
            return self._builder(headers, f"{method}{path}{body}")
        known = self._relayer.get(headers.get("RELAYER_API_KEY_ADDRESS", "").lower())
        if known is None or not hmac.compare_digest(headers.get("RELAYER_API_KEY", "").encode(), known.key.encode()):
            raise NotAuthorized("no such relayer key")
        return known.address

    def _builder(self, headers: Mapping[str, str], text: str) -> str:
        builder, address = self._builders.get(headers["POLY_BUILDER_API_KEY"], (None, ""))
        timestamp = headers.get("POLY_BUILDER_TIMESTAMP", "")
        if builder is None or headers.get("POLY_BUILDER_PASSPHRASE") != builder.passphrase:
            raise NotAuthorized("no such builder key and passphrase")
        late = not timestamp.isdecimal() or abs(int(timestamp) - self._clock.now_ns() // NANOS) > self._window
        digest = hmac.new(base64.urlsafe_b64decode(builder.secret), f"{timestamp}{text}".encode(), hashlib.sha256)
        expected = base64.urlsafe_b64encode(digest.digest())
        if late or not hmac.compare_digest(headers.get("POLY_BUILDER_SIGNATURE", "").encode(), expected):
            raise NotAuthorized("a builder's request that is signed wrongly, or too long ago")
        return address
