"""Configuration: what may be set, and reading it."""
