"""Certificates are read once for all connections, and again when they have changed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from venuekit.adapter import ConfigError
from venuekit_coinbase.certificates import shared, trusted
from venuekit_coinbase.config import CoinbaseOptions
from venuekit_doubles.coinbase import CoinbaseDouble


def test_connections_share_what_they_trust_until_its_file_changes(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    with CoinbaseDouble() as double:
        file.write_bytes(Path(double.ca_file).read_bytes())
    options = CoinbaseOptions(ca_file=str(file))
    first = shared(options)
    assert shared(options) is first is not shared(CoinbaseOptions())
    assert trusted(options) is not first
    os.utime(file, ns=(1, 1))
    assert shared(options) is not first


def test_a_file_that_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"ca_file .* cannot be read"):
        shared(CoinbaseOptions(ca_file=str(tmp_path / "none.pem")))
