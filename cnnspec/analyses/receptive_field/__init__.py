"""Receptive fields: the input positions that an output position can depend on."""
