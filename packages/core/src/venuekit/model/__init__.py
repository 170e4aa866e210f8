"""Pure values: what is traded, what is wanted, what happened. No I/O, no clock, no state."""
