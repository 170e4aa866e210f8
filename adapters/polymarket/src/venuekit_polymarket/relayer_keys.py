"""What opens the relayer: a relayer key, which is sent as it is, or a builder's, which signs each request."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from venuekit_polymarket.config import PolymarketOptions
from venuekit_polymarket.signing import Credentials

if TYPE_CHECKING:  # the SDK behind it is large
    from venuekit_polymarket.client import Signer


@attrs.frozen(kw_only=True)
class RelayerKeys:
    """One of the two, or none. `address` is whose the relayer key is; empty for the private key's own."""

    relayer: str = attrs.field(default="", repr=False)
    address: str = ""
    builder: Credentials | None = None

    @property
    def given(self) -> bool:
        """Whether there is one."""
        return bool(self.relayer) or self.builder is not None

    def headers(self, signer: Signer, method: str, path: str, body: bytes | None) -> dict[str, str]:
        """Headers of a request; none without a key. Raises ConfigError: a builder's secret is not base64."""
        if self.builder is not None:
            return signer.builder_headers(self.builder, method, path, body)
        if self.relayer:
            return {"RELAYER_API_KEY": self.relayer, "RELAYER_API_KEY_ADDRESS": self.address or signer.owner}
        return {}


def keys_of(options: PolymarketOptions) -> RelayerKeys:
    """Those that are configured."""
    builder = Credentials(
        key=options.builder_api_key,
        secret=options.builder_api_secret,
        passphrase=options.builder_api_passphrase,
    )
    return RelayerKeys(
        relayer=options.relayer_api_key,
        address=options.relayer_address,
        builder=builder if options.builder_api_key else None,
    )
