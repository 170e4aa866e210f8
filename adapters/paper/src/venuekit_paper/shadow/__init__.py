"""Shadow trading: a live venue's market data, and orders that never leave this process."""
