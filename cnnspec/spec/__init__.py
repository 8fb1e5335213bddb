"""The language: TOML text becomes a NetworkSpec, or a list of all problems in it."""
