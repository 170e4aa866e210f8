"""The contract part."""
