"""Compare two networks: which layers correspond, and what changed in each."""
