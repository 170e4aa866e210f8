"""Loopback servers that speak venues' wire protocols, for tests of any client."""
