"""`python -m venuekit_doubles.polymarket`."""

from __future__ import annotations

from venuekit_doubles.polymarket.command import main

if __name__ == "__main__":
    main()
