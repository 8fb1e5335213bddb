"""The text of a spec that was imported: columns, comments and TOML."""
