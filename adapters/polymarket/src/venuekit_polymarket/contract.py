"""How the contract kit exercises Polymarket itself: by whatever trades most, and with the time that a network takes."""

from __future__ import annotations

#: None by name: markets come and go, so that the kit takes those that trade most.
instruments = ()
#: A purchase spends an amount of money, and leaves of a sale what that could not buy.
whole_lots = False
#: How long a subscription needs until it is sure to see what happens next, in seconds.
settle_seconds = 2.0
#: How long an answer may take to become visible elsewhere, in seconds.
patience_seconds = 20.0
