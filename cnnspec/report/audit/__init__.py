"""Audits written out: one file a format, with the same words in each."""
