"""The kit for adapter authors and for tests of bots."""
