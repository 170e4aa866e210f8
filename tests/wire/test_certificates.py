"""Certificates are read once for all connections, and again when they have changed."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import pytest

from venuekit.adapter import ConfigError
from venuekit_doubles import tls
from venuekit_wire.certificates import shared, trusted

OPTION = "venues.acme.ca_file"


def test_connections_share_what_they_trust_until_its_file_changes(tmp_path: Path) -> None:
    made, _ = tls.make(tmp_path, dt.datetime(2026, 11, 21, tzinfo=dt.UTC))
    file = str(made)
    first = shared(file, field=OPTION)
    assert shared(file, field=OPTION) is first is not shared("", field=OPTION)
    assert trusted(file, field=OPTION) is not first
    os.utime(file, ns=(1, 1))
    assert shared(file, field=OPTION) is not first


def test_the_systems_certificates_are_trusted_beside_a_files(tmp_path: Path) -> None:
    made, _ = tls.make(tmp_path, dt.datetime(2026, 11, 21, tzinfo=dt.UTC))
    systems = trusted("", field=OPTION).get_ca_certs(binary_form=True)
    both = trusted(str(made), field=OPTION).get_ca_certs(binary_form=True)
    assert len(both) == len(systems) + 1
    assert set(systems) < set(both)


@pytest.mark.parametrize("text", [None, "no certificate"])
def test_a_file_that_cannot_be_read_is_named_with_its_option(tmp_path: Path, text: str | None) -> None:
    file = tmp_path / "ca.pem"
    if text is not None:
        file.write_text(text)
    with pytest.raises(ConfigError, match=r"venues\.acme\.ca_file .*ca\.pem cannot be read") as error:
        shared(str(file), field=OPTION)
    assert error.value.field == OPTION
