"""The watch part."""
