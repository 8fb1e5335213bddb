"""Keras 3 files: the layers of a .keras file as PyTorch's calls, without Keras."""
