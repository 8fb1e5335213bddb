"""Translate flat calls into an imported graph: cnnspec's operators in place of PyTorch's calls."""
