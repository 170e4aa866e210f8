"""The risk part."""
