"""The protocol's requests, a file a kind: each answers what the caller may see, and nothing else."""
