"""The one road from an intent to a venue."""
