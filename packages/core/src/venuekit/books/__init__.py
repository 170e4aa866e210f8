"""The books part."""
