"""State as folds of events: orders, positions, exposure."""
