"""Analyses of a whole network, one question a file or subpackage."""
