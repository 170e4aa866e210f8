"""The embedded paper exchange."""
