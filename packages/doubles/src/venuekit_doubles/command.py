"""The console script of a double that needs an extra: without it, one line says what to install."""

from __future__ import annotations

import sys


def polymarket() -> None:
    """`venuekit-double-polymarket`."""
    try:
        from venuekit_doubles.polymarket.command import main  # noqa: PLC0415  (its libraries may not be there)
    except ModuleNotFoundError as error:
        sys.stderr.write(f"venuekit-double-polymarket: {error}\n")
        sys.exit(2)
    main()
