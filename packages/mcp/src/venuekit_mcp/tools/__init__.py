"""The tools, a file a theme."""
