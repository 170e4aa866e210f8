"""The version of this distribution, as installed."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

try:
    VERSION = version("venuekit")
except PackageNotFoundError:  # a source tree that nobody installed
    VERSION = "0+unknown"
