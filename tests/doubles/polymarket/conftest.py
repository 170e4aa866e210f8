from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest

from venuekit_doubles import tls
from venuekit_doubles.polymarket import Pace, PolymarketDouble

#: Nothing moves, settles, or is released unless a test says so.
BY_HAND = Pace(settle=None, delay=None, moving=False)


@pytest.fixture(scope="session", autouse=True)
def _one_certificate_to_trust(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The official client reads every certificate of the machine ten times over when it is made; this is a second's."""
    authority, _ = tls.make(tmp_path_factory.mktemp("trust"), dt.datetime.now(dt.UTC))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(authority))
        yield


@pytest.fixture
def double() -> Iterator[PolymarketDouble]:
    with PolymarketDouble(pace=BY_HAND) as running:
        yield running
