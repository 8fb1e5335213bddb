"""Capture what a model computes, for import: see capture.py."""
