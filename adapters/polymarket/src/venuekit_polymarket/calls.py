"""One request to one of Polymarket's services, before it is sent."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any
from urllib.parse import quote

import attrs

from venuekit_polymarket.capabilities import CLOB
from venuekit_polymarket.config import PolymarketOptions


class Service(StrEnum):
    """The venue's services, each with a host of its own."""

    CLOB = "clob"
    GAMMA = "gamma"
    DATA = "data"
    GEOBLOCK = "geoblock"

    def base(self, options: PolymarketOptions) -> str:
        """Its address."""
        address: str = getattr(options, f"{self.value}_url")
        return address.rstrip("/")


class Proof(StrEnum):
    """What a request proves: nothing, the private key itself (L1), or the API credentials (L2)."""

    NONE = "none"
    KEY = "key"
    CREDENTIALS = "credentials"


@attrs.frozen(kw_only=True)
class Call:
    """One request. `budget` is the name of the one that it draws on; empty where the desk takes it."""

    service: Service
    method: str
    path: str
    query: Mapping[str, Any] = attrs.Factory(dict)
    body: Any = attrs.field(default=None, repr=False)
    proof: Proof = Proof.NONE
    budget: str = CLOB
    #: A question that the venue wants as a POST: many books, many prices.
    asks: bool = False

    @property
    def changes(self) -> bool:
        """Whether an answer that is lost leaves it unknown what happened."""
        return self.method != "GET" and not self.asks

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The query, with each value of a list as a pair of its own; what is None is left out."""
        return [
            (name, str(item).lower() if isinstance(item, bool) else str(item))
            for name, value in self.query.items()
            if value is not None
            for item in (value if isinstance(value, list | tuple) else (value,))
        ]


def segment(text: str) -> str:
    """A caller's text as one segment of a path: it cannot leave its place."""
    return quote(text, safe="")
