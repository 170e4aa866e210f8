"""`python -m venuekit_doubles.coinbase`."""

from __future__ import annotations

from venuekit_doubles.coinbase.command import main

if __name__ == "__main__":
    main()
