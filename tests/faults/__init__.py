"""Planted faults: networks of the zoo with one field changed each, held against the library's
models."""
