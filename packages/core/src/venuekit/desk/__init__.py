"""The desk part."""
