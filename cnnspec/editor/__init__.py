"""Language features over the text of a spec, as plain functions: no torch, no language server."""
