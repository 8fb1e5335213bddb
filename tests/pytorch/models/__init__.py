"""Networks as users write them, each with its spec; arguments edit them at one place."""
