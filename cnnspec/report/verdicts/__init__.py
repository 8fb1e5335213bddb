"""Show the verdicts of ``cnnspec verify`` in every format."""
