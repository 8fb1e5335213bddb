"""Align two recorded call graphs: find the call of one that corresponds to a call of the other."""
