"""Loaded by pytest; does nothing unless --venue is given."""
