"""The gate: what is wrong with files of specs, and whether they may pass."""
