"""The operators' HTTP door: what waits, as a page and as JSON, and deciding about it with a token."""
