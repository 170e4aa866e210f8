"""How the contract kit exercises Coinbase itself: a few instruments, and the time that a network takes."""

from __future__ import annotations

#: The most traded first.
instruments = ("BTC-USD", "ETH-USD")
#: How long a subscription needs until it is sure to see what happens next, in seconds.
settle_seconds = 2.0
#: How long an answer may take to become visible elsewhere, in seconds.
patience_seconds = 20.0
