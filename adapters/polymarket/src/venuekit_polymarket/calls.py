"""One request to one of Polymarket's services, before it is sent."""

from __future__ import annotations

from enum import StrEnum

import attrs

from venuekit_polymarket.capabilities import CLOB
from venuekit_polymarket.config import PolymarketOptions
from venuekit_wire import calls


class Service(StrEnum):
    """The venue's services, each with a host of its own."""

    CLOB = "clob"
    GAMMA = "gamma"
    DATA = "data"
    GEOBLOCK = "geoblock"
    RELAYER = "relayer"
    #: A node of the chain.
    RPC = "rpc"

    def base(self, options: PolymarketOptions) -> str:
        """Its address."""
        address: str = getattr(options, f"{self.value}_url")
        return address.rstrip("/")


_NAMES = {Service.RELAYER: "Polymarket's relayer", Service.RPC: "The node of the chain"}


class Proof(StrEnum):
    """What a request proves: nothing, the private key itself (L1), the API credentials (L2), or a relayer's key."""

    NONE = "none"
    KEY = "key"
    CREDENTIALS = "credentials"
    RELAYER = "relayer"


@attrs.frozen(kw_only=True)
class Call(calls.Call):
    """One request. `budget` is the name of the one that it draws on; empty where the desk takes it."""

    service: Service
    proof: Proof = Proof.NONE
    budget: str = CLOB

    @property
    def who(self) -> str:
        """The relayer and the node go by their own names."""
        return _NAMES.get(self.service, "")
