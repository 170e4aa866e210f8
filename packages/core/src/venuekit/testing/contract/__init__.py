"""What every venue promises, as tests: ``pytest --pyargs venuekit.testing.contract --venue NAME``."""
