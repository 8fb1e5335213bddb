"""Questions about a whole network, one a file."""
