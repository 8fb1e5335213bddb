"""Darknet's cfg files: their sections as PyTorch's calls."""
