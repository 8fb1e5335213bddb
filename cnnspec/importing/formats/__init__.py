"""Model files as sources of an import: each format becomes the flat calls that a recorder gives."""
