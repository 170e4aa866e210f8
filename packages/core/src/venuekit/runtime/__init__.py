"""Keeping a venue session alive."""
