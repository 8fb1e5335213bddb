"""Align two recorded call graphs: which call of one is which call of the other."""
