"""The language: TOML text becomes a frozen NetworkSpec, or all the problems that are in it."""
