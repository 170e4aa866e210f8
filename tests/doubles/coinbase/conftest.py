"""One double for the tests that leave it as it was, and clients of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from coinbase.rest import RESTClient
from coinbase_clients import Official, Plain, a_double

from venuekit_doubles.coinbase import CoinbaseDouble


@pytest.fixture(scope="module")
def double() -> Iterator[CoinbaseDouble]:
    with a_double() as running:
        yield running


@pytest.fixture
def official(monkeypatch: pytest.MonkeyPatch) -> Iterator[Official]:
    """Makes official clients."""
    made = Official(lambda file: monkeypatch.setenv("REQUESTS_CA_BUNDLE", file))
    yield made
    made.close()


@pytest.fixture
def client(double: CoinbaseDouble, official: Official) -> RESTClient:
    """The official client of the double that tests share."""
    return official(double)


@pytest.fixture
def plain(double: CoinbaseDouble) -> Iterator[Plain]:
    made = Plain(double)
    yield made
    made.http.close()
