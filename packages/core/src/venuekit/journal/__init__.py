"""The journal part."""
